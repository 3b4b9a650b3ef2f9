import { AsyncLocalStorage } from 'node:async_hooks';

/** Somebody sets the computer's clock while the node is running. */
export interface ClockJump {
	/** After the start of the execution. */
	afterMs: number;
	byMs: number;
}

/** The real clock of this process. */
export const realNow = Date.now.bind(Date);

const jumps = new AsyncLocalStorage<{ at: number; byMs: number }>();

/**
 * All plans share one process and its `Date`, so the time depends on the asynchronous context. Only
 * what runs inside `withClockJump` sees the jump; the sandbox and the tests never do.
 */
export function installClockJumps(): void {
	Date.now = () => {
		const now = realNow();
		const jump = jumps.getStore();
		return jump && now >= jump.at ? now + jump.byMs : now;
	};
}

/** Everything this call starts sees the clock jump at that moment. */
export function withClockJump<T>(jump: { at: number; byMs: number }, call: () => T): T {
	return jumps.run(jump, call);
}

import { AsyncLocalStorage } from 'node:async_hooks';

/** Somebody sets the computer's clock while the node works. */
export interface ClockJump {
	/** From the beginning of the execution. */
	afterMs: number;
	byMs: number;
}

/** The clock of this process, whoever asks. */
export const trueNow = Date.now.bind(Date);

const jumps = new AsyncLocalStorage<{ at: number; byMs: number }>();

/**
 * All runs share one process, and with it one `Date`: what it says depends on the asynchronous call
 * that asks. Only a node that runs `underJump` sees its jump; the sandbox and the test never do.
 */
export function letClocksJump(): void {
	Date.now = () => {
		const now = trueNow();
		const jump = jumps.getStore();
		return jump && now >= jump.at ? now + jump.byMs : now;
	};
}

/** Whatever this call does, or leaves behind, sees the clock jump at that moment. */
export function underJump<T>(jump: { at: number; byMs: number }, call: () => T): T {
	return jumps.run(jump, call);
}

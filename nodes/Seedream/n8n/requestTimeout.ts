import type { IExecuteFunctions } from 'n8n-workflow';

/** How long the response to a create is still waited for after the execution was stopped. */
const AFTER_STOP_MS = 60_000;

/** Node.js drops a timer along with its signal as soon as nothing refers to the signal any more. */
const pending = new Set<RequestTimeout>();

/**
 * Aborts a request when its time is up, however slowly the response still arrives: axios itself only
 * ends a connection that is idle. Stopping the execution aborts it at once, except for a create, whose
 * response names what was charged.
 */
export class RequestTimeout {
	private readonly controller = new AbortController();

	private readonly undo: Array<() => void> = [];

	constructor(context: IExecuteFunctions, timeoutMs: number, mustFinish = false) {
		pending.add(this);
		this.abortAfter(timeoutMs);
		const stop = context.getExecutionCancelSignal?.();
		if (stop && mustFinish) {
			this.listen(stop, () => this.abortAfter(AFTER_STOP_MS));
		} else if (stop) {
			this.listen(stop, () => this.controller.abort(stop.reason));
		}
	}

	get signal(): AbortSignal {
		return this.controller.signal;
	}

	/** Also aborts when nothing arrives for so long; call what it returns for everything that does. */
	abortWhenIdle(maxIdleMs: number): () => void {
		let lastActivity = performance.now();
		const check = (timer: AbortSignal) => {
			const left = lastActivity + maxIdleMs - performance.now();
			if (left > 0) this.startTimer(left, check);
			else this.controller.abort(timer.reason);
		};
		this.startTimer(maxIdleMs, check);
		return () => {
			lastActivity = performance.now();
		};
	}

	/** The request has ended by itself. */
	release(): void {
		pending.delete(this);
		for (const removeListener of this.undo) removeListener();
	}

	private abortAfter(ms: number): void {
		this.startTimer(ms, (timer) => this.controller.abort(timer.reason));
	}

	private startTimer(ms: number, onEnd: (timer: AbortSignal) => void): void {
		const timer = AbortSignal.timeout(Math.ceil(ms));
		this.listen(timer, () => onEnd(timer));
	}

	private listen(signal: AbortSignal, onAbort: () => void): void {
		signal.addEventListener('abort', onAbort, { once: true });
		this.undo.push(() => signal.removeEventListener('abort', onAbort));
	}
}

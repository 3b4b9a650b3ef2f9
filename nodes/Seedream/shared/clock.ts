export interface Clock {
	/**
	 * Milliseconds since 1970, but steady: setting the computer's clock neither times a task out
	 * early nor delays one.
	 */
	now: () => number;
	/** Throws `ExecutionCancelled` as soon as the execution is stopped. */
	sleep: (ms: number) => Promise<void>;
}

/** The execution was stopped by the user or by the workflow's timeout. */
export class ExecutionCancelled extends Error {
	override readonly name = 'Cancelled';

	constructor() {
		super('The execution was stopped');
	}
}

export interface Clock {
	/**
	 * Milliseconds since 1970, at a steady pace: somebody who sets the computer's clock ends no task early and
	 * makes none wait.
	 */
	now: () => number;
	/** Throws `Cancelled` as soon as the execution is stopped. */
	sleep: (ms: number) => Promise<void>;
}

/** The execution was stopped by the user or by the workflow's time-out. */
export class ExecutionCancelled extends Error {
	override readonly name = 'Cancelled';

	constructor() {
		super('The execution was stopped');
	}
}

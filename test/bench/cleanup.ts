import { INTERRUPTED } from '../../demo/interrupted';

/** Undoes what was set up, the last first: at the end, or on Ctrl+C. */
export class Cleanup {
	private readonly steps: Array<() => Promise<void>> = [];

	private readonly onInterrupt = () => {
		// Errors caused by the interruption aren't reported.
		process.exitCode = INTERRUPTED;
		void this.run().then(() => process.exit());
	};

	constructor() {
		process.once('SIGINT', this.onInterrupt);
	}

	add(step: () => Promise<void>): void {
		this.steps.push(step);
	}

	async run(): Promise<void> {
		process.off('SIGINT', this.onInterrupt);
		for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) await step();
	}
}

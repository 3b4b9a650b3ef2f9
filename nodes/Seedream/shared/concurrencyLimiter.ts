const INITIAL_LIMIT = 10;
/** More would only wait in the provider's own queue. */
const MAX_LIMIT = 1_000;

/**
 * Limits how many tasks run at once. A size of 0 is automatic: no provider publishes its limit, so
 * ours doubles until the provider rejects a task, and from then on grows by one per accepted task.
 * (p-limit would do for a fixed size, but n8n 1.x doesn't ship it.)
 */
export class ConcurrencyLimiter {
	private readonly isAutomatic: boolean;

	private readonly queue: Array<(() => void) | undefined> = [];

	/** Where the queue begins; `shift()` would move all other entries of a long one. */
	private head = 0;

	private limit: number;

	private active = 0;

	private accepted = 0;

	private wasRejected = false;

	constructor(size: number) {
		this.isAutomatic = size === 0;
		this.limit = this.isAutomatic ? INITIAL_LIMIT : size;
	}

	/** Waits for a free slot, first come, first served. Call the returned function to release it. */
	async acquire(): Promise<() => void> {
		await new Promise<void>((resolve) => {
			this.queue.push(resolve);
			this.startNext();
		});
		return () => {
			this.active -= 1;
			this.startNext();
		};
	}

	/** The provider accepted a task. */
	onAccepted(): void {
		if (!this.isAutomatic) return;
		this.accepted += 1;
		const grown = this.wasRejected ? this.limit + 1 : Math.max(this.limit, 2 * this.accepted);
		this.limit = Math.min(MAX_LIMIT, grown);
		this.startNext();
	}

	/** The provider doesn't accept more tasks for now. */
	onRejected(): void {
		// Rejected tasks keep their slots while they retry.
		this.wasRejected = true;
		if (this.isAutomatic) this.limit = Math.max(1, Math.min(this.limit, this.active));
	}

	private startNext(): void {
		while (this.active < this.limit) {
			const next = this.queue[this.head];
			if (!next) return;
			// Or everything that waited would stay in memory.
			this.queue[this.head] = undefined;
			this.head += 1;
			this.active += 1;
			next();
		}
	}
}

const EVERY_MS = 20;
const KEPT_MS = 60_000;

/** How late this process is with what it wants to do: all runs share one thread. */
export class LoopLag {
	private readonly lags: Array<{ at: number; ms: number }> = [];
	private last = Date.now();
	private readonly timer = setInterval(() => this.note(), EVERY_MS);

	/** The sum of it all in that time, which is what a chain of steps can be late. */
	between(from: number, to: number): number {
		return this.lags.reduce((sum, { at, ms }) => (at >= from && at - ms <= to ? sum + ms : sum), 0);
	}

	stop(): void {
		clearInterval(this.timer);
	}

	private note(): void {
		const now = Date.now();
		const ms = now - this.last - EVERY_MS;
		this.last = now;
		if (ms > EVERY_MS) this.lags.push({ at: now, ms });
		while ((this.lags[0]?.at ?? now) < now - KEPT_MS) this.lags.shift();
	}
}

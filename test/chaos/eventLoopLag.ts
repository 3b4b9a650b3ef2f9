const EVERY_MS = 20;
const KEPT_MS = 60_000;

/** How late timers fire: all plans share one thread. */
export class EventLoopLag {
	private readonly delays: Array<{ at: number; ms: number }> = [];
	private last = Date.now();
	private readonly timer = setInterval(() => this.sample(), EVERY_MS);

	/** The sum of all delays in that time, by which a chain of steps can be late. */
	between(from: number, to: number): number {
		return this.delays.reduce(
			(sum, { at, ms }) => (at >= from && at - ms <= to ? sum + ms : sum),
			0,
		);
	}

	stop(): void {
		clearInterval(this.timer);
	}

	private sample(): void {
		const now = Date.now();
		const ms = now - this.last - EVERY_MS;
		this.last = now;
		if (ms > EVERY_MS) this.delays.push({ at: now, ms });
		while ((this.delays[0]?.at ?? now) < now - KEPT_MS) this.delays.shift();
	}
}

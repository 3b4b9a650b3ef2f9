import type { Failure, Result } from '../../../../nodes/Seedream/errors/failure';
import { type Clock, ExecutionCancelled } from '../../../../nodes/Seedream/shared/clock';
import { createLimit } from '../../../../nodes/Seedream/shared/limit';
import type { Quota } from '../../../../nodes/Seedream/tasks/rateLimitHeaders';
import { RateLimiter } from '../../../../nodes/Seedream/tasks/rateLimiter';
import { concurrentClock, virtualClock } from '../virtualClock';

type Outcome = Result<string>;

const ACCEPTED: Outcome = { ok: true, value: 'accepted' };

function failed(changes: Partial<Failure>): Outcome {
	const failure: Failure = {
		message: '',
		description: '',
		code: '',
		type: '',
		charged: 'no',
		status: 'failed',
		retry: 'unlimited',
		...changes,
	};
	return { ok: false, failure };
}

const rejected = (retryAfterSeconds?: number) => failed({ isUnavailable: true, retryAfterSeconds });

/** By a limit that ends by itself. */
const limited = (retryAfterSeconds?: number) =>
	failed({ isUnavailable: true, isLimit: true, retryAfterSeconds });

const longest = () => 1;

const PATIENCE_MS = 600_000;

/** One caller. `sentAt` is in milliseconds since the start. */
function alone(random = longest, clock = virtualClock()) {
	const rateLimiter = new RateLimiter(clock, random, PATIENCE_MS);
	const sentAt: number[] = [];
	const send = async (response: Outcome) =>
		await rateLimiter.run(async () => {
			sentAt.push(clock.elapsed());
			return response;
		});
	/** Between one request and the next. */
	const spacing = () => sentAt.slice(1).map((at, index) => at - (sentAt[index] ?? 0));
	return { rateLimiter, clock, sentAt, send, spacing };
}

describe('the rate limiter without rejections', () => {
	it('sends without delays', async () => {
		const { send, clock } = alone();
		for (let call = 0; call < 1_000; call += 1) await send(ACCEPTED);
		expect(clock.pauses).toEqual([]);
	});

	it('sends the requests of all callers at once', async () => {
		const clock = concurrentClock();
		const rateLimiter = new RateLimiter(clock, longest, PATIENCE_MS);
		await Promise.all(
			Array.from({ length: 200 }, () =>
				rateLimiter.run(async () => {
					await clock.sleep(1_000);
					return ACCEPTED;
				}),
			),
		);
		expect(clock.elapsed()).toBe(1_000);
	});

	it('returns the results', async () => {
		const { send } = alone();
		await expect(send(ACCEPTED)).resolves.toBe(ACCEPTED);
		const failure = failed({ code: 'x' });
		await expect(send(failure)).resolves.toBe(failure);
	});
});

describe('the rate limiter after a rejection', () => {
	it.each([
		['0', 0, 0.75],
		['0.5', 0.5, 0.875],
		['1', 1, 1],
	])('doubles its delay, with a jitter of %s', async (_what, jitter, share) => {
		const { send, spacing } = alone(() => jitter);
		for (let call = 0; call < 6; call += 1) await send(rejected());
		expect(spacing()).toEqual([1_000, 2_000, 4_000, 8_000, 16_000].map((wait) => share * wait));
	});

	it("doesn't slow down if the provider couldn't be reached", async () => {
		const { send, spacing } = alone();
		for (let call = 0; call < 6; call += 1) {
			await send(failed({ isUnavailable: true, type: 'network_error' }));
		}
		expect(spacing()).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
		for (let call = 0; call < 10; call += 1) await send(ACCEPTED);
		expect(spacing().slice(-9)).toEqual(Array(9).fill(0));
	});

	it('never waits more than half a minute', async () => {
		const { send, spacing } = alone();
		for (let call = 0; call < 12; call += 1) await send(rejected());
		expect(Math.max(...spacing())).toBe(30_000);
	});

	it.each([
		[0.01, 100],
		[0.25, 250],
		[2.5, 2_500],
		[7, 7_000],
		[60, 60_000],
		[61, 60_000],
		[86_400, 60_000],
	])(
		'waits for Retry-After %d: all wait for %d ms, whatever the jitter',
		async (retryAfter, wait) => {
			const { send, spacing } = alone(() => 0.3);
			await send(rejected(retryAfter));
			await send(ACCEPTED);
			expect(spacing()).toHaveLength(1);
			expect(spacing()[0]).toBeCloseTo(wait, 2);
		},
	);

	it.each([0, 0.01])(
		"doesn't retry at once with Retry-After %d until it gives up",
		async (retryAfter) => {
			const { send, sentAt } = alone();
			for (let call = 0; call < 6; call += 1) await send(rejected(retryAfter));
			// From the third on, Retry-After isn't believed.
			expect(sentAt).toEqual([0, 100, 200, 4_200, 12_200, 28_200]);
		},
	);

	it('gives up after six rejections in a row', async () => {
		const { send, rateLimiter } = alone();
		for (let call = 1; call <= 9; call += 1) {
			await send(rejected());
			expect(rateLimiter.hasGivenUp()).toBe(call >= 6);
		}
	});

	it.each([
		[60, false],
		[60.5, true],
		[86_400, true],
	])('with Retry-After %d gives up at once: %s', async (retryAfter, hasGivenUp) => {
		const { send, rateLimiter } = alone();
		await send(rejected(retryAfter));
		expect(rateLimiter.hasGivenUp()).toBe(hasGivenUp);
	});

	it.each([
		['a success', ACCEPTED],
		['a failure of another kind', failed({ code: 'oops' })],
	])('resets its backoff after %s', async (_what, response) => {
		const { send, rateLimiter, spacing } = alone();
		for (let call = 0; call < 6; call += 1) await send(rejected());
		expect(rateLimiter.hasGivenUp()).toBe(true);
		await send(response);
		expect(rateLimiter.hasGivenUp()).toBe(false);
		// The count and the delays start again. The accepted request counts for a second, and 5 ms of jitter.
		for (let call = 0; call < 5; call += 1) await send(rejected());
		expect(rateLimiter.hasGivenUp()).toBe(false);
		expect(spacing().slice(-4, -1)).toEqual([1_055, 2_000, 4_000]);
	});

	it("doesn't reset its backoff after a reset connection, which may mean the same", async () => {
		const { send, rateLimiter } = alone();
		for (let call = 0; call < 5; call += 1) await send(rejected());
		await send(failed({ type: 'network_error' }));
		expect(rateLimiter.hasGivenUp()).toBe(false);
		await send(rejected());
		expect(rateLimiter.hasGivenUp()).toBe(true);
	});

	it('counts the rejections of concurrent requests as one', async () => {
		const clock = concurrentClock();
		const rateLimiter = new RateLimiter(clock, longest, PATIENCE_MS);
		const wave = async () =>
			await Promise.all(
				Array.from({ length: 50 }, (_, index) =>
					rateLimiter.run(async () => {
						await clock.sleep(100 + index);
						return rejected();
					}),
				),
			);
		await wave();
		expect(rateLimiter.hasGivenUp()).toBe(false);
		await rateLimiter.run(async () => ACCEPTED);
		// The first of them was rejected after 100 ms.
		expect(clock.elapsed()).toBe(1_150);
	});
});

describe('the rate limiter at a limit that ends by itself', () => {
	/** Rejects until the limiter gives up, and returns when that was. */
	async function untilClosed(
		{ rateLimiter, clock, send }: ReturnType<typeof alone>,
		response: Outcome,
	) {
		while (!rateLimiter.hasGivenUp()) await send(response);
		return clock.elapsed();
	}

	it('waits as long as its patience lasts', async () => {
		const closedAt = await untilClosed(alone(), limited());
		expect(closedAt).toBeGreaterThan(PATIENCE_MS);
		expect(closedAt).toBeLessThanOrEqual(PATIENCE_MS + 30_000);
	});

	it('waits for the full time again after the limit ended', async () => {
		const all = alone();
		while (all.clock.elapsed() < 500_000) await all.send(limited());
		await all.send(ACCEPTED);
		const takenAt = all.clock.elapsed();
		expect(await untilClosed(all, limited())).toBeGreaterThan(takenAt + PATIENCE_MS);
	});

	it('waits for the full time again after resetBackoff', async () => {
		const all = alone();
		while (all.clock.elapsed() < 500_000) await all.send(limited());
		all.rateLimiter.resetBackoff();
		expect(await untilClosed(all, limited())).toBeGreaterThan(500_000 + PATIENCE_MS);
	});

	it('stops waiting when the limit turns into another rejection', async () => {
		const { rateLimiter, send } = alone();
		for (let call = 0; call < 8; call += 1) await send(limited());
		expect(rateLimiter.hasGivenUp()).toBe(false);
		await send(rejected());
		expect(rateLimiter.hasGivenUp()).toBe(true);
	});

	it.each([
		[61, 61_000, false],
		[600, 600_000, false],
		[601, 600_000, true],
	])(
		'with Retry-After %d waits for %d ms, and gives up at once: %s',
		async (retryAfter, wait, hasGivenUp) => {
			const { rateLimiter, send, sentAt } = alone();
			await send(limited(retryAfter));
			expect(rateLimiter.hasGivenUp()).toBe(hasGivenUp);
			await send(ACCEPTED);
			expect(sentAt).toEqual([0, wait]);
		},
	);

	it('waits for the full time after a long idle time', async () => {
		const { rateLimiter, clock, send } = alone();
		await clock.sleep(PATIENCE_MS + 1);
		await send(limited(5));
		expect(rateLimiter.hasGivenUp()).toBe(false);
	});

	it('is backing off until a request was accepted', async () => {
		const { rateLimiter, clock, send } = alone();
		expect(rateLimiter.isBackingOff()).toBe(false);
		await send(limited());
		expect(rateLimiter.isBackingOff()).toBe(true);
		await send(ACCEPTED);
		expect(rateLimiter.isBackingOff()).toBe(false);
		// Right after an accepted request, it may be the requests per second that count, and not tasks.
		await clock.sleep(1_100);
		await send(limited());
		rateLimiter.resetBackoff();
		expect(rateLimiter.isBackingOff()).toBe(false);
	});
});

describe('the rate limiter after rejections of concurrent requests', () => {
	async function together(...retryAfters: Array<number | undefined>) {
		const clock = concurrentClock();
		const rateLimiter = new RateLimiter(clock, longest, PATIENCE_MS);
		const calls = retryAfters.map((retryAfter, index) =>
			rateLimiter.run(async () => {
				await clock.sleep(100 * (index + 1));
				return rejected(retryAfter);
			}),
		);
		await Promise.all(calls);
		const respondedAt = clock.elapsed();
		const hasGivenUp = rateLimiter.hasGivenUp();
		await rateLimiter.run(async () => ACCEPTED);
		return { waited: clock.elapsed() - respondedAt, hasGivenUp };
	}

	it('waits for the longest Retry-After of all', async () => {
		await expect(together(1, 30)).resolves.toEqual({ waited: 30_000, hasGivenUp: false });
		await expect(together(undefined, 30)).resolves.toEqual({ waited: 30_000, hasGivenUp: false });
		await expect(together(30, 1)).resolves.toEqual({ waited: 29_900, hasGivenUp: false });
	});

	it('gives up if any Retry-After is too long', async () => {
		await expect(together(1, 3_600)).resolves.toMatchObject({ hasGivenUp: true });
	});
});

describe('the limit that the rate limiter learns from a rejection', () => {
	/** After this many accepted requests within a second, the provider rejects one. */
	async function rejectedAfter(requests: number, retryAfter?: number) {
		const all = alone();
		for (let call = 0; call < requests; call += 1) {
			await all.send(ACCEPTED);
			await all.clock.sleep(500 / requests);
		}
		await all.send(rejected(retryAfter));
		all.sentAt.length = 0;
		return all;
	}

	it.each([5, 10, 20, 50])(
		'is what was accepted in the second before it, and a little more as a probe: %i requests',
		async (requests) => {
			const { sentAt, send, clock } = await rejectedAfter(requests);
			while (clock.elapsed() < 3_000) await send(ACCEPTED);
			const [first = 0] = sentAt;
			const inFirstSecond = sentAt.filter((at) => at < first + 1_000).length;
			expect(inFirstSecond).toBeGreaterThanOrEqual(requests);
			expect(inFirstSecond).toBeLessThanOrEqual(Math.max(requests + 1, 1.04 * requests));
		},
	);

	it('is tested by one request at a time until one is accepted', async () => {
		const clock = concurrentClock();
		const rateLimiter = new RateLimiter(clock, longest, PATIENCE_MS);
		let isOpen = true;
		const sentAt: number[] = [];
		const call = async (): Promise<Outcome> => {
			sentAt.push(clock.elapsed());
			const outcome = isOpen ? ACCEPTED : rejected();
			await clock.sleep(50);
			return outcome;
		};
		await Promise.all(Array.from({ length: 5 }, async () => await rateLimiter.run(call)));
		isOpen = false;
		await Promise.all(Array.from({ length: 5 }, async () => await rateLimiter.run(call)));
		isOpen = true;
		sentAt.length = 0;
		await Promise.all(Array.from({ length: 5 }, async () => await rateLimiter.run(call)));
		const [first = 0, second = 0] = sentAt;
		expect(first).toBeGreaterThanOrEqual(1_000);
		expect(second).toBe(first + 50);
	});

	it('is per minute if the provider says so by Retry-After', async () => {
		const { sentAt, send } = await rejectedAfter(30, 59);
		await send(ACCEPTED);
		await send(ACCEPTED);
		// The first one is a minute after the rejection, the second one after the first request of all.
		expect(sentAt[0]).toBeCloseTo(59_500, 1);
		expect(sentAt[1]).toBeGreaterThan(60_000);
		expect(sentAt[1]).toBeLessThan(60_100);
	});
});

describe("the rate limiter with the provider's own quota", () => {
	function quotas() {
		const all = alone();
		const send = async (quota: Quota) => {
			await all.send(ACCEPTED);
			all.rateLimiter.onQuota(quota);
		};
		return { ...all, sendWith: send };
	}

	it('waits until an exhausted quota is renewed', async () => {
		const { sendWith, sentAt } = quotas();
		await sendWith({ remaining: 1, resetMs: 7_000 });
		await sendWith({ remaining: 0, resetMs: 7_000 });
		await sendWith({ remaining: 9, resetMs: 7_000 });
		expect(sentAt).toEqual([0, 0, 7_000]);
	});

	it('sends no more than the new quota until a response says what remains', async () => {
		const clock = concurrentClock();
		const rateLimiter = new RateLimiter(clock, longest, PATIENCE_MS);
		const sentAt: number[] = [];
		const run = async () =>
			await rateLimiter.run(async () => {
				sentAt.push(clock.elapsed());
				await clock.sleep(50);
				return ACCEPTED;
			});
		await run();
		rateLimiter.onQuota({ remaining: 0, resetMs: 2_000, limit: 3 });
		await Promise.all(Array.from({ length: 4 }, run));
		expect(sentAt).toEqual([0, 2_050, 2_050, 2_050, 2_100]);
	});

	it("leaves a quota that isn't renewed within a minute to Retry-After", async () => {
		const { sendWith, sentAt } = quotas();
		await sendWith({ remaining: 0, resetMs: 3_600_000 });
		await sendWith({ remaining: 0, resetMs: 3_600_000 });
		expect(sentAt).toEqual([0, 0]);
	});
});

describe('resetBackoff', () => {
	it('ends the wait of queued requests, and resets the rejections', async () => {
		const clock = concurrentClock();
		const rateLimiter = new RateLimiter(clock, longest, PATIENCE_MS);
		for (let call = 0; call < 6; call += 1) await rateLimiter.run(async () => rejected());
		expect(rateLimiter.hasGivenUp()).toBe(true);
		const refusedAt = clock.elapsed();
		const waiting = rateLimiter.run(async () => ACCEPTED);
		await clock.sleep(1_000);
		rateLimiter.resetBackoff();
		expect(rateLimiter.hasGivenUp()).toBe(false);
		await waiting;
		expect(clock.elapsed() - refusedAt).toBeLessThanOrEqual(1_100);
	});

	it("doesn't end the wait for Retry-After", async () => {
		const { rateLimiter, send, sentAt } = alone();
		await send(rejected(9));
		rateLimiter.resetBackoff();
		await send(ACCEPTED);
		expect(sentAt).toEqual([0, 9_000]);
	});

	it('changes nothing without rejections', async () => {
		const { rateLimiter, send, sentAt } = alone();
		await send(ACCEPTED);
		rateLimiter.resetBackoff();
		await send(ACCEPTED);
		expect(sentAt).toEqual([0, 0]);
	});
});

describe('the queue of the rate limiter', () => {
	/** Callers that are all queued by the time of the first rejection. */
	function line(rateLimiter: RateLimiter, count: number) {
		const input: number[] = [];
		const ends = Array.from({ length: count }, (_, caller) =>
			rateLimiter.run(async () => {
				input.push(caller);
				return ACCEPTED;
			}),
		);
		return { input, ends };
	}

	it('is first in, first out', async () => {
		const clock = concurrentClock();
		const rateLimiter = new RateLimiter(clock, longest, PATIENCE_MS);
		await rateLimiter.run(async () => rejected(1));
		const { input, ends } = line(rateLimiter, 30);
		await Promise.all(ends);
		expect(input).toEqual(Array.from({ length: 30 }, (_, caller) => caller));
	});

	it('is delayed if another request is rejected in the meantime', async () => {
		const clock = concurrentClock();
		const rateLimiter = new RateLimiter(clock, longest, PATIENCE_MS);
		await rateLimiter.run(async () => rejected(1));
		const sentAt: number[] = [];
		await Promise.all([
			rateLimiter.run(async () => {
				sentAt.push(clock.elapsed());
				await clock.sleep(50);
				return rejected(9);
			}),
			rateLimiter.run(async () => {
				sentAt.push(clock.elapsed());
				return ACCEPTED;
			}),
		]);
		expect(sentAt).toEqual([1_000, 10_050]);
	});

	it('drops requests that are no longer needed within a tenth of a second', async () => {
		const { rateLimiter, clock, send } = alone();
		await send(rejected(30));
		const late = jest.fn(async () => ACCEPTED);
		const until = (ms: number) => () => clock.elapsed() <= ms;
		await expect(rateLimiter.runWhile(until(10_000), late)).resolves.toBeUndefined();
		expect(clock.elapsed()).toBe(10_100);
		expect(late).not.toHaveBeenCalled();
		await expect(rateLimiter.runWhile(until(30_000), async () => ACCEPTED)).resolves.toBe(ACCEPTED);
		expect(clock.elapsed()).toBe(30_000);
	});

	it("doesn't delay other requests for those it dropped", async () => {
		const clock = concurrentClock();
		const rateLimiter = new RateLimiter(clock, longest, PATIENCE_MS);
		await rateLimiter.run(async () => rejected(30));
		const late = Array.from({ length: 20 }, () =>
			rateLimiter.runWhile(
				() => clock.elapsed() < 10_000,
				async () => ACCEPTED,
			),
		);
		const patient = rateLimiter.run(async () => ACCEPTED);
		await expect(Promise.all(late)).resolves.toEqual(late.map(() => undefined));
		await patient;
		expect(clock.elapsed()).toBe(30_000);
	});

	it('drops requests that are no longer needed, also behind one that is', async () => {
		const clock = concurrentClock();
		const rateLimiter = new RateLimiter(clock, longest, PATIENCE_MS);
		await rateLimiter.run(async () => rejected(30));
		const patient = rateLimiter.run(async () => ACCEPTED);
		const late = rateLimiter.runWhile(
			() => clock.elapsed() < 10_000,
			async () => ACCEPTED,
		);
		await expect(late).resolves.toBeUndefined();
		expect(clock.elapsed()).toBe(10_000);
		await patient;
	});

	it.each([100, 5_000, 29_999, 30_000])(
		'sends nothing more after the execution is stopped at %i ms',
		async (stoppedAt) => {
			const clock = concurrentClock(stoppedAt);
			const rateLimiter = new RateLimiter(clock, longest, PATIENCE_MS);
			await rateLimiter.run(async () => rejected(30));
			const { input, ends } = line(rateLimiter, 10);
			const results = await Promise.allSettled(ends);
			expect(results).toEqual(
				ends.map(() => ({ status: 'rejected', reason: expect.any(ExecutionCancelled) })),
			);
			expect(input).toEqual([]);
			await expect(rateLimiter.run(async () => ACCEPTED)).rejects.toThrow(ExecutionCancelled);
		},
	);

	it('goes on after a request throws', async () => {
		const { rateLimiter } = alone();
		const broken = rateLimiter.run(async () => {
			throw new Error('broken');
		});
		await expect(broken).rejects.toThrow('broken');
		await expect(rateLimiter.run(async () => ACCEPTED)).resolves.toBe(ACCEPTED);
	});
});

/** How providers count. Each accepts five requests per second in the long run. */
const COUNTING: Array<[string, (clock: Clock) => () => boolean]> = [
	[
		'in whole seconds',
		(clock) => {
			let second = 0;
			let calls = 0;
			return () => {
				const now = Math.floor(clock.now() / 1000);
				if (now !== second) calls = 0;
				second = now;
				calls += 1;
				return calls <= 5;
			};
		},
	],
	[
		'over the last second',
		(clock) => {
			const taken: number[] = [];
			return () => {
				while ((taken[0] ?? Infinity) <= clock.now() - 1000) taken.shift();
				if (taken.length >= 5) return false;
				taken.push(clock.now());
				return true;
			};
		},
	],
	[
		'with a bucket of five',
		(clock) => {
			let tokens = 5;
			let filledAt = clock.now();
			return () => {
				tokens = Math.min(5, tokens + (5 * (clock.now() - filledAt)) / 1000);
				filledAt = clock.now();
				if (tokens < 1) return false;
				tokens -= 1;
				return true;
			};
		},
	],
];

describe.each(COUNTING)(
	'the rate limiter at a provider that counts %s and accepts five requests per second',
	(_how, counter) => {
		/** Every request gets a response after `latencyMs`, and is repeated if it was rejected. */
		async function batch(callers: number, latencyMs: number, retryAfter?: number) {
			const clock = concurrentClock();
			// A jitter that's the same on every run.
			let seed = 1;
			const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
			const rateLimiter = new RateLimiter(clock, random, PATIENCE_MS);
			const isTaken = counter(clock);
			let sent = 0;
			let rejections = 0;
			const call = async (): Promise<Outcome> => {
				sent += 1;
				await clock.sleep(latencyMs / 2);
				const isGood = isTaken();
				if (!isGood) rejections += 1;
				await clock.sleep(latencyMs / 2);
				return isGood ? ACCEPTED : rejected(retryAfter);
			};
			const limit = createLimit(callers);
			const results = await Promise.all(
				Array.from({ length: 200 }, () =>
					limit(async () => {
						for (;;) {
							const result = await rateLimiter.run(call);
							if (result.ok || rateLimiter.hasGivenUp()) return result;
						}
					}),
				),
			);
			const taken = results.filter(({ ok }) => ok).length;
			return { taken, seconds: clock.elapsed() / 1000, share: rejections / sent };
		}

		/** 200 requests, five of them at once. */
		const IDEAL_SECONDS = 39;

		it.each([
			[10, 100],
			[10, 400],
			[10, 1_500],
			[30, 400],
			[1, 20],
		])(
			'gets 200 requests of %i callers accepted with a latency of %i ms, in little more than the shortest time',
			async (callers, latencyMs) => {
				const { taken, seconds, share } = await batch(callers, latencyMs);
				expect(taken).toBe(200);
				expect(seconds).toBeLessThan(IDEAL_SECONDS * 1.6);
				expect(share).toBeLessThan(0.25);
			},
		);

		it('gets the requests of 200 concurrent callers accepted', async () => {
			const { taken, seconds } = await batch(200, 400);
			expect(taken).toBe(200);
			expect(seconds).toBeLessThan(IDEAL_SECONDS * 1.6);
		});

		it('gets all of them accepted with Retry-After as well', async () => {
			const { taken, seconds, share } = await batch(10, 400, 1);
			expect(taken).toBe(200);
			expect(seconds).toBeLessThan(IDEAL_SECONDS * 1.6);
			expect(share).toBeLessThan(0.25);
		});
	},
);

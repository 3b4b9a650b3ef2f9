import type { Failure, Result } from '../../../../nodes/Seedream/errors/failure';
import { type Clock, ExecutionCancelled } from '../../../../nodes/Seedream/shared/clock';
import { createLimit } from '../../../../nodes/Seedream/shared/limit';
import { createRateLimiter, type RateLimiter } from '../../../../nodes/Seedream/tasks/rateLimiter';
import { concurrentClock, virtualClock } from '../virtualClock';

type ParsedResponse = Result<string>;

const TAKEN: ParsedResponse = { ok: true, value: 'taken' };

function failed(changes: Partial<Failure>): ParsedResponse {
	const failure: Failure = {
		message: '',
		description: '',
		code: '',
		type: '',
		charged: 'no',
		status: 'failed',
		retry: 'freely',
		...changes,
	};
	return { ok: false, failure };
}

const refused = (retryAfterSeconds?: number) => failed({ isUnavailable: true, retryAfterSeconds });

/** The same by a limit of the provider's, which ends by itself. */
const limited = (retryAfterSeconds?: number) =>
	failed({ isUnavailable: true, isLimit: true, retryAfterSeconds });

const longest = () => 1;

const PATIENCE_MS = 600_000;

/** One caller; `sentAt` in milliseconds since the start. */
function alone(random = longest, clock = virtualClock()) {
	const rateLimiter = createRateLimiter(clock, random, PATIENCE_MS);
	const sentAt: number[] = [];
	const send = async (answer: ParsedResponse) =>
		await rateLimiter.run(async () => {
			sentAt.push(clock.elapsed());
			return answer;
		});
	/** The pauses between one call and the next. */
	const spacing = () => sentAt.slice(1).map((at, index) => at - (sentAt[index] ?? 0));
	return { rateLimiter, clock, sentAt, send, spacing };
}

describe('a provider that refuses nothing', () => {
	it('is asked without any pace', async () => {
		const { send, clock } = alone();
		for (let call = 0; call < 1_000; call += 1) await send(TAKEN);
		expect(clock.pauses).toEqual([]);
	});

	it('is asked by all callers at once', async () => {
		const clock = concurrentClock();
		const rateLimiter = createRateLimiter(clock, longest, PATIENCE_MS);
		await Promise.all(
			Array.from({ length: 200 }, () =>
				rateLimiter.run(async () => {
					await clock.sleep(1_000);
					return TAKEN;
				}),
			),
		);
		expect(clock.elapsed()).toBe(1_000);
	});

	it('hands on what it answers', async () => {
		const { send } = alone();
		await expect(send(TAKEN)).resolves.toBe(TAKEN);
		const failure = failed({ code: 'x' });
		await expect(send(failure)).resolves.toBe(failure);
	});
});

describe('a refusal', () => {
	it.each([
		['0', 0, 0.75],
		['a half', 0.5, 0.875],
		['1', 1, 1],
	])(
		'doubles the wait of one and a half calls, with a jitter of %s',
		async (_what, jitter, share) => {
			const { send, spacing } = alone(() => jitter);
			for (let call = 0; call < 6; call += 1) await send(refused());
			// The pace is seven calls a second at first, and seven tenths of it with each refusal.
			const paced = [1, 2, 3, 4].map(
				(rejections) => Math.min(1_000, 1_500 / (7 * 0.7 ** rejections)) * 2 ** rejections,
			);
			const waits = [1_000, ...paced];
			for (const [index, wait] of spacing().entries()) {
				expect(wait).toBeCloseTo(share * (waits[index] ?? 0), 1);
			}
			expect(spacing()).toHaveLength(5);
		},
	);

	it('by a network that does not reach the provider says nothing about the pace', async () => {
		const { send, spacing } = alone();
		for (let call = 0; call < 6; call += 1) {
			await send(failed({ isUnavailable: true, type: 'network_error' }));
		}
		expect(spacing()).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
		for (let call = 0; call < 10; call += 1) await send(TAKEN);
		expect(spacing().slice(-9)).toEqual(Array(9).fill(0));
	});

	it('never makes anyone wait for more than half a minute', async () => {
		const { send, spacing } = alone();
		for (let call = 0; call < 12; call += 1) await send(refused());
		expect(Math.max(...spacing())).toBe(30_000);
	});

	it.each([
		// The pace alone is seven calls a second.
		[0.01, 1_000 / 7],
		[0.25, 250],
		[2.5, 2_500],
		[7, 7_000],
		[60, 60_000],
		[61, 60_000],
		[86_400, 60_000],
	])(
		'with Retry-After %d makes everyone wait for %d ms, whatever the jitter',
		async (wish, wait) => {
			const { send, spacing } = alone(() => 0.3);
			await send(refused(wish));
			await send(TAKEN);
			expect(spacing()).toHaveLength(1);
			expect(spacing()[0]).toBeCloseTo(wait, 2);
		},
	);

	it.each([0, 0.01])(
		'with Retry-After %d does not have the provider asked at once until it closes',
		async (wish) => {
			const { send, sentAt } = alone();
			for (let call = 0; call < 6; call += 1) await send(refused(wish));
			// The pace alone, which falls with each of them, makes it last so long.
			expect(sentAt.at(-1)).toBeCloseTo(1_650, 0);
		},
	);

	it('closes after six in a row', async () => {
		const { send, rateLimiter } = alone();
		for (let call = 1; call <= 9; call += 1) {
			await send(refused());
			expect(rateLimiter.isClosed()).toBe(call >= 6);
		}
	});

	it.each([
		[60, false],
		[60.5, true],
		[86_400, true],
	])('with Retry-After %d closes at once: %s', async (wish, isClosed) => {
		const { send, rateLimiter } = alone();
		await send(refused(wish));
		expect(rateLimiter.isClosed()).toBe(isClosed);
	});

	it.each([
		['a success', TAKEN],
		['a failure of another kind', failed({ code: 'oops' })],
	])('is forgotten after %s', async (_what, answer) => {
		const { send, rateLimiter, spacing } = alone();
		for (let call = 0; call < 6; call += 1) await send(refused());
		expect(rateLimiter.isClosed()).toBe(true);
		await send(answer);
		expect(rateLimiter.isClosed()).toBe(false);
		// The count and the waits start anew, from a second at most.
		for (let call = 0; call < 5; call += 1) await send(refused());
		expect(rateLimiter.isClosed()).toBe(false);
		expect(spacing().slice(-4)).toEqual([1_000, 2_000, 4_000, 8_000]);
	});

	it('is not forgotten over a connection that broke: that may say the same', async () => {
		const { send, rateLimiter } = alone();
		for (let call = 0; call < 5; call += 1) await send(refused());
		await send(failed({ type: 'network_error' }));
		expect(rateLimiter.isClosed()).toBe(false);
		await send(refused());
		expect(rateLimiter.isClosed()).toBe(true);
	});

	it('counts as one with all that were under way together', async () => {
		const clock = concurrentClock();
		const rateLimiter = createRateLimiter(clock, longest, PATIENCE_MS);
		const wave = async () =>
			await Promise.all(
				Array.from({ length: 50 }, (_, index) =>
					rateLimiter.run(async () => {
						await clock.sleep(100 + index);
						return refused();
					}),
				),
			);
		await wave();
		expect(rateLimiter.isClosed()).toBe(false);
		await rateLimiter.run(async () => TAKEN);
		// The first of them was refused after 100 ms.
		expect(clock.elapsed()).toBe(1_100);
	});
});

describe('a limit', () => {
	/** Refuses until it closes, and yields when that was. */
	async function untilClosed(
		{ rateLimiter, clock, send }: ReturnType<typeof alone>,
		answer: ParsedResponse,
	) {
		while (!rateLimiter.isClosed()) await send(answer);
		return clock.elapsed();
	}

	it('is waited for as long as the patience lasts', async () => {
		const closedAt = await untilClosed(alone(), limited());
		expect(closedAt).toBeGreaterThan(PATIENCE_MS);
		expect(closedAt).toBeLessThanOrEqual(PATIENCE_MS + 30_000);
	});

	it('that ends meanwhile is waited for anew the next time', async () => {
		const all = alone();
		while (all.clock.elapsed() < 500_000) await all.send(limited());
		await all.send(TAKEN);
		const takenAt = all.clock.elapsed();
		expect(await untilClosed(all, limited())).toBeGreaterThan(takenAt + PATIENCE_MS);
	});

	it('is waited for anew after something has changed', async () => {
		const all = alone();
		while (all.clock.elapsed() < 500_000) await all.send(limited());
		all.rateLimiter.resetBackoff();
		expect(await untilClosed(all, limited())).toBeGreaterThan(500_000 + PATIENCE_MS);
	});

	it('that turns into another refusal is not waited for any more', async () => {
		const { rateLimiter, send } = alone();
		for (let call = 0; call < 8; call += 1) await send(limited());
		expect(rateLimiter.isClosed()).toBe(false);
		await send(refused());
		expect(rateLimiter.isClosed()).toBe(true);
	});

	it.each([
		[61, 61_000, false],
		[600, 600_000, false],
		[601, 600_000, true],
	])(
		'with Retry-After %d makes everyone wait for %d ms, and closes at once: %s',
		async (wish, wait, isClosed) => {
			const { rateLimiter, send, sentAt } = alone();
			await send(limited(wish));
			expect(rateLimiter.isClosed()).toBe(isClosed);
			await send(TAKEN);
			expect(sentAt).toEqual([0, wait]);
		},
	);

	it('that is met only after a long idle time is waited for all the same', async () => {
		const { rateLimiter, clock, send } = alone();
		await clock.sleep(PATIENCE_MS + 1);
		await send(limited(5));
		expect(rateLimiter.isClosed()).toBe(false);
	});

	it('is waited for until something was taken', async () => {
		const { rateLimiter, send } = alone();
		expect(rateLimiter.isWaiting()).toBe(false);
		await send(limited());
		expect(rateLimiter.isWaiting()).toBe(true);
		await send(TAKEN);
		expect(rateLimiter.isWaiting()).toBe(false);
		await send(limited());
		rateLimiter.resetBackoff();
		expect(rateLimiter.isWaiting()).toBe(false);
	});
});

describe('refusals of calls that were under way together', () => {
	async function together(...wishes: Array<number | undefined>) {
		const clock = concurrentClock();
		const rateLimiter = createRateLimiter(clock, longest, PATIENCE_MS);
		const calls = wishes.map((wish, index) =>
			rateLimiter.run(async () => {
				await clock.sleep(100 * (index + 1));
				return refused(wish);
			}),
		);
		await Promise.all(calls);
		const answeredAt = clock.elapsed();
		const isClosed = rateLimiter.isClosed();
		await rateLimiter.run(async () => TAKEN);
		return { waited: clock.elapsed() - answeredAt, isClosed };
	}

	it('wait for the longest that any of them was told', async () => {
		await expect(together(1, 30)).resolves.toEqual({ waited: 30_000, isClosed: false });
		await expect(together(undefined, 30)).resolves.toEqual({ waited: 30_000, isClosed: false });
		await expect(together(30, 1)).resolves.toEqual({ waited: 29_900, isClosed: false });
	});

	it('close when any of them was told to stay away', async () => {
		await expect(together(1, 3_600)).resolves.toMatchObject({ isClosed: true });
	});
});

describe('the pace', () => {
	/** What the provider has taken in the second before it refuses. */
	async function refusedAfter(calls: number) {
		const all = alone();
		for (let call = 0; call < calls; call += 1) {
			await all.send(TAKEN);
			await all.clock.sleep(1_000 / calls);
		}
		await all.send(refused());
		return all;
	}

	it.each([
		[100, 70],
		[20, 14],
		[10, 7],
		// So few calls say nothing about what it would take.
		[5, 7],
		[1, 7],
		[0, 7],
	])(
		'starts a little below what the provider took in the last second: %i calls, then %d a second',
		async (calls, pace) => {
			const { send, spacing } = await refusedAfter(calls);
			await send(TAKEN);
			await send(TAKEN);
			// The first of them may have been a full second ago, and does not count then.
			const measured = 1_000 / (spacing().at(-1) ?? 0);
			expect(measured).toBeLessThanOrEqual(pace + 0.01);
			expect(measured).toBeGreaterThanOrEqual(Math.max(0.5, pace - 0.7) - 0.01);
		},
	);

	it.each([1, 2, 3, 5, 8])(
		'falls to seven tenths with each refusal, to a call every two seconds: %i more',
		async (rejections) => {
			const { send, spacing } = await refusedAfter(20);
			for (let call = 0; call < rejections; call += 1) await send(refused());
			await send(TAKEN);
			await send(TAKEN);
			const first = 0.7 * 19;
			const pace = 1_000 / (spacing().at(-1) ?? 0);
			expect(pace).toBeCloseTo(Math.max(0.5, first * 0.7 ** rejections), 1);
		},
	);

	it('that is known makes a refusal a short pause: a few calls are left out', async () => {
		const { send, spacing } = await refusedAfter(20);
		for (let call = 0; call < 30; call += 1) await send(TAKEN);
		const pace = 1_000 / (spacing().at(-1) ?? 0);
		await send(refused());
		await send(TAKEN);
		expect(spacing().at(-1)).toBeLessThan(5_000 / pace);
	});

	it('grows by a tenth every second', async () => {
		const { send, sentAt } = alone();
		await send(refused());
		const start = 1_000;
		while ((sentAt.at(-1) ?? 0) < start + 20_000) await send(TAKEN);
		const inSecond = (second: number) =>
			sentAt.filter((at) => Math.floor((at - start) / 1_000) === second).length;
		for (let second = 0; second < 20; second += 1) {
			const expected = 7 * Math.exp(0.1 * (second + 0.5));
			expect(inSecond(second)).toBeGreaterThanOrEqual(0.8 * expected - 1);
			expect(inSecond(second)).toBeLessThanOrEqual(1.2 * expected + 1);
		}
	});

	it('grows by half a call a second at least', async () => {
		const { send, sentAt } = alone();
		// The pace falls to half a call a second.
		for (let call = 0; call < 9; call += 1) await send(refused());
		await send(TAKEN);
		const start = sentAt.at(-1) ?? 0;
		while ((sentAt.at(-1) ?? 0) < start + 10_000) await send(TAKEN);
		const inLastSecond = sentAt.filter((at) => at > start + 8_500 && at <= start + 9_500).length;
		expect(inLastSecond).toBeGreaterThanOrEqual(4);
		expect(inLastSecond).toBeLessThanOrEqual(7);
	});

	it('is no longer set from a hundred calls a second on', async () => {
		const { send, spacing } = await refusedAfter(20);
		for (let call = 0; call < 1_500; call += 1) await send(TAKEN);
		const pauses = spacing().slice(21);
		const free = pauses.indexOf(0);
		expect(1_000 / (pauses[free - 1] ?? 0)).toBeCloseTo(100, -1);
		expect(pauses.slice(free).every((pause) => pause === 0)).toBe(true);
		expect(pauses.slice(0, free).every((pause) => pause > 0)).toBe(true);
	});
});

describe('hope', () => {
	it('ends the wait of those in line, and the count of refusals', async () => {
		const clock = concurrentClock();
		const rateLimiter = createRateLimiter(clock, longest, PATIENCE_MS);
		for (let call = 0; call < 6; call += 1) await rateLimiter.run(async () => refused());
		expect(rateLimiter.isClosed()).toBe(true);
		const refusedAt = clock.elapsed();
		const waiting = rateLimiter.run(async () => TAKEN);
		await clock.sleep(1_000);
		rateLimiter.resetBackoff();
		expect(rateLimiter.isClosed()).toBe(false);
		await waiting;
		expect(clock.elapsed() - refusedAt).toBeLessThanOrEqual(1_100);
	});

	it('does not end a wait that the provider wished for', async () => {
		const { rateLimiter, send, sentAt } = alone();
		await send(refused(9));
		rateLimiter.resetBackoff();
		await send(TAKEN);
		expect(sentAt).toEqual([0, 9_000]);
	});

	it('changes nothing where nobody was refused', async () => {
		const { rateLimiter, send, sentAt } = alone();
		await send(TAKEN);
		rateLimiter.resetBackoff();
		await send(TAKEN);
		expect(sentAt).toEqual([0, 0]);
	});
});

describe('the turns', () => {
	/** Callers that have all come by the time of the first refusal. */
	function line(rateLimiter: RateLimiter, count: number) {
		const input: number[] = [];
		const ends = Array.from({ length: count }, (_, caller) =>
			rateLimiter.run(async () => {
				input.push(caller);
				return TAKEN;
			}),
		);
		return { input, ends };
	}

	it('come in the order of the callers', async () => {
		const clock = concurrentClock();
		const rateLimiter = createRateLimiter(clock, longest, PATIENCE_MS);
		await rateLimiter.run(async () => refused(1));
		const { input, ends } = line(rateLimiter, 30);
		await Promise.all(ends);
		expect(input).toEqual(Array.from({ length: 30 }, (_, caller) => caller));
	});

	it('are put off when an answer to another call refuses meanwhile', async () => {
		const clock = concurrentClock();
		const rateLimiter = createRateLimiter(clock, longest, PATIENCE_MS);
		await rateLimiter.run(async () => refused(1));
		const sentAt: number[] = [];
		await Promise.all([
			rateLimiter.run(async () => {
				sentAt.push(clock.elapsed());
				await clock.sleep(50);
				return refused(9);
			}),
			rateLimiter.run(async () => {
				sentAt.push(clock.elapsed());
				return TAKEN;
			}),
		]);
		expect(sentAt).toEqual([1_000, 10_050]);
	});

	it('come to nobody who does not want one any more, and that is noticed within a tenth of a second', async () => {
		const { rateLimiter, clock, send } = alone();
		await send(refused(30));
		const late = jest.fn(async () => TAKEN);
		const until = (ms: number) => () => clock.elapsed() <= ms;
		await expect(rateLimiter.runWhile(until(10_000), late)).resolves.toBeUndefined();
		expect(clock.elapsed()).toBe(10_100);
		expect(late).not.toHaveBeenCalled();
		await expect(rateLimiter.runWhile(until(30_000), async () => TAKEN)).resolves.toBe(TAKEN);
		expect(clock.elapsed()).toBe(30_000);
	});

	it('that were given up cost no one else anything', async () => {
		const clock = concurrentClock();
		const rateLimiter = createRateLimiter(clock, longest, PATIENCE_MS);
		await rateLimiter.run(async () => refused(30));
		const late = Array.from({ length: 20 }, () =>
			rateLimiter.runWhile(
				() => clock.elapsed() < 10_000,
				async () => TAKEN,
			),
		);
		const patient = rateLimiter.run(async () => TAKEN);
		await expect(Promise.all(late)).resolves.toEqual(late.map(() => undefined));
		await patient;
		expect(clock.elapsed()).toBe(30_000);
	});

	it('that are not wanted any more are given up then, also behind one that is', async () => {
		const clock = concurrentClock();
		const rateLimiter = createRateLimiter(clock, longest, PATIENCE_MS);
		await rateLimiter.run(async () => refused(30));
		const patient = rateLimiter.run(async () => TAKEN);
		const late = rateLimiter.runWhile(
			() => clock.elapsed() < 10_000,
			async () => TAKEN,
		);
		await expect(late).resolves.toBeUndefined();
		expect(clock.elapsed()).toBe(10_000);
		await patient;
	});

	it.each([100, 5_000, 29_999, 30_000])(
		'come to nobody any more when the execution is stopped after %i ms',
		async (stoppedAt) => {
			const clock = concurrentClock(stoppedAt);
			const rateLimiter = createRateLimiter(clock, longest, PATIENCE_MS);
			await rateLimiter.run(async () => refused(30));
			const { input, ends } = line(rateLimiter, 10);
			const results = await Promise.allSettled(ends);
			expect(results).toEqual(
				ends.map(() => ({ status: 'rejected', reason: expect.any(ExecutionCancelled) })),
			);
			expect(input).toEqual([]);
			await expect(rateLimiter.run(async () => TAKEN)).rejects.toThrow(ExecutionCancelled);
		},
	);

	it('pass on when a call breaks', async () => {
		const { rateLimiter } = alone();
		const broken = rateLimiter.run(async () => {
			throw new Error('broken');
		});
		await expect(broken).rejects.toThrow('broken');
		await expect(rateLimiter.run(async () => TAKEN)).resolves.toBe(TAKEN);
	});
});

/** How providers count; each allows five calls a second in the long run. */
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
	'a provider that counts %s and takes five calls a second',
	(_how, counter) => {
		/** Every call arrives and is answered after `latencyMs`, and is repeated when it was refused. */
		async function batch(callers: number, latencyMs: number, wish?: number) {
			const clock = concurrentClock();
			// The same on every run; a jitter, all the same.
			let seed = 1;
			const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
			const rateLimiter = createRateLimiter(clock, random, PATIENCE_MS);
			const isTaken = counter(clock);
			let sent = 0;
			let rejections = 0;
			const call = async (): Promise<ParsedResponse> => {
				sent += 1;
				await clock.sleep(latencyMs / 2);
				const isGood = isTaken();
				if (!isGood) rejections += 1;
				await clock.sleep(latencyMs / 2);
				return isGood ? TAKEN : refused(wish);
			};
			const limit = createLimit(callers);
			const results = await Promise.all(
				Array.from({ length: 200 }, () =>
					limit(async () => {
						for (;;) {
							const result = await rateLimiter.run(call);
							if (result.ok || rateLimiter.isClosed()) return result;
						}
					}),
				),
			);
			const taken = results.filter(({ ok }) => ok).length;
			return { taken, seconds: clock.elapsed() / 1000, share: rejections / sent };
		}

		/** 200 calls, five of them at once. */
		const IDEAL_SECONDS = 39;

		it.each([
			[10, 100],
			[10, 400],
			[10, 1_500],
			[30, 400],
			[1, 20],
		])(
			'takes 200 of %i callers with answers after %i ms, in little more than the least time',
			async (callers, latencyMs) => {
				const { taken, seconds, share } = await batch(callers, latencyMs);
				expect(taken).toBe(200);
				expect(seconds).toBeLessThan(IDEAL_SECONDS * 1.6);
				expect(share).toBeLessThan(0.25);
			},
		);

		it('takes all of 200 callers that come at once', async () => {
			const { taken, seconds } = await batch(200, 400);
			expect(taken).toBe(200);
			expect(seconds).toBeLessThan(IDEAL_SECONDS * 1.6);
		});

		it('takes all of them also where it says how long to wait', async () => {
			const { taken, seconds, share } = await batch(10, 400, 1);
			expect(taken).toBe(200);
			expect(seconds).toBeLessThan(IDEAL_SECONDS * 1.6);
			expect(share).toBeLessThan(0.25);
		});
	},
);

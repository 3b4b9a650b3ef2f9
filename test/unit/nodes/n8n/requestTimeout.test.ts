import { RequestTimeout } from '../../../../nodes/Seedream/n8n/requestTimeout';
import { ExecutionCancelled } from '../../../../nodes/Seedream/shared/clock';
import type { HttpRequest } from '../../../../nodes/Seedream/tasks/apiClient';
import { fakeContext } from '../fakeContext';
import { CREATE, STATUS_CHECK, evoLinkClient, neverRespond, respondOk } from './clientFixture';
import { mockTimers } from './manualTimers';

const TIMED_OUT = { kind: 'networkError', code: 'ETIMEDOUT', mayHaveArrived: true };

it.each([
	[undefined, 60_000],
	[5_000, 5_000],
	[42, 42],
])('an API request with timeoutMs %s has the timeout %i in n8n', async (timeoutMs, timeout) => {
	const { client, requests } = await evoLinkClient(respondOk);
	await client.send({ ...STATUS_CHECK, timeoutMs });
	expect(requests[0]?.options.timeout).toBe(timeout);
});

it.each<[string, HttpRequest]>([
	['create', CREATE],
	['status check', STATUS_CHECK],
])('a %s whose response never ends times out', async (_what, request) => {
	const { client } = await evoLinkClient(neverRespond);
	const startedAt = performance.now();
	expect(await client.send({ ...request, timeoutMs: 60.5 })).toEqual(TIMED_OUT);
	expect(performance.now() - startedAt).toBeLessThan(2_000);
});

it('stopping the execution aborts a status check at once, but not a create', async () => {
	const stop = new AbortController();
	const { client, requests } = await evoLinkClient(neverRespond, { signal: stop.signal });
	const statusCheck = client.send(STATUS_CHECK);
	const onCreated = jest.fn();
	void client.send(CREATE).then(onCreated);
	expect(requests).toHaveLength(2);
	stop.abort();
	await expect(statusCheck).rejects.toThrow(ExecutionCancelled);
	await new Promise((resolve) => setTimeout(resolve, 50));
	expect(onCreated).not.toHaveBeenCalled();
});

describe('request timers', () => {
	afterEach(() => jest.restoreAllMocks());

	it('a status check has a single timer', async () => {
		const timers = mockTimers();
		const { client } = await evoLinkClient(respondOk);
		await client.send(STATUS_CHECK);
		expect(timers.map(({ ms }) => ms)).toEqual([60_000]);
	});

	it('a create times out a minute after the execution was stopped', async () => {
		const timers = mockTimers();
		const stop = new AbortController();
		const { client } = await evoLinkClient(neverRespond, { signal: stop.signal });
		const result = client.send({ ...CREATE, timeoutMs: 600_000 });
		expect(timers.map(({ ms }) => ms)).toEqual([600_000]);
		stop.abort();
		expect(timers.map(({ ms }) => ms)).toEqual([600_000, 60_000]);
		timers[1]?.end();
		expect(await result).toEqual(TIMED_OUT);
	});

	it("stopping the execution doesn't extend a create's own timeout", async () => {
		const timers = mockTimers();
		const stop = new AbortController();
		const { client } = await evoLinkClient(neverRespond, { signal: stop.signal });
		const result = client.send({ ...CREATE, timeoutMs: 600_000 });
		stop.abort();
		timers[0]?.end();
		expect(await result).toEqual(TIMED_OUT);
	});

	it('a request that has ended is no longer aborted by its timers or by stopping the execution', () => {
		const timers = mockTimers();
		const stop = new AbortController();
		const timeout = new RequestTimeout(fakeContext({ signal: stop.signal }), 600_000);
		timeout.abortWhenIdle(30_000);
		timeout.release();
		for (const timer of timers) timer.end();
		stop.abort();
		expect(timers.map(({ ms }) => ms)).toEqual([600_000, 30_000]);
		expect(timeout.signal.aborted).toBe(false);
	});
});

import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { createPace } from '../../../../nodes/Seedream/tasks/pace';
import { Cancelled, type HttpAnswer } from '../../../../nodes/Seedream/tasks/ports';
import { submitTask } from '../../../../nodes/Seedream/tasks/submit';
import { virtualClock } from '../virtualClock';
import { noReply, reply, scriptedGateway } from './scriptedGateway';

const BODY = { model: 'doubao-seedream-4.5', prompt: 'A quiet lake' };

const CREATED: Record<string, HttpAnswer> = {
	evoLink: reply(200, { id: 'task-1', status: 'pending' }),
	apiMart: reply(200, { code: 200, data: [{ status: 'submitted', task_id: 'task-1' }] }),
	apiInOne: reply(200, { code: 200, data: { task_id: 'task-1', status: 'IN_PROGRESS' } }),
};

async function submit(provider: Provider, answers: HttpAnswer[], clock = virtualClock()) {
	const { gateway, calls } = scriptedGateway(provider, ...answers);
	const ports = { clock, pace: createPace(0) };
	const result = submitTask(gateway, BODY, 'key-1', ports);
	return { result, calls, clock };
}

describe.each<[string, Provider]>([
	['evoLink', evoLink],
	['apiMart', apiMart],
	['apiInOne', apiInOne],
])('a create at %s', (id, provider) => {
	const created = CREATED[id] ?? reply(500, {});

	it('is sent once, with its idempotency key', async () => {
		const { result, calls, clock } = await submit(provider, [created]);
		await expect(result).resolves.toMatchObject({
			ok: true,
			value: { content: { taskId: 'task-1' } },
		});
		expect(calls).toEqual([
			{
				method: 'POST',
				path: '/v1/images/generations',
				body: BODY,
				headers: { 'Idempotency-Key': 'key-1' },
			},
		]);
		expect(clock.pauses).toEqual([]);
	});

	it.each<[string, HttpAnswer]>([
		['429', reply(429, { error: { code: 'rate_limit_exceeded', message: 'Slow.' } })],
		['a refused connection', noReply('ECONNREFUSED', false)],
	])('is sent again after %s, the same in every way', async (_what, answer) => {
		const { result, calls, clock } = await submit(provider, [answer, answer, created]);
		await expect(result).resolves.toMatchObject({ ok: true });
		expect(calls).toHaveLength(3);
		expect(calls[1]).toEqual(calls[0]);
		expect(calls[2]).toEqual(calls[0]);
		expect(clock.pauses).toEqual([1000, 2000]);
	});

	it.each<[string, HttpAnswer, string]>([
		['400', reply(400, { error: { code: 'invalid_request' } }), 'no'],
		['401', reply(401, { error: { code: 'unauthorized' } }), 'no'],
		['402', reply(402, { error: { code: 'insufficient_quota' } }), 'no'],
		['403', reply(403, {}), 'no'],
		['404', reply(404, '<html>404</html>'), 'no'],
		['500', reply(500, { error: { code: 'internal_error' } }), 'unknown'],
		['502', reply(502, '<html>502</html>'), 'unknown'],
		['503', reply(503, {}), 'unknown'],
		['504', reply(504, ''), 'unknown'],
		['a connection that broke', noReply('ECONNRESET', true), 'unknown'],
		['silence', noReply('ETIMEDOUT', true), 'unknown'],
		['an answer without a task id', reply(200, { code: 200, data: {} }), 'unknown'],
		['an answer that is no JSON', reply(200, 'ok'), 'unknown'],
	])('is never sent again after %s', async (_what, answer, charged) => {
		const { result, calls } = await submit(provider, [answer, created]);
		await expect(result).resolves.toMatchObject({ ok: false, failure: { charged } });
		expect(calls).toHaveLength(1);
	});

	it.each<[string, HttpAnswer, object]>([
		['429', reply(429, {}), { charged: 'no' }],
		['no connection', noReply('ENOTFOUND', false), { charged: 'no', code: 'ENOTFOUND' }],
	])('is given up after six times %s', async (_what, answer, failure) => {
		const { result, calls, clock } = await submit(provider, [answer]);
		await expect(result).resolves.toMatchObject({ ok: false, failure });
		expect(calls).toHaveLength(6);
		expect(clock.pauses).toEqual([1000, 2000, 4000, 8000, 16_000]);
		expect(new Set(calls.map(({ headers }) => headers?.['Idempotency-Key']))).toEqual(
			new Set(['key-1']),
		);
	});

	it('waits as long as the gateway wishes', async () => {
		const busy = reply(429, {}, { 'retry-after': '7' });
		const { result, clock } = await submit(provider, [busy, created]);
		await result;
		expect(clock.pauses).toEqual([7000]);
	});

	it('is given up where the gateway wishes to be left alone for more than a minute', async () => {
		const minute = reply(429, {}, { 'retry-after': '60' });
		const longer = reply(429, {}, { 'retry-after': '61' });
		const { result, calls, clock } = await submit(provider, [minute, longer, created]);
		await expect(result).resolves.toMatchObject({ ok: false, failure: { charged: 'no' } });
		expect(calls).toHaveLength(2);
		expect(clock.pauses).toEqual([60_000]);
	});

	it('is not sent again once the user stopped the execution', async () => {
		const { result, calls } = await submit(provider, [reply(429, {})], virtualClock(3_000));
		await expect(result).rejects.toThrow(Cancelled);
		expect(calls).toHaveLength(2);
	});
});

it('that APIMart could not build is refused, and not charged', async () => {
	const error = { code: 500, message: 'build_request_failed: bad size', type: 'server_error' };
	const { result, calls } = await submit(apiMart, [reply(500, { error })]);
	await expect(result).resolves.toMatchObject({ ok: false, failure: { charged: 'no' } });
	expect(calls).toHaveLength(1);
});

it('that is refused with HTTP 200 is an error all the same', async () => {
	const refusal = { success: false, code: 402, message: 'Balance too low.' };
	const { result } = await submit(apiMart, [reply(200, refusal)]);
	await expect(result).resolves.toMatchObject({
		ok: false,
		failure: { message: 'APIMart has no credit left on this account (Balance too low.)' },
	});
});

it('that is answered with 202 and an object has made its task', async () => {
	const { result } = await submit(apiMart, [reply(202, { data: { id: 'task-9' } })]);
	await expect(result).resolves.toMatchObject({
		ok: true,
		value: { content: { taskId: 'task-9' }, raw: { data: { id: 'task-9' } } },
	});
});

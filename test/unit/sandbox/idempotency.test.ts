import type { AxiosResponse } from 'axios';

import {
	startSandbox,
	type Fault,
	type ProviderName,
	type Sandbox,
	type SandboxOptions,
} from '../../sandbox/sandbox';
import { HOUR_MS, sendCreate, START_TIME, until } from './client';

const PROVIDERS = ['evoLink', 'apiMart'] as const;

const KEY = 'row-1.of_execution';

const VERSION = { 'x-apimart-response-version': '2026-07-27' };

/** Of the 409 responses. */
const IN_PROGRESS = {
	evoLink: { code: 'paid_outcome_unknown', type: 'invalid_request_error' },
	apiMart: { code: 409, type: 'idempotency_in_progress' },
};

const KEY_REUSED = {
	evoLink: { code: 'idempotency_conflict', type: 'invalid_request_error' },
	apiMart: { code: 409, type: 'idempotency_key_reused' },
};

const HONORED = { evoLink: 'honored', apiMart: 'honored' } as const;

let clock = START_TIME;
let sandbox: Sandbox;

async function start(options: SandboxOptions = { idempotency: HONORED }) {
	sandbox = await startSandbox({ taskSeconds: 10, now: () => clock, ...options });
}

afterEach(async () => sandbox.close());

function create(provider: ProviderName, fields = {}, headers = {}): Promise<AxiosResponse> {
	return sendCreate(sandbox, provider, fields, { 'idempotency-key': KEY, ...headers });
}

const replayed = ({ headers }: AxiosResponse) => headers['idempotency-replayed'];

/** Delays the first request until the test decides on a fault. */
function holdFirst() {
	let decide: (fault?: Fault) => void = () => undefined;
	const decision = new Promise<Fault | undefined>((done) => (decide = done));
	sandbox.setIntercept((request) => (request === sandbox.requests[0] ? decision : undefined));
	return { decide };
}

describe.each(PROVIDERS)('%s, honoring Idempotency-Keys', (provider) => {
	beforeEach(() => start());

	it('replays the first response to a retry, with a header that says so', async () => {
		const first = await create(provider);
		const again = await create(provider);
		expect([first.status, again.status]).toEqual([200, 200]);
		expect(again.data).toEqual(first.data);
		expect([replayed(first), replayed(again)]).toEqual([undefined, 'true']);
		expect(sandbox.tasks()).toHaveLength(1);
	});

	it('rejects a key that was used with another body', async () => {
		await create(provider);
		const { status, data } = await create(provider, { prompt: 'a hill' });
		expect([status, data.error]).toEqual([409, expect.objectContaining(KEY_REUSED[provider])]);
		expect(sandbox.tasks()).toHaveLength(1);
	});

	it('creates a task for each key and for each create without a key', async () => {
		await create(provider);
		await create(provider, {}, { 'idempotency-key': `${KEY}-too` });
		await create(provider, {}, { 'idempotency-key': undefined });
		await create(provider, {}, { 'idempotency-key': undefined });
		expect(sandbox.tasks()).toHaveLength(4);
	});

	it('reserves a key from the arrival of the first request until its response', async () => {
		const { decide } = holdFirst();
		const first = create(provider);
		await until(() => sandbox.requests.length === 1);
		const { status, headers, data } = await create(provider);
		expect([status, data.error]).toEqual([409, expect.objectContaining(IN_PROGRESS[provider])]);
		expect(headers['retry-after']).toBe(provider === 'apiMart' ? '1' : undefined);
		const other = await create(provider, { prompt: 'a hill' });
		expect([other.status, other.data.error]).toEqual([
			409,
			expect.objectContaining(KEY_REUSED[provider]),
		]);
		decide();
		expect((await first).status).toBe(200);
		expect(replayed(await create(provider))).toBe('true');
		expect(sandbox.tasks()).toHaveLength(1);
	});

	it('reserves a key while a fault delays the first request', async () => {
		sandbox.setIntercept(({ attempt }) => (attempt === 1 ? { kind: 'delay', ms: 300 } : undefined));
		const first = create(provider);
		await until(() => sandbox.requests.length === 1);
		expect((await create(provider)).status).toBe(409);
		expect((await first).status).toBe(200);
		expect(replayed(await create(provider))).toBe('true');
	});

	it.each<Fault>([{ kind: 'response', status: 503, body: 'busy' }, { kind: 'resetBefore' }])(
		'releases the key of a request that had no effect: %j',
		async (fault) => {
			const { decide } = holdFirst();
			const first = create(provider).catch(() => undefined);
			await until(() => sandbox.requests.length === 1);
			expect((await create(provider)).status).toBe(409);
			decide(fault);
			await first;
			const next = await create(provider);
			expect([next.status, replayed(next)]).toEqual([200, undefined]);
			expect(sandbox.tasks()).toHaveLength(1);
		},
	);

	it.each<Fault>([
		{ kind: 'resetAfter' },
		{ kind: 'truncate', bytes: 5 },
		{ kind: 'cut', bytes: 5 },
		{ kind: 'reshape', change: () => ({ status: 502, body: 'bad' }) },
	])('replays a response that did not reach the client: %j', async (fault) => {
		sandbox.setIntercept(({ attempt }) => (attempt === 1 ? fault : undefined));
		await create(provider).catch(() => undefined);
		const again = await create(provider);
		expect([again.status, replayed(again)]).toEqual([200, 'true']);
		expect(JSON.stringify(again.data)).toContain(sandbox.tasks()[0]?.id);
		expect(sandbox.tasks()).toHaveLength(1);
	});

	it('replays the original response after a reshape', async () => {
		sandbox.setIntercept(() => ({
			kind: 'reshape',
			change: (response) => {
				Object.assign(response.body as object, { spoilt: true });
				return response;
			},
		}));
		expect((await create(provider)).data.spoilt).toBe(true);
		sandbox.setIntercept(undefined);
		const { data, headers } = await create(provider);
		expect([data.spoilt, headers['idempotency-replayed']]).toEqual([undefined, 'true']);
	});

	it.each<Fault>([
		{ kind: 'stall', bytes: 5 },
		{ kind: 'trickle', everyMs: 1000 },
	])('replays a response that is still being sent: %j', async (fault) => {
		sandbox.setIntercept(({ attempt }) => (attempt === 1 ? fault : undefined));
		const first = create(provider).catch(() => undefined);
		await until(() => sandbox.tasks().length === 1);
		expect(replayed(await create(provider))).toBe('true');
		await sandbox.close();
		await first;
	});

	it('does not replay a rejection', async () => {
		const prompt = 'a lake [[http:503x1]]';
		expect((await create(provider, { prompt })).status).toBe(503);
		expect((await create(provider, { n: 99 })).status).toBe(400);
		const accepted = await create(provider, { prompt });
		expect([accepted.status, replayed(accepted)]).toEqual([200, undefined]);
	});

	it('does not reserve a key for a request with an invalid API key', async () => {
		const { decide } = holdFirst();
		const unauthorized = create(provider, {}, { authorization: 'Bearer wrong' });
		await until(() => sandbox.requests.length === 1);
		expect((await create(provider)).status).toBe(200);
		decide();
		expect((await unauthorized).status).toBe(401);
	});

	it('creates one task for many simultaneous creates with the same key', async () => {
		const responses = await Promise.all(Array.from({ length: 10 }, () => create(provider)));
		for (const { status } of responses) expect([200, 409]).toContain(status);
		expect(sandbox.tasks()).toHaveLength(1);
		expect(replayed(await create(provider))).toBe('true');
	});

	it('releases the key of a request that was rate limited', async () => {
		await sandbox.close();
		await start({ idempotency: HONORED, rateLimit: { perSecond: 1 } });
		await create(provider, {}, { 'idempotency-key': `${KEY}-too` });
		expect((await create(provider)).status).toBe(429);
		clock += 1000;
		const next = await create(provider);
		expect([next.status, replayed(next)]).toEqual([200, undefined]);
	});
});

describe('the format of an Idempotency-Key', () => {
	beforeEach(() => start());

	it.each<[ProviderName, string, number]>([
		['evoLink', 'a'.repeat(16), 200],
		['evoLink', 'Az09._-'.repeat(14).slice(0, 96), 200],
		['evoLink', 'a'.repeat(15), 400],
		['evoLink', 'a'.repeat(97), 400],
		['evoLink', `${'a'.repeat(16)}:`, 400],
		['apiMart', '!', 200],
		['apiMart', '~'.repeat(191), 200],
		['apiMart', 'a'.repeat(192), 400],
		['apiMart', 'a b', 400],
	])('%s responds to the key %s with %d', async (provider, key, status) => {
		const response = await create(provider, {}, { 'idempotency-key': key });
		expect(response.status).toBe(status);
		if (status === 200) return;
		expect(response.data.error.type).toBe('invalid_request_error');
		expect(response.data.error.message).toContain('Idempotency-Key');
		expect(sandbox.tasks()).toHaveLength(0);
	});
});

describe('replayed responses', () => {
	it('APIMart replays a response for 24 hours', async () => {
		await start();
		await create('apiMart');
		clock += 24 * HOUR_MS - 1;
		expect(replayed(await create('apiMart'))).toBe('true');
		clock += 1;
		expect(replayed(await create('apiMart'))).toBeUndefined();
		expect(replayed(await create('apiMart'))).toBe('true');
		expect(sandbox.tasks()).toHaveLength(2);
	});

	it('EvoLink replays a response forever', async () => {
		await start();
		await create('evoLink');
		clock += 1000 * HOUR_MS;
		expect(replayed(await create('evoLink'))).toBe('true');
	});
});

describe('the response version header of APIMart', () => {
	const task = { id: expect.stringMatching(/^task_/), status: 'submitted' };

	it('the version header changes the response to 202 with an object, even if keys are ignored', async () => {
		await start({});
		const { status, data } = await create('apiMart', {}, VERSION);
		expect([status, data]).toEqual([202, { code: 202, data: task }]);
		const other = await create('apiMart', {}, { 'x-apimart-response-version': '2020-01-01' });
		expect([other.status, other.data.code, other.data.data]).toEqual([
			200,
			200,
			[{ status: 'submitted', task_id: task.id }],
		]);
		expect(sandbox.tasks()).toHaveLength(2);
	});

	it('the version header must be the same on a retry, which gets the same response', async () => {
		await start();
		const first = await create('apiMart', {}, VERSION);
		const again = await create('apiMart', {}, VERSION);
		expect([again.status, again.data, replayed(again)]).toEqual([202, first.data, 'true']);
		const { status, data } = await create('apiMart');
		expect([status, data.error.type]).toEqual([409, 'idempotency_key_reused']);
	});

	it('the version header has no effect at EvoLink', async () => {
		await start();
		expect((await create('evoLink', {}, VERSION)).status).toBe(200);
	});
});

describe('ignored Idempotency-Keys', () => {
	it('keys are ignored by default at APIMart, but not at EvoLink', async () => {
		await start({});
		await create('apiMart');
		expect(replayed(await create('apiMart'))).toBeUndefined();
		expect((await create('apiMart', {}, { 'idempotency-key': 'a b' })).status).toBe(200);
		await create('evoLink');
		expect(replayed(await create('evoLink'))).toBe('true');
	});

	it('keys are always ignored at API in One, and at EvoLink if configured', async () => {
		await start({ idempotency: { evoLink: 'ignored' } });
		for (const provider of ['evoLink', 'apiInOne'] as const) {
			for (const key of ['short', KEY, KEY]) {
				const response = await create(provider, {}, { 'idempotency-key': key });
				expect([response.status, replayed(response)]).toEqual([200, undefined]);
			}
		}
		expect(sandbox.tasks()).toHaveLength(6);
	});
});

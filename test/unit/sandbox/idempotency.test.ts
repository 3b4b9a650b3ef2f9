import axios, { type AxiosResponse } from 'axios';

import {
	startSandbox,
	type Fault,
	type ProviderName,
	type Sandbox,
	type SandboxOptions,
} from '../../sandbox/sandbox';

const PROVIDERS = ['evoLink', 'apiMart'] as const;

const HOUR_MS = 60 * 60 * 1000;

const KEY = 'row-1.of_this-run';

const VERSION = { 'x-apimart-response-version': '2026-07-27' };

const LEAST: Record<ProviderName, Record<string, unknown>> = {
	evoLink: { model: 'doubao-seedream-4.5', prompt: 'a lake' },
	apiMart: { model: 'doubao-seedance-4-5', prompt: 'a lake' },
	apiInOne: { prompt: 'a lake' },
};

/** What each says in a 409, as the contract names it. */
const UNDER_WAY = {
	evoLink: { code: 'paid_outcome_unknown', type: 'invalid_request_error' },
	apiMart: { code: 409, type: 'idempotency_in_progress' },
};

const REUSED = {
	evoLink: { code: 'idempotency_conflict', type: 'invalid_request_error' },
	apiMart: { code: 409, type: 'idempotency_key_reused' },
};

const HONOURED = { evoLink: 'honoured', apiMart: 'honoured' } as const;

let clock = 1_757_165_031_000;
let sandbox: Sandbox;

async function open(options: SandboxOptions = { idempotency: HONOURED }) {
	sandbox = await startSandbox({ taskSeconds: 10, now: () => clock, ...options });
}

afterEach(async () => sandbox.close());

function create(provider: ProviderName, fields = {}, headers = {}): Promise<AxiosResponse> {
	return axios.post(
		`${sandbox.baseUrls[provider]}/v1/images/generations`,
		{ ...LEAST[provider], ...fields },
		{
			headers: {
				authorization: `Bearer ${sandbox.keys[provider]}`,
				'idempotency-key': KEY,
				...headers,
			},
			validateStatus: () => true,
		},
	);
}

const replayed = ({ headers }: AxiosResponse) => headers['idempotency-replayed'];

/** The intercept's decision about the first request, for as long as the test holds it back. */
function holdFirst() {
	let decide: (fault?: Fault) => void = () => undefined;
	const decision = new Promise<Fault | undefined>((done) => (decide = done));
	sandbox.setIntercept((request) => (request === sandbox.requests[0] ? decision : undefined));
	return { decide };
}

/** Waits for what comes over the socket; the test's own time limit ends a vain wait. */
async function until(met: () => boolean): Promise<void> {
	while (!met()) await new Promise((done) => setTimeout(done, 5));
}

describe.each(PROVIDERS)('%s, where a key is honoured', (provider) => {
	beforeEach(() => open());

	it('answers a repeat with the first answer, and says so', async () => {
		const first = await create(provider);
		const again = await create(provider);
		expect([first.status, again.status]).toEqual([200, 200]);
		expect(again.data).toEqual(first.data);
		expect([replayed(first), replayed(again)]).toEqual([undefined, 'true']);
		expect(sandbox.tasks()).toHaveLength(1);
	});

	it('refuses another body under the same key', async () => {
		await create(provider);
		const { status, data } = await create(provider, { prompt: 'a hill' });
		expect([status, data.error]).toEqual([409, expect.objectContaining(REUSED[provider])]);
		expect(sandbox.tasks()).toHaveLength(1);
	});

	it('knows each key by itself, and none where none comes', async () => {
		await create(provider);
		await create(provider, {}, { 'idempotency-key': `${KEY}-too` });
		await create(provider, {}, { 'idempotency-key': undefined });
		await create(provider, {}, { 'idempotency-key': undefined });
		expect(sandbox.tasks()).toHaveLength(4);
	});

	it('claims a key from the arrival of the first request until its answer', async () => {
		const { decide } = holdFirst();
		const first = create(provider);
		await until(() => sandbox.requests.length === 1);
		const { status, headers, data } = await create(provider);
		expect([status, data.error]).toEqual([409, expect.objectContaining(UNDER_WAY[provider])]);
		expect(headers['retry-after']).toBe(provider === 'apiMart' ? '1' : undefined);
		const other = await create(provider, { prompt: 'a hill' });
		expect([other.status, other.data.error]).toEqual([
			409,
			expect.objectContaining(REUSED[provider]),
		]);
		decide();
		expect((await first).status).toBe(200);
		expect(replayed(await create(provider))).toBe('true');
		expect(sandbox.tasks()).toHaveLength(1);
	});

	it('holds it through a delay', async () => {
		sandbox.setIntercept(({ attempt }) => (attempt === 1 ? { kind: 'delay', ms: 500 } : undefined));
		const first = create(provider);
		await until(() => sandbox.requests.length === 1);
		expect((await create(provider)).status).toBe(409);
		expect((await first).status).toBe(200);
		expect(replayed(await create(provider))).toBe('true');
	});

	it.each<Fault>([{ kind: 'answer', status: 503, body: 'busy' }, { kind: 'resetBefore' }])(
		'frees it when there is no effect: %j',
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
	])('replays the answer that was lost: %j', async (fault) => {
		sandbox.setIntercept(({ attempt }) => (attempt === 1 ? fault : undefined));
		await create(provider).catch(() => undefined);
		const again = await create(provider);
		expect([again.status, replayed(again)]).toEqual([200, 'true']);
		expect(JSON.stringify(again.data)).toContain(sandbox.tasks()[0]?.id);
		expect(sandbox.tasks()).toHaveLength(1);
	});

	it('gives the answer as it was, whatever a test made of it', async () => {
		sandbox.setIntercept(() => ({
			kind: 'reshape',
			change: (answer) => {
				Object.assign(answer.body as object, { spoilt: true });
				return answer;
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
	])('does not wait for an answer to arrive: %j', async (fault) => {
		sandbox.setIntercept(({ attempt }) => (attempt === 1 ? fault : undefined));
		const first = create(provider).catch(() => undefined);
		await until(() => sandbox.tasks().length === 1);
		expect(replayed(await create(provider))).toBe('true');
		await sandbox.close();
		await first;
	});

	it('keeps no refusal', async () => {
		const prompt = 'a lake [[http:503x1]]';
		expect((await create(provider, { prompt })).status).toBe(503);
		expect((await create(provider, { n: 99 })).status).toBe(400);
		const accepted = await create(provider, { prompt });
		expect([accepted.status, replayed(accepted)]).toEqual([200, undefined]);
	});

	it('claims nothing for a stranger', async () => {
		const { decide } = holdFirst();
		const stranger = create(provider, {}, { authorization: 'Bearer wrong' });
		await until(() => sandbox.requests.length === 1);
		expect((await create(provider)).status).toBe(200);
		decide();
		expect((await stranger).status).toBe(401);
	});

	it('makes one task of many creates at once', async () => {
		const answers = await Promise.all(Array.from({ length: 10 }, () => create(provider)));
		for (const { status } of answers) expect([200, 409]).toContain(status);
		expect(sandbox.tasks()).toHaveLength(1);
		expect(replayed(await create(provider))).toBe('true');
	});

	it('frees a key that a limit turned away', async () => {
		await sandbox.close();
		await open({ idempotency: HONOURED, rateLimit: { perSecond: 1 } });
		await create(provider, {}, { 'idempotency-key': `${KEY}-too` });
		expect((await create(provider)).status).toBe(429);
		clock += 1000;
		const next = await create(provider);
		expect([next.status, replayed(next)]).toEqual([200, undefined]);
	});
});

describe('what a key looks like', () => {
	beforeEach(() => open());

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
	])('%s: %s makes %d', async (provider, key, status) => {
		const answer = await create(provider, {}, { 'idempotency-key': key });
		expect(answer.status).toBe(status);
		if (status === 200) return;
		expect(answer.data.error.type).toBe('invalid_request_error');
		expect(answer.data.error.message).toContain('Idempotency-Key');
		expect(sandbox.tasks()).toHaveLength(0);
	});
});

describe('how long an answer is kept', () => {
	it('at APIMart 24 hours by the clock', async () => {
		await open();
		await create('apiMart');
		clock += 24 * HOUR_MS - 1;
		expect(replayed(await create('apiMart'))).toBe('true');
		clock += 1;
		expect(replayed(await create('apiMart'))).toBeUndefined();
		expect(replayed(await create('apiMart'))).toBe('true');
		expect(sandbox.tasks()).toHaveLength(2);
	});

	it('at EvoLink for good', async () => {
		await open();
		await create('evoLink');
		clock += 1000 * HOUR_MS;
		expect(replayed(await create('evoLink'))).toBe('true');
	});
});

describe('the response version of APIMart', () => {
	const task = { id: expect.stringMatching(/^task_/), status: 'submitted' };

	it('makes 202 and an object of the answer, whether or not keys are honoured', async () => {
		await open({});
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

	it('is kept with its answer, and must be the same on a repeat', async () => {
		await open();
		const first = await create('apiMart', {}, VERSION);
		const again = await create('apiMart', {}, VERSION);
		expect([again.status, again.data, replayed(again)]).toEqual([202, first.data, 'true']);
		const { status, data } = await create('apiMart');
		expect([status, data.error.type]).toEqual([409, 'idempotency_key_reused']);
	});

	it('means nothing to the others', async () => {
		await open();
		expect((await create('evoLink', {}, VERSION)).status).toBe(200);
	});
});

describe('where a key is ignored', () => {
	it('is so at APIMart unless the test says otherwise, and not at EvoLink', async () => {
		await open({});
		await create('apiMart');
		expect(replayed(await create('apiMart'))).toBeUndefined();
		expect((await create('apiMart', {}, { 'idempotency-key': 'a b' })).status).toBe(200);
		await create('evoLink');
		expect(replayed(await create('evoLink'))).toBe('true');
	});

	it('is so at EvoLink when the test says so, and always at API in One', async () => {
		await open({ idempotency: { evoLink: 'ignored' } });
		for (const provider of ['evoLink', 'apiInOne'] as const) {
			for (const key of ['short', KEY, KEY]) {
				const answer = await create(provider, {}, { 'idempotency-key': key });
				expect([answer.status, replayed(answer)]).toEqual([200, undefined]);
			}
		}
		expect(sandbox.tasks()).toHaveLength(6);
	});
});

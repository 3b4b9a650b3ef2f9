import fc from 'fast-check';

import type { Failure } from '../../../nodes/Seedream/errors/failure';
import type { ProviderError } from '../../../nodes/Seedream/errors/providerError';
import { taskFailure } from '../../../nodes/Seedream/errors/taskFailures';
import { apiInOne } from '../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../nodes/Seedream/providers/evoLink';
import type { CompletedTask, Provider } from '../../../nodes/Seedream/providers/provider';
import { reply, scriptedClient } from '../nodes/tasks/scriptedApiClient';
import { randomCases } from '../randomCases';

/** Set the environment variable SEED to repeat a run. */
const SEED = Number(process.env.SEED ?? 20_261_120);
const RESPONSES = randomCases(20_000);
const TASK_ID = 'task-of-the-test';

/** The statuses that the providers document, and some that proxies return. */
const STATUSES = [200, 200, 200, 200, 202, 204, 400, 401, 402, 403, 404, 409, 413, 422, 429];
const SERVER_STATUSES = [500, 502, 503, 504, 524];

interface DocumentedResponses {
	provider: Provider;
	creates: readonly unknown[];
	tasks: readonly unknown[];
}

const LINK = 'https://files.example/image.png';
const FAILED = { code: 'content_policy_violation', message: 'Blocked.', type: 'task_error' };

const evoLinkTask = (status: string, fields: object = {}) => ({
	created: 1_756_817_821,
	id: TASK_ID,
	model: 'doubao-seedream-4.5',
	object: 'image.generation.task',
	progress: 50,
	status,
	task_info: { can_cancel: true, estimated_time: 45 },
	type: 'image',
	usage: { billing_rule: 'per_call', credits_reserved: 1.8, user_group: 'default' },
	...fields,
});

const apiMartTask = (status: string, fields: object = {}) => ({
	code: 200,
	data: {
		id: TASK_ID,
		status,
		progress: 50,
		created: 1_763_088_289,
		estimated_time: 60,
		...fields,
	},
});

const apiInOneTask = (status: string, fields: object = {}) => ({
	code: 200,
	message: 'success',
	data: { task_id: TASK_ID, status, progress: 50, ...fields },
});

const ERRORS = [
	{
		error: {
			code: 'invalid_request',
			message: 'Wrong.',
			type: 'invalid_request_error',
			param: 'n',
		},
	},
	{ error: { code: 401, message: '身份验证失败', type: 'authentication_error' } },
	{ error: 'Unauthorized' },
	{ success: false, code: 400, message: 'Invalid token' },
	{ success: false, message: 'Invalid token' },
	{ code: 500, message: 'build_request_failed: wrong size', data: null },
];

const DOCUMENTED_RESPONSES: readonly DocumentedResponses[] = [
	{
		provider: evoLink,
		creates: [
			evoLinkTask('pending'),
			evoLinkTask('completed', { results: [LINK] }),
			{ data: { id: TASK_ID } },
			{ error: { code: 'paid_outcome_unknown', message: 'Wait.', task_id: TASK_ID } },
			...ERRORS,
		],
		tasks: [
			...['pending', 'processing', 'cancelled'].map((status) => evoLinkTask(status)),
			evoLinkTask('completed', { results: [LINK, `${LINK}?2`], duration: 31.4 }),
			evoLinkTask('completed', { result_data: [{ image_url: LINK }] }),
			evoLinkTask('completed', { result_data: { image_url: LINK }, usage: { credits_used: 2 } }),
			evoLinkTask('failed', { error: FAILED }),
			evoLinkTask('failed', {
				error: 'No.',
				results: [LINK],
				billing: { charge_status: 'charged' },
			}),
			evoLinkTask('failed', { error: FAILED, billing: { refund_status: 'pending' } }),
			{ data: evoLinkTask('succeeded', { results: [LINK] }) },
			...ERRORS,
		],
	},
	{
		provider: apiMart,
		creates: [
			{ code: 200, data: [{ status: 'submitted', task_id: TASK_ID }] },
			{ code: 200, data: { id: TASK_ID, status: 'submitted' } },
			{ code: 200, data: [{ task_id: TASK_ID }, { task_id: `${TASK_ID}-2` }] },
			{ code: 200, data: { object: 'generation.result', data: [{ url: LINK }] } },
			...ERRORS,
		],
		tasks: [
			...['submitted', 'pending', 'in_progress', 'cancelled'].map((status) => apiMartTask(status)),
			apiMartTask('completed', {
				cost: 0.15,
				credits_cost: 1.5,
				completed: 1_763_088_308,
				actual_time: 19,
				result: { images: [{ url: [LINK], expires_at: 1_763_174_708 }] },
			}),
			apiMartTask('success', { result: { images: [{ url: LINK }] } }),
			apiMartTask('failed', { error: { ...FAILED, code: 500 } }),
			apiMartTask('failed', { fail_reason: 'No.', cost: 0.03 }),
			apiMartTask('success', { data: [{ url: LINK }, { error: FAILED }] }),
			...ERRORS,
		],
	},
	{
		provider: apiInOne,
		creates: [
			apiInOneTask('IN_PROGRESS'),
			{ id: TASK_ID, status: 'pending', created_at: 1_763_088_289 },
			...ERRORS,
		],
		tasks: [
			apiInOneTask('IN_PROGRESS'),
			apiInOneTask('COMPLETED', { output: { image_urls: [LINK] } }),
			apiInOneTask('SUCCESS', { resultJson: JSON.stringify({ resultUrls: [LINK] }) }),
			apiInOneTask('COMPLETED', { response: [{ url: LINK }], images: [LINK] }),
			{ id: TASK_ID, status: 'completed', result: { urls: [LINK] } },
			apiInOneTask('FAILED', { error: FAILED }),
			apiInOneTask('ERROR', { error: 'It did not work.' }),
			{ id: TASK_ID, status: 'failed', message: 'It did not work.' },
			...ERRORS,
		],
	},
];

// --- Mutations ---------------------------------------------------------------------------------

const HTML = '<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>';

/** JSON.parse makes `__proto__` an ordinary key, as in a response from the network. */
const PROTOTYPE_KEYS: unknown = JSON.parse(
	'{"__proto__":{"status":"completed"},"constructor":{"prototype":{"status":"failed"}},"toString":1,"hasOwnProperty":null,"length":-1}',
);

function nested(depth: number): unknown {
	let value: unknown = LINK;
	for (let level = 0; level < depth; level += 1) value = level % 2 ? { output: value } : [value];
	return value;
}

const UNEXPECTED_VALUES: readonly unknown[] = [
	...[null, undefined, true, false, 0, -1, 1.5, 1e21, NaN, '', ' ', '0', '-1', '1e999', 'null'],
	...[[], {}, [[]], [null], [{}], { error: null }, { error: {} }, { error: [] }, { url: null }],
	...['completed', 'COMPLETED', ' completed ', 'failed', 'cancelled', 'queued', 'constructor'],
	...['__proto__', '{"url":', '[', '["https://files.example/1.png"]', '{"url":["x"]}', 'https://'],
	...['javascript:alert(1)', 'ftp://files.example/1.png', `${LINK} `, `${LINK}\n${LINK}`],
	HTML,
	PROTOTYPE_KEYS,
	'x'.repeat(100_000),
	'[{'.repeat(2000),
	Array.from({ length: 1000 }, () => ({ url: LINK })),
	nested(400),
	{ toString: null, valueOf: null },
];

const unexpectedValue: fc.Arbitrary<unknown> = fc.oneof(
	{ weight: 6, arbitrary: fc.constantFrom(...UNEXPECTED_VALUES) },
	{ weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

type Path = ReadonlyArray<string | number>;

/** The paths of all values that a mutation can replace, including the value itself. */
function pathsIn(value: unknown, path: Path = []): Path[] {
	if (typeof value !== 'object' || value === null) return [path];
	const inner = Array.isArray(value)
		? value.flatMap((entry, index) => pathsIn(entry, [...path, index]))
		: Object.entries(value).flatMap(([key, entry]) => pathsIn(entry, [...path, key]));
	return [path, ...inner];
}

/** A copy with the value at the path replaced by `change`. */
function changedAt(
	value: unknown,
	[key, ...rest]: Path,
	change: (old: unknown) => unknown,
): unknown {
	if (key === undefined) return change(value);
	if (Array.isArray(value)) {
		return value
			.map((entry, index) => (index === key ? changedAt(entry, rest, change) : entry))
			.filter((entry) => entry !== DROPPED);
	}
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(
		Object.entries(value).flatMap(([name, entry]): Array<[string, unknown]> => {
			if (name !== key) return [[name, entry]];
			const changed = changedAt(entry, rest, change);
			return changed === DROPPED ? [] : [[name, changed]];
		}),
	);
}

const DROPPED = Symbol('dropped');

const change: fc.Arbitrary<(old: unknown) => unknown> = fc.oneof(
	fc.constantFrom<Array<(old: unknown) => unknown>>(
		() => DROPPED,
		() => DROPPED,
		(old) => [old],
		(old) => [old, old],
		(old) => ({ data: old }),
		(old) => ({ '0': old }),
		(old) => JSON.stringify(old) ?? '',
		(old) => (typeof old === 'number' ? String(old) : old),
		(old) => (typeof old === 'string' ? old.toUpperCase() : old),
		(old) => (typeof old === 'object' ? null : Number(old)),
		(old) => (typeof old === 'object' && old !== null ? { ...old, extra: PROTOTYPE_KEYS } : old),
	),
	unexpectedValue.map((value) => () => value),
);

function mutated(originals: readonly unknown[]): fc.Arbitrary<unknown> {
	return fc.constantFrom(...originals).chain((original) => {
		const oneChange = fc.tuple(fc.constantFrom(...pathsIn(original)), change);
		return fc
			.array(oneChange, { maxLength: 4 })
			.map((changes) =>
				changes.reduce(
					(value, [path, apply]) => (value === DROPPED ? value : changedAt(value, path, apply)),
					original,
				),
			)
			.map((value) => (value === DROPPED ? undefined : value));
	});
}

const status = fc.oneof(
	{ weight: 3, arbitrary: fc.constant(200) },
	{ weight: 2, arbitrary: fc.constantFrom(...STATUSES, ...SERVER_STATUSES) },
);

const headers = fc.constantFrom<Array<Record<string, string>>>(
	{},
	{ 'retry-after': '3' },
	{ 'retry-after': '-1' },
	{ 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' },
	{ 'retry-after': 'soon' },
);

// --- Invariants --------------------------------------------------------------------------------

const MAX_QUOTED_LENGTH = 400;

/** Leaves room for our own sentences and the task ID around the quoted response. */
const MAX_DESCRIPTION_LENGTH = MAX_QUOTED_LENGTH + 250;

type Outcome = 'created' | 'running' | 'completed' | 'ended' | 'not understood' | 'refused';

const OUTCOMES_OF_CREATE: readonly Outcome[] = ['created', 'not understood', 'refused'];
const OUTCOMES_OF_QUERY: readonly Outcome[] = [
	'running',
	'completed',
	'ended',
	'not understood',
	'refused',
];

function expectValid(isValid: boolean, what: string, shown: unknown): void {
	if (!isValid) throw new Error(`${what}: ${String(JSON.stringify(shown)).slice(0, 2000)}`);
}

function isText(value: unknown): boolean {
	return typeof value === 'string' && value.trim() !== '';
}

function outcomeOfFailure(failure: Failure, body: unknown): Outcome {
	expectValid(isText(failure.message), 'no message', failure);
	expectValid(isText(failure.description), 'no hint', failure);
	expectValid(typeof failure.code === 'string', 'no code', failure);
	expectValid(['no', 'yes', 'unknown'].includes(failure.charged), 'charged', failure);
	const { retryAfterSeconds = 0 } = failure;
	expectValid(Number.isFinite(retryAfterSeconds) && retryAfterSeconds >= 0, 'a wait', failure);
	if (failure.type !== 'unreadable_answer') return 'refused';
	const { description } = failure;
	expectValid(failure.code === 'answer_not_understood', 'another code', failure);
	expectValid(description.length <= MAX_DESCRIPTION_LENGTH, 'a long description', failure);
	const response = typeof body === 'string' ? body : (JSON.stringify(body) ?? '');
	expectValid(
		description.includes(response.slice(0, 100)),
		'a response that is not quoted',
		failure,
	);
	return 'not understood';
}

async function outcomeOfCreate(provider: Provider, response: ReturnType<typeof reply>) {
	const { client } = scriptedClient(provider, response);
	const created = await client.create(
		{ model: 'a model', prompt: 'a lake' },
		'key',
		() => undefined,
	);
	if (!created.ok) return outcomeOfFailure(created.failure, bodyOf(response));
	expectValid(created.value.content.length > 0, 'no task', created);
	for (const { taskId, estimatedSeconds, finished } of created.value.content) {
		expectValid(isText(taskId), 'no task id', created);
		expectValid(Number.isFinite(estimatedSeconds ?? 0), 'an estimate', created);
		if (finished) expectFinished(finished);
	}
	return 'created';
}

async function outcomeOfQuery(
	provider: Provider,
	response: ReturnType<typeof reply>,
): Promise<Outcome> {
	const { client } = scriptedClient(provider, response);
	const queried = await client.query(TASK_ID, Infinity);
	if (!queried) throw new Error('a query that was not sent');
	if (!queried.ok) {
		expectValid(queried.failure.message.includes(TASK_ID), 'a lost task id', queried.failure);
		return outcomeOfFailure(queried.failure, bodyOf(response));
	}
	const { content: state } = queried.value;
	switch (state.status) {
		case 'submitted':
		case 'processing':
			expectValid(Number.isFinite(state.progress ?? 0), 'a progress', state);
			return 'running';
		case 'completed': {
			expectFinished(state);
			return 'completed';
		}
		case 'failed':
		case 'cancelled': {
			expectError(state.error, state);
			expectValid(['no', 'yes', 'unknown'].includes(state.charged), 'charged', state);
			const failure = taskFailure(provider, state, TASK_ID);
			expectValid(isText(failure.message), 'no message', failure);
			return 'ended';
		}
	}
}

function expectFinished(state: CompletedTask): void {
	const { imageUrls, expiresAt, cost, seconds, missing } = state;
	expectValid(imageUrls.length > 0, 'no image', state);
	expectValid(imageUrls.every(isLink), 'a link that is not a link', state);
	expectValid(!Number.isNaN((expiresAt ?? new Date(0)).getTime()), 'an expiry', state);
	const numbers = [cost?.credits ?? 0, cost?.usd ?? 0, seconds ?? 0];
	expectValid(numbers.every(Number.isFinite), 'a number', state);
	if (missing) expectError(missing, state);
}

function expectError({ code, message, type }: ProviderError, shown: unknown): void {
	const areTexts = [code, message, type].every((part) => typeof part === 'string');
	expectValid(areTexts, 'no error', shown);
}

function isLink(url: string): boolean {
	return /^https?:\/\//i.test(url) && URL.canParse(url);
}

function bodyOf(response: ReturnType<typeof reply>): unknown {
	return response.kind === 'response' ? response.body : undefined;
}

/** Classifies random responses and counts the outcomes. */
async function outcomes(
	originals: readonly unknown[],
	classify: (response: ReturnType<typeof reply>) => Promise<Outcome>,
): Promise<Map<Outcome, number>> {
	const seen = new Map<Outcome, number>();
	await fc.assert(
		fc.asyncProperty(status, mutated(originals), headers, async (code, body, head) => {
			const outcome = await classify(reply(code, body, head));
			seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
		}),
		{ seed: SEED, numRuns: RESPONSES / 2 },
	);
	return seen;
}

describe.each(
	DOCUMENTED_RESPONSES.map((one): [string, DocumentedResponses] => [one.provider.label, one]),
)('%s', (_name, { provider, creates, tasks }) => {
	it(`${RESPONSES / 2} random responses to a create request are parsed or reported`, async () => {
		const seen = await outcomes(
			creates,
			async (response) => await outcomeOfCreate(provider, response),
		);
		expect([...seen.keys()].sort()).toEqual([...OUTCOMES_OF_CREATE].sort());
	});

	it(`${RESPONSES / 2} random responses to a query are parsed or reported`, async () => {
		const seen = await outcomes(
			tasks,
			async (response) => await outcomeOfQuery(provider, response),
		);
		expect([...seen.keys()].sort()).toEqual([...OUTCOMES_OF_QUERY].sort());
	});

	it('unexpected values at any path of a response are parsed or reported', async () => {
		for (const value of UNEXPECTED_VALUES) {
			for (const create of creates) {
				for (const body of pathsIn(create).map((path) => changedAt(create, path, () => value))) {
					await outcomeOfCreate(provider, reply(200, body));
				}
			}
			for (const task of tasks) {
				for (const body of pathsIn(task).map((path) => changedAt(task, path, () => value))) {
					await outcomeOfQuery(provider, reply(200, body));
				}
			}
		}
	});

	it('every documented status has a message, whatever the body', async () => {
		const bodies = [...UNEXPECTED_VALUES, ...creates, ...tasks];
		for (const code of [...STATUSES, ...SERVER_STATUSES]) {
			for (const body of bodies) {
				await outcomeOfCreate(provider, reply(code, body));
				await outcomeOfQuery(provider, reply(code, body));
			}
		}
	});
});

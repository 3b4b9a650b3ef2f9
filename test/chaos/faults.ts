import { objectStoreError } from '../sandbox/objectStore';
import { apiInOne } from '../sandbox/providers/apiInOne';
import { apiMart } from '../sandbox/providers/apiMart';
import { evoLink } from '../sandbox/providers/evoLink';
import type { SandboxResponse } from '../sandbox/responses';
import type { Fault, ProviderName, Step, TaskView } from '../sandbox/sandbox';
import { realNow } from './clockJump';
import { asErrorNamingTask, withVariantShape, withVariantStatus } from './responseVariants';
import type { SeededRandom } from './seededRandom';

const PROVIDERS = { evoLink, apiMart, apiInOne };

/** What can fail: the steps, and batch queries. */
export type Target = Exclude<Step, 'account' | 'catalog'> | 'batch';

/** The request a fault is created for. */
export interface FaultContext {
	random: SeededRandom;
	provider: ProviderName;
	target: Target;
	purpose: Array<string | number>;
	/** Of a batch query. */
	batchIds: readonly TaskView[];
	others: readonly TaskView[];
}

type FaultFactory = (context: FaultContext) => Fault;

const HTML = '<html><head><title>Bad gateway</title></head><body>nginx</body></html>';

const error =
	(status: number, headers?: () => Record<string, string>): FaultFactory =>
	({ provider }) => ({
		kind: 'response',
		status,
		...(headers && { headers: headers() }),
		body: PROVIDERS[provider].errorResponse(status).body,
	});

const page =
	(status: number): FaultFactory =>
	() => ({ kind: 'response', status, body: HTML });

/** JSON in none of the providers' formats. */
const WRONG_JSON: unknown[] = [
	{},
	[],
	null,
	{ id: null, data: null, status: null },
	{ data: [{ task_id: null }] },
	{ data: { task_id: '', status: 5 } },
	{ ok: true, result: { state: 'queued' } },
	{ id: {}, data: [], status: ['completed'] },
];

/** Ways of quoting the API key. */
const quoting =
	(status: number): FaultFactory =>
	({ provider, random: random, purpose }) => {
		const { key } = PROVIDERS[provider];
		const words = random.pick(
			[`Incorrect API key provided: ${key}`, `Bearer ${key} "${key}" is not known`, key],
			...purpose,
			'words',
		);
		const body = random.pick<unknown>(
			[
				{ error: { code: status, message: words, type: 'authentication_error' } },
				`<html><body>${words}</body></html>`,
				{ message: words, code: key, debug: { [key]: [key] } },
			],
			...purpose,
			'shape',
		);
		return { kind: 'response', status, body };
	};

/** An error whose name says more than its status; providers put it in one of three places. */
const named =
	(
		status: number,
		names: Partial<Record<ProviderName, string>>,
		headers: Partial<Record<ProviderName, Record<string, string>>> = {},
	): FaultFactory =>
	({ provider, random: random, purpose }) => {
		const name = names[provider];
		if (name === undefined) throw new Error(`${provider} has no such error`);
		const words = 'The request was not carried out';
		const error = random.pick(
			[
				{ code: name, message: words, type: 'invalid_request_error' },
				{ code: status, message: words, type: name },
				{ code: '', message: `${name}: ${words}`, type: '' },
			],
			...purpose,
			'place',
		);
		return { kind: 'response', status, headers: headers[provider], body: { error } };
	};

/** With HTTP 200 and an undocumented code. */
const UNKNOWN_CODES: unknown[] = [
	{ code: 1001, message: 'see the log' },
	{ success: false, code: 'E1001', message: 'see the log' },
	{ success: false, code: 1001, msg: 'see the log', data: null },
];

const reset =
	(kind: 'resetBefore' | 'resetAfter'): FaultFactory =>
	() => ({ kind });

/** From nothing to more than a response (hundreds of bytes) or a picture (thousands). */
function bytesLeft({ random: random, purpose }: FaultContext): number {
	return Math.floor(4_000 * random.number(...purpose, 'bytes') ** 4);
}

const bytes =
	(kind: 'truncate' | 'stall'): FaultFactory =>
	(context) => ({ kind, bytes: bytesLeft(context) });

/** Responses to create requests beyond a limit stay complete, as their status says everything. */
const cutShort: FaultFactory = (context) => {
	const most = bytesLeft(context);
	if (context.target !== 'create') return { kind: 'cut', bytes: most };
	return {
		kind: 'reshape',
		change: (answer) => {
			if (answer.status === TOO_MANY) return answer;
			const whole = Buffer.from(JSON.stringify(answer.body));
			return {
				...answer,
				headers: { 'content-type': 'application/json; charset=utf-8', ...answer.headers },
				body: whole.subarray(0, Math.min(most, whole.length - 1)),
			};
		},
	};
};

const TOO_MANY = 429;

/** Slow but complete: a response takes a few seconds. */
const trickled: FaultFactory = ({ target, random: random, purpose }) => ({
	kind: 'trickle',
	everyMs: target === 'download' ? 3 : random.integer(8, 20, ...purpose, 'pace'),
});

/** So slow that the request times out; pictures still arrive in part. */
const tricklesForever: FaultFactory = ({ target }) => ({
	kind: 'trickle',
	everyMs: target === 'download' ? 50 : 1_000,
});

const reshape =
	(change: (answer: SandboxResponse, context: FaultContext) => SandboxResponse): FaultFactory =>
	(context) => ({ kind: 'reshape', change: (answer) => change(answer, context) });

/** A proxy times out; in half of the cases, the request takes effect. */
const proxyTimeout =
	(status: number): FaultFactory =>
	(context) => {
		const { random: random, purpose, provider } = context;
		const body = random.chance(0.5, ...purpose, 'bare')
			? HTML
			: PROVIDERS[provider].errorResponse(status).body;
		return random.chance(0.5, ...purpose, 'effect')
			? { kind: 'reshape', change: () => ({ status, body }) }
			: { kind: 'response', status, body };
	};

/** A task in EvoLink's format; undefined for failed ones, which only the sandbox can report. */
function taskRecord({ id, model, status, images, createdAt }: TaskView): unknown {
	if (status === 'failed') return undefined;
	const created = Math.floor(createdAt / 1000);
	return { id, model, status, created, ...(status === 'completed' && { results: images }) };
}

/** A response to a batch query. */
const batchResponse =
	(choose: (context: FaultContext) => unknown[]): FaultFactory =>
	(context) => ({
		kind: 'response',
		status: 200,
		body: { data: choose(context).filter((one) => one !== undefined) },
	});

/** Every kind of fault. */
export const FAULTS = {
	'reset before': reset('resetBefore'),
	'reset after': reset('resetAfter'),
	delay: ({ random: random, purpose }) => ({
		kind: 'delay',
		ms: Math.round(random.between(50, 2_000, ...purpose, 'ms')),
	}),
	truncated: bytes('truncate'),
	stalled: bytes('stall'),
	trickled,
	'endless trickle': tricklesForever,
	'cut short': cutShort,
	'402': error(402),
	'408': proxyTimeout(408),
	'409 in progress': named(
		409,
		{ evoLink: 'paid_outcome_unknown', apiMart: 'idempotency_in_progress' },
		{ apiMart: { 'retry-after': '1' } },
	),
	'409 indeterminate': named(409, { apiMart: 'idempotency_result_indeterminate' }),
	'409 conflict': named(409, {
		evoLink: 'idempotency_conflict',
		apiMart: 'idempotency_key_reused',
	}),
	'429': error(429),
	'429, seconds': error(429, () => ({ 'retry-after': '1' })),
	'429, date': error(429, () => ({ 'retry-after': new Date(realNow() + 1_500).toUTCString() })),
	'499': proxyTimeout(499),
	'500': error(500),
	'502': error(502),
	'503': error(503),
	'503 unavailable': named(503, { apiMart: 'idempotency_unavailable' }),
	'504': error(504),
	'504 in between': proxyTimeout(504),
	'no channel': (context) =>
		context.provider === 'apiMart'
			? named(400, { apiMart: 'get_channel_failed' })(context)
			: named(503, { evoLink: 'no_available_channel' })(context),
	'500 page': page(500),
	'502 page': page(502),
	'503 page': page(503),
	'200 page': page(200),
	'200 wrong JSON': ({ random: random, purpose }) => ({
		kind: 'response',
		status: 200,
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(random.pick(WRONG_JSON, ...purpose, 'wrong')),
	}),
	'200 unknown code': ({ random: random, purpose }) => ({
		kind: 'response',
		status: 200,
		body: random.pick(UNKNOWN_CODES, ...purpose, 'code'),
	}),
	'401 with the key': quoting(401),
	'500 with the key': quoting(500),
	'200 with the key': quoting(200),
	'404': error(404),
	vanished: error(404),
	variant: reshape(withVariantShape),
	'final status': reshape(withVariantStatus),
	'error naming task': reshape(asErrorNamingTask),
	'link 403': page(403),
	'link 403 expired': () => ({
		kind: 'response',
		...objectStoreError(403, 'AccessDenied', 'Request has expired'),
	}),
	'link 404': page(404),
	'link 410': page(410),
	'link: page': page(200),
	'link: JSON': () => ({ kind: 'response', status: 200, body: { error: 'not here' } }),
	'link: nothing': () => ({ kind: 'response', status: 200, body: '' }),
	'batch: empty': batchResponse(() => []),
	'batch: every other': batchResponse(({ batchIds: requested }) =>
		requested.map((task, index) => (index % 2 === 0 ? taskRecord(task) : undefined)),
	),
	'batch: reversed': batchResponse(({ batchIds: requested }) =>
		requested.map(taskRecord).reverse(),
	),
	'batch: other tasks': batchResponse(({ others }) => others.map(taskRecord)),
	'batch: half invalid': batchResponse(({ batchIds: requested }) =>
		requested.map((task, index) =>
			index % 2 === 0 ? taskRecord(task) : { id: task.id, status: null },
		),
	),
} satisfies Record<string, FaultFactory>;

export type FaultName = keyof typeof FAULTS;

export type FaultNames = ReadonlySet<FaultName | undefined>;

/** The task may be created and charged, but its ID doesn't arrive. */
export const LOSE_RESPONSE: FaultNames = new Set([
	'reset after',
	'truncated',
	'stalled',
	'endless trickle',
	'cut short',
	'408',
	'499',
	'504 in between',
]);

/** By the providers' documentation, the request created nothing. */
export const NOT_CREATED: FaultNames = new Set([
	'402',
	'429',
	'429, seconds',
	'429, date',
	'503 unavailable',
	'no channel',
]);

/** About the Idempotency-Key, so only from providers that honor it. */
export const ABOUT_IDEMPOTENCY: FaultNames = new Set([
	'409 in progress',
	'409 indeterminate',
	'409 conflict',
	'503 unavailable',
]);

/** The response arrives and is complete. */
const DELIVERED: FaultNames = new Set([
	undefined,
	'delay',
	'trickled',
	'variant',
	'final status',
	'error naming task',
]);

/**
 * Whether the client can't tell if the create request was accepted. A rejected API key is reported in
 * formats that prove it and in others.
 */
export function leavesUnconfirmed(name: FaultName | undefined): boolean {
	return !DELIVERED.has(name) && !NOT_CREATED.has(name) && name !== '401 with the key';
}

const ANYWHERE: FaultName[] = [
	'reset before',
	'reset after',
	'delay',
	'truncated',
	'cut short',
	'429',
	'429, seconds',
	'429, date',
	'500',
	'502',
	'503',
	'504',
	'500 page',
	'502 page',
	'503 page',
];

const FROM_PROVIDERS: FaultName[] = [
	'200 page',
	'200 wrong JSON',
	'500 with the key',
	'200 with the key',
];

/** Some are repeated to occur more often. */
const FAULTS_AT: Readonly<Record<Target, readonly FaultName[]>> = {
	create: [
		...ANYWHERE,
		...FROM_PROVIDERS,
		'reset after',
		'reset after',
		'401 with the key',
		'402',
		'408',
		'499',
		'504 in between',
		'409 in progress',
		'409 in progress',
		'409 indeterminate',
		'409 conflict',
		'503 unavailable',
		'no channel',
		'200 unknown code',
		'error naming task',
		'variant',
		'variant',
	],
	query: [
		...ANYWHERE,
		...FROM_PROVIDERS,
		'404',
		'404',
		'404',
		'variant',
		'variant',
		'final status',
		'final status',
	],
	batch: [
		...ANYWHERE,
		...FROM_PROVIDERS,
		'404',
		'batch: empty',
		'batch: every other',
		'batch: reversed',
		'batch: reversed',
		'batch: other tasks',
		'batch: half invalid',
		'variant',
		'final status',
	],
	list: [...ANYWHERE, ...FROM_PROVIDERS],
	upload: [...ANYWHERE, ...FROM_PROVIDERS],
	download: [
		...ANYWHERE,
		'link 403',
		'link 403',
		'link 403 expired',
		'link 404',
		'link 410',
		'link: page',
		'link: JSON',
		'link: nothing',
	],
};

const TARGETS_AT: Readonly<Record<ProviderName, readonly Target[]>> = {
	evoLink: ['create', 'query', 'batch', 'list', 'upload', 'download'],
	apiMart: ['create', 'query', 'upload', 'download'],
	apiInOne: ['create', 'query', 'download'],
};

/** Faults that some providers don't have. */
const NOT_AT: Partial<Record<FaultName, readonly ProviderName[]>> = {
	'409 in progress': ['apiInOne'],
	'409 indeterminate': ['evoLink', 'apiInOne'],
	'409 conflict': ['apiInOne'],
	'503 unavailable': ['evoLink', 'apiInOne'],
	'no channel': ['apiInOne'],
};

/** The node may have to wait for a timeout. */
export const SLOW: FaultNames = new Set(['stalled', 'trickled', 'endless trickle']);

/**
 * The node waits five minutes for the response to an upload, and ten for a create request it can't
 * repeat, so those don't stall.
 */
function slowAt(target: Target, provider: ProviderName): FaultName[] {
	if (target === 'upload') return [];
	if (target === 'list') return ['stalled', 'endless trickle'];
	const isAwaited = target === 'create' && provider !== 'evoLink';
	return isAwaited ? ['trickled'] : ['stalled', 'trickled', 'endless trickle'];
}

/** The faults of any plan; repeated ones occur more often. */
export function faultsAt(target: Target, provider: ProviderName): FaultName[] {
	return FAULTS_AT[target].filter((name) => !NOT_AT[name]?.includes(provider));
}

/** One kind of fault of one target at one provider. */
export interface Place {
	name: FaultName;
	target: Target;
	provider: ProviderName;
}

/** Every place a fault can occur. */
export const PLACES: readonly Place[] = (Object.keys(TARGETS_AT) as ProviderName[]).flatMap(
	(provider) =>
		TARGETS_AT[provider].flatMap((target) => {
			const names = new Set([...faultsAt(target, provider), ...slowAt(target, provider)]);
			if (target === 'query') names.add('vanished');
			return [...names].map((name) => ({ name, target, provider }));
		}),
);

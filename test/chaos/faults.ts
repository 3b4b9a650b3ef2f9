import { objectStoreError } from '../sandbox/imageRoutes';
import { apiInOne } from '../sandbox/providers/apiInOne';
import { apiMart } from '../sandbox/providers/apiMart';
import { evoLink } from '../sandbox/providers/evoLink';
import type { Answer } from '../sandbox/responses';
import type { Fault, ProviderName, Step, TaskView } from '../sandbox/sandbox';
import type { Draw } from './draw';
import { errorWithTheTask, inAnotherShape, withAnotherWord } from './otherShapes';
import { trueNow } from './wallClock';

const PROVIDERS = { evoLink, apiMart, apiInOne };

/** What can be broken: the steps, and the call that asks for many tasks at once. */
export type Target = Exclude<Step, 'account'> | 'batch';

/** What a fault is made for. */
export interface Occasion {
	draw: Draw;
	provider: ProviderName;
	target: Target;
	purpose: Array<string | number>;
	/** Of a batch call. */
	asked: readonly TaskView[];
	others: readonly TaskView[];
}

type Make = (occasion: Occasion) => Fault;

const HTML = '<html><head><title>Bad gateway</title></head><body>nginx</body></html>';

const error =
	(status: number, headers?: () => Record<string, string>): Make =>
	({ provider }) => ({
		kind: 'answer',
		status,
		...(headers && { headers: headers() }),
		body: PROVIDERS[provider].refusal(status).body,
	});

const page =
	(status: number): Make =>
	() => ({ kind: 'answer', status, body: HTML });

/** Of another shape than any answer of the providers. */
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

/** Where providers quote the key they were given: in plain, in a sentence, in a header's name. */
const quoting =
	(status: number): Make =>
	({ provider, draw, purpose }) => {
		const { key } = PROVIDERS[provider];
		const words = draw.pick(
			[`Incorrect API key provided: ${key}`, `Bearer ${key} "${key}" is not known`, key],
			...purpose,
			'words',
		);
		const body = draw.pick<unknown>(
			[
				{ error: { code: status, message: words, type: 'authentication_error' } },
				`<html><body>${words}</body></html>`,
				{ message: words, code: key, debug: { [key]: [key] } },
			],
			...purpose,
			'shape',
		);
		return { kind: 'answer', status, body };
	};

/** An error that its name tells more of than its status: providers write it in one of three places. */
const named =
	(
		status: number,
		names: Partial<Record<ProviderName, string>>,
		headers: Partial<Record<ProviderName, Record<string, string>>> = {},
	): Make =>
	({ provider, draw, purpose }) => {
		const name = names[provider];
		if (name === undefined) throw new Error(`${provider} has no such error`);
		const words = 'The request was not carried out';
		const error = draw.pick(
			[
				{ code: name, message: words, type: 'invalid_request_error' },
				{ code: status, message: words, type: name },
				{ code: '', message: `${name}: ${words}`, type: '' },
			],
			...purpose,
			'place',
		);
		return { kind: 'answer', status, headers: headers[provider], body: { error } };
	};

/** With HTTP 200 and a code that stands in no document. */
const UNKNOWN_CODES: unknown[] = [
	{ code: 1001, message: 'see the log' },
	{ success: false, code: 'E1001', message: 'see the log' },
	{ success: false, code: 1001, msg: 'see the log', data: null },
];

const reset =
	(kind: 'resetBefore' | 'resetAfter'): Make =>
	() => ({ kind });

/** An answer has some hundred bytes and a picture some thousand; nothing at all is sent, too. */
function bytesLeft({ draw, purpose }: Occasion): number {
	return Math.floor(4_000 * draw.number(...purpose, 'bytes') ** 4);
}

const bytes =
	(kind: 'truncate' | 'stall'): Make =>
	(occasion) => ({ kind, bytes: bytesLeft(occasion) });

/** A create that a limit has refused stays whole: its status tells so, whatever becomes of the rest. */
const cutShort: Make = (occasion) => {
	const most = bytesLeft(occasion);
	if (occasion.target !== 'create') return { kind: 'cut', bytes: most };
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

/** Slow, and whole in the end: an answer takes some seconds. */
const trickled: Make = ({ target, draw, purpose }) => ({
	kind: 'trickle',
	everyMs: target === 'download' ? 3 : draw.integer(8, 20, ...purpose, 'pace'),
});

/** So slow that nobody waits for the end. Whoever does gets the beginning of a picture all the same. */
const tricklesOn: Make = ({ target }) => ({
	kind: 'trickle',
	everyMs: target === 'download' ? 50 : 1_000,
});

const reshape =
	(change: (answer: Answer, occasion: Occasion) => Answer): Make =>
	(occasion) => ({ kind: 'reshape', change: (answer) => change(answer, occasion) });

/** Whatever stands in between has lost patience: half the time, the request has its effect all the same. */
const gaveUpWaiting =
	(status: number): Make =>
	(occasion) => {
		const { draw, purpose, provider } = occasion;
		const body = draw.chance(0.5, ...purpose, 'bare')
			? HTML
			: PROVIDERS[provider].refusal(status).body;
		return draw.chance(0.5, ...purpose, 'effect')
			? { kind: 'reshape', change: () => ({ status, body }) }
			: { kind: 'answer', status, body };
	};

/** As EvoLink tells of a task; undefined for one that has failed, which is told of by the sandbox only. */
function told({ id, model, status, images, createdAt }: TaskView): unknown {
	if (status === 'failed') return undefined;
	const created = Math.floor(createdAt / 1000);
	return { id, model, status, created, ...(status === 'completed' && { results: images }) };
}

/** An answer to a batch call. */
const telling =
	(of: (occasion: Occasion) => unknown[]): Make =>
	(occasion) => ({
		kind: 'answer',
		status: 200,
		body: { data: of(occasion).filter((one) => one !== undefined) },
	});

/** Every kind of fault that a request can meet. */
export const FAULTS = {
	'reset before': reset('resetBefore'),
	'reset after': reset('resetAfter'),
	delay: ({ draw, purpose }) => ({
		kind: 'delay',
		ms: Math.round(draw.between(50, 2_000, ...purpose, 'ms')),
	}),
	truncated: bytes('truncate'),
	stalled: bytes('stall'),
	trickled,
	'trickles on': tricklesOn,
	'cut short': cutShort,
	'402': error(402),
	'408': gaveUpWaiting(408),
	'409 under way': named(
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
	'429, date': error(429, () => ({ 'retry-after': new Date(trueNow() + 1_500).toUTCString() })),
	'499': gaveUpWaiting(499),
	'500': error(500),
	'502': error(502),
	'503': error(503),
	'503 unavailable': named(503, { apiMart: 'idempotency_unavailable' }),
	'504': error(504),
	'504 in between': gaveUpWaiting(504),
	'no channel': (occasion) =>
		occasion.provider === 'apiMart'
			? named(400, { apiMart: 'get_channel_failed' })(occasion)
			: named(503, { evoLink: 'no_available_channel' })(occasion),
	'500 page': page(500),
	'502 page': page(502),
	'503 page': page(503),
	'200 page': page(200),
	'200 wrong JSON': ({ draw, purpose }) => ({
		kind: 'answer',
		status: 200,
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(draw.pick(WRONG_JSON, ...purpose, 'wrong')),
	}),
	'200 unknown code': ({ draw, purpose }) => ({
		kind: 'answer',
		status: 200,
		body: draw.pick(UNKNOWN_CODES, ...purpose, 'code'),
	}),
	'401 with the key': quoting(401),
	'500 with the key': quoting(500),
	'200 with the key': quoting(200),
	'404': error(404),
	vanished: error(404),
	wrapped: reshape(inAnotherShape),
	'final word': reshape(withAnotherWord),
	'error with the task': reshape(errorWithTheTask),
	'link 403': page(403),
	'link 403 expired': () => ({
		kind: 'answer',
		...objectStoreError(403, 'AccessDenied', 'Request has expired'),
	}),
	'link 404': page(404),
	'link 410': page(410),
	'link: page': page(200),
	'link: JSON': () => ({ kind: 'answer', status: 200, body: { error: 'not here' } }),
	'link: nothing': () => ({ kind: 'answer', status: 200, body: '' }),
	'tells of none': telling(() => []),
	'tells of every other': telling(({ asked }) =>
		asked.map((task, index) => (index % 2 === 0 ? told(task) : undefined)),
	),
	'tells backwards': telling(({ asked }) => asked.map(told).reverse()),
	'tells of strangers': telling(({ others }) => others.map(told)),
	'tells half of it': telling(({ asked }) =>
		asked.map((task, index) => (index % 2 === 0 ? told(task) : { id: task.id, status: null })),
	),
} satisfies Record<string, Make>;

export type FaultName = keyof typeof FAULTS;

export type Names = ReadonlySet<FaultName | undefined>;

/** The task may be made and charged all the same, and its id does not arrive. */
export const LOSING: Names = new Set([
	'reset after',
	'truncated',
	'stalled',
	'trickles on',
	'cut short',
	'408',
	'499',
	'504 in between',
]);

/** Whoever is told so knows, by the contract, that the request has made nothing. */
export const DECIDED: Names = new Set([
	'402',
	'429',
	'429, seconds',
	'429, date',
	'503 unavailable',
	'no channel',
]);

/** These say something about the request's key, so they come only from a provider that knows keys. */
export const ABOUT_KEYS: Names = new Set([
	'409 under way',
	'409 indeterminate',
	'409 conflict',
	'503 unavailable',
]);

/** The answer arrives, sooner or later, and tells what there is to tell. */
const SOUND: Names = new Set([
	undefined,
	'delay',
	'trickled',
	'wrapped',
	'final word',
	'error with the task',
]);

/**
 * Whether whoever sent the create knows nothing of what became of it. A key that is not accepted is told
 * of in shapes that prove it, and in others.
 */
export function isOpen(name: FaultName | undefined): boolean {
	return !SOUND.has(name) && !DECIDED.has(name) && name !== '401 with the key';
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

/** Some stand there more than once, to come more often. */
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
		'409 under way',
		'409 under way',
		'409 indeterminate',
		'409 conflict',
		'503 unavailable',
		'no channel',
		'200 unknown code',
		'error with the task',
		'wrapped',
		'wrapped',
	],
	query: [
		...ANYWHERE,
		...FROM_PROVIDERS,
		'404',
		'404',
		'404',
		'wrapped',
		'wrapped',
		'final word',
		'final word',
	],
	batch: [
		...ANYWHERE,
		...FROM_PROVIDERS,
		'404',
		'tells of none',
		'tells of every other',
		'tells backwards',
		'tells backwards',
		'tells of strangers',
		'tells half of it',
		'wrapped',
		'final word',
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

/** Where a kind of fault is no fault of that provider's. */
const NOT_AT: Partial<Record<FaultName, readonly ProviderName[]>> = {
	'409 under way': ['apiInOne'],
	'409 indeterminate': ['evoLink', 'apiInOne'],
	'409 conflict': ['apiInOne'],
	'503 unavailable': ['evoLink', 'apiInOne'],
	'no channel': ['apiInOne'],
};

/** The node may have to wait them out. */
export const SLOW: Names = new Set(['stalled', 'trickled', 'trickles on']);

/**
 * The node waits five minutes for the answer to an upload, and ten for that to a create which it
 * cannot repeat: those do not stall.
 */
function slowAt(target: Target, provider: ProviderName): FaultName[] {
	if (target === 'upload') return [];
	if (target === 'list') return ['stalled', 'trickles on'];
	const isAwaited = target === 'create' && provider !== 'evoLink';
	return isAwaited ? ['trickled'] : ['stalled', 'trickled', 'trickles on'];
}

/** What may come up there in any run; as often as it is to come. */
export function faultsAt(target: Target, provider: ProviderName): FaultName[] {
	return FAULTS_AT[target].filter((name) => !NOT_AT[name]?.includes(provider));
}

/** One kind of fault, at one target, at one provider. */
export interface Place {
	name: FaultName;
	target: Target;
	provider: ProviderName;
}

/** Every place where a fault can come up. */
export const PLACES: readonly Place[] = (Object.keys(TARGETS_AT) as ProviderName[]).flatMap(
	(provider) =>
		TARGETS_AT[provider].flatMap((target) => {
			const names = new Set([...faultsAt(target, provider), ...slowAt(target, provider)]);
			if (target === 'query') names.add('vanished');
			return [...names].map((name) => ({ name, target, provider }));
		}),
);

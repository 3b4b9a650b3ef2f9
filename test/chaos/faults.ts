import { z } from 'zod';

import type {
	Fault,
	GatewayName,
	Intercept,
	Sandbox,
	SandboxRequest,
	Step,
	TaskView,
} from '../sandbox/sandbox';
import { apiInOne } from '../sandbox/gateways/apiInOne';
import { apiMart } from '../sandbox/gateways/apiMart';
import { evoLink } from '../sandbox/gateways/evoLink';
import { Draw } from './draw';
import type { Plan } from './plan';

const GATEWAYS = { evoLink, apiMart, apiInOne };

/** One request, and what happened to it. */
export interface Event {
	request: SandboxRequest;
	/** Whose request it is: the same in every run of the seed, which task ids are not. */
	subject: string;
	/** For this subject and step, from 1. */
	attempt: number;
	/** The name of the fault; undefined where the answer was sound. */
	name?: FaultName;
	fault?: Fault;
	/** The tasks that a batch call asks for. */
	asked?: readonly string[];
}

/** What can be broken: the steps, and the call that asks for many tasks at once. */
export type Target = Exclude<Step, 'account' | 'list'> | 'batch';

export function targetOf({ request: { step }, asked }: Pick<Event, 'request' | 'asked'>): Target {
	if (step === 'account' || step === 'list') throw new Error(`The node asks for no ${step}`);
	return asked ? 'batch' : step;
}

type Make = (event: {
	draw: Draw;
	gateway: GatewayName;
	purpose: Array<string | number>;
	/** Of a batch call. */
	asked: readonly TaskView[];
	others: readonly TaskView[];
}) => Fault;

const HTML = '<html><head><title>Bad gateway</title></head><body>nginx</body></html>';

const error =
	(status: number, headers?: (draw: Draw) => Record<string, string>): Make =>
	({ gateway, draw }) => ({
		kind: 'answer',
		status,
		...(headers && { headers: headers(draw) }),
		body: GATEWAYS[gateway].refusal(status).body,
	});

const page =
	(status: number): Make =>
	() => ({ kind: 'answer', status, body: HTML });

/** Of another shape than any answer of the gateways. */
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

/** Where gateways quote the key they were given: in plain, in a sentence, in a header's name. */
const quoting =
	(status: number): Make =>
	({ gateway, draw, purpose }) => {
		const { key } = GATEWAYS[gateway];
		const words = draw.pick(
			[`Incorrect API key provided: ${key}`, `Bearer ${key} "${key}" is not known`, key],
			...purpose,
			'words',
		);
		const shape = draw.integer(0, 2, ...purpose, 'shape');
		const body: unknown = [
			{ error: { code: status, message: words, type: 'authentication_error' } },
			`<html><body>${words}</body></html>`,
			{ message: words, code: key, debug: { [key]: [key] } },
		][shape];
		return { kind: 'answer', status, body };
	};

const reset =
	(kind: 'resetBefore' | 'resetAfter'): Make =>
	() => ({ kind });

const bytes =
	(kind: 'truncate' | 'stall' | 'cut'): Make =>
	({ draw, purpose }) => ({
		kind,
		// An answer has some hundred bytes and a picture some thousand; nothing at all is sent, too.
		bytes: Math.floor(4_000 * draw.number(...purpose, 'bytes') ** 4),
	});

/** As EvoLink tells of a task; undefined for one that has failed, which is told of by the sandbox only. */
function told({ id, model, status, images, createdAt }: TaskView): unknown {
	if (status === 'failed') return undefined;
	const created = Math.floor(createdAt / 1000);
	return { id, model, status, created, ...(status === 'completed' && { results: images }) };
}

/** An answer to a batch call. */
const telling =
	(of: (event: Parameters<Make>[0]) => unknown[]): Make =>
	(event) => ({
		kind: 'answer',
		status: 200,
		body: { data: of(event).filter((one) => one !== undefined) },
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
	'cut short': bytes('cut'),
	'429': error(429),
	'429, seconds': error(429, () => ({ 'retry-after': '1' })),
	'429, date': error(429, () => ({
		'retry-after': new Date(Date.now() + 1_500).toUTCString(),
	})),
	'500': error(500),
	'502': error(502),
	'503': error(503),
	'504': error(504),
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
	'401 with the key': quoting(401),
	'500 with the key': quoting(500),
	'200 with the key': quoting(200),
	'404': error(404),
	vanished: error(404),
	'link 403': page(403),
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

/** The task is made and charged all the same, and its id does not arrive. */
export const LOSING: ReadonlySet<FaultName | undefined> = new Set([
	'reset after',
	'truncated',
	'stalled',
	'cut short',
]);

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

const FROM_GATEWAYS: FaultName[] = [
	'200 page',
	'200 wrong JSON',
	'500 with the key',
	'200 with the key',
];

/** Some stand there more than once, to come more often. */
export const FAULTS_AT: Readonly<Record<Target, readonly FaultName[]>> = {
	create: [...ANYWHERE, ...FROM_GATEWAYS, 'reset after', 'reset after', '401 with the key'],
	query: [...ANYWHERE, ...FROM_GATEWAYS, '404', '404', '404'],
	batch: [
		...ANYWHERE,
		...FROM_GATEWAYS,
		'404',
		'tells of none',
		'tells of every other',
		'tells backwards',
		'tells backwards',
		'tells of strangers',
		'tells half of it',
	],
	upload: [...ANYWHERE, ...FROM_GATEWAYS],
	download: [
		...ANYWHERE,
		'link 403',
		'link 404',
		'link 410',
		'link: page',
		'link: JSON',
		'link: nothing',
	],
};

/** The node waits five minutes for the answer to an upload: that one never stalls. */
export const STALLING: readonly Target[] = ['create', 'query', 'batch', 'download'];
const MOST_STALLS = 2;
const STALLING_SHARE = 0.3;

const VANISHED_SHARE = 0.12;
/** So that a stop meets creates that are under way. */
const SLOW_CREATE_SHARE = 0.3;
/** A lost create that is sent again and refused for good: the row ends, and it is not known how. */
const REFUSED_AFTER_SHARE = 0.3;
const REFUSAL: FaultName = '401 with the key';
/** There are few batch calls, and after most faults the node makes no more of them. */
const BATCH_SHARE = 3;

const batchBody = z.object({ task_ids: z.array(z.string()) });

function askedIds({ step, taskId, body }: SandboxRequest): string[] | undefined {
	if (step !== 'query' || taskId !== undefined) return undefined;
	return batchBody.parse(body).task_ids;
}

/** Breaks the requests of one run, and keeps the list of them. */
export class FaultInjector {
	readonly events: Event[] = [];

	private readonly draw: Draw;
	private readonly attempts = new Map<string, number>();
	private readonly inRow = new Map<string, number>();
	private readonly last = new Map<string, FaultName | undefined>();
	private readonly subjects = new Map<string, string>();
	private stalls = 0;

	constructor(
		private readonly plan: Plan,
		private readonly tasks: () => ReturnType<Sandbox['tasks']>,
	) {
		this.draw = new Draw(plan.seed);
	}

	readonly intercept: Intercept = (request) => {
		const subject = this.subjectOf(request);
		const key = `${request.step} ${subject}`;
		const attempt = (this.attempts.get(key) ?? 0) + 1;
		this.attempts.set(key, attempt);
		const ids = askedIds(request);
		const event: Event = { request, subject, attempt, ...(ids && { asked: ids }) };
		this.events.push(event);
		const name = this.choose(targetOf(event), key, attempt);
		this.last.set(key, name);
		this.inRow.set(key, name === undefined ? 0 : (this.inRow.get(key) ?? 0) + 1);
		if (name === undefined) return undefined;
		const { gateway = 'evoLink' } = request;
		const isAsked = ({ id }: TaskView) => ids?.includes(id) === true;
		const fault = FAULTS[name]({
			draw: this.draw,
			gateway,
			purpose: [key, attempt],
			asked: ids ? this.tasks().filter(isAsked) : [],
			others: ids ? this.tasks().filter((task) => !isAsked(task)) : [],
		});
		Object.assign(event, { name, fault });
		return fault;
	};

	private choose(target: Target, key: string, attempt: number): FaultName | undefined {
		const { draw } = this;
		const { rate, mostInRow, mayStall } = this.plan.faults;
		if (target === 'query' && attempt > 1 && draw.chance(VANISHED_SHARE * rate, key, 'vanishes')) {
			return 'vanished';
		}
		const mayMeetStop = target === 'create' && this.plan.cancelAfterMs !== undefined;
		if (mayMeetStop && draw.chance(SLOW_CREATE_SHARE, key, attempt, 'slow')) return 'delay';
		const isLost = target === 'create' && LOSING.has(this.last.get(key));
		if (isLost && draw.chance(REFUSED_AFTER_SHARE, key, attempt, 'refused')) return REFUSAL;
		if ((this.inRow.get(key) ?? 0) >= mostInRow) return undefined;
		const share = target === 'batch' ? BATCH_SHARE * rate : rate;
		if (!draw.chance(share, key, attempt)) return undefined;
		const isStalling = mayStall && STALLING.includes(target);
		if (isStalling && draw.chance(STALLING_SHARE, key, attempt, 'stalls')) {
			this.stalls += 1;
			if (this.stalls <= MOST_STALLS) return 'stalled';
		}
		return draw.pick(FAULTS_AT[target], key, attempt, 'which');
	}

	private subjectOf({ gateway, step, prompt, taskId, upload, path }: SandboxRequest): string {
		if (step === 'create') return `${gateway}: ${prompt}`;
		if (upload) return `${gateway}: ${upload.sha256.slice(0, 8)}`;
		if (taskId === undefined) return path;
		const image = step === 'download' ? ` ${/\d+(?=\.png$)/.exec(path)?.[0]}` : '';
		return `${this.nameOf(taskId)}${image}`;
	}

	/** Task ids are random: by prompt, and by order where several have the same. */
	private nameOf(taskId: string): string {
		const known = this.subjects.get(taskId);
		if (known !== undefined) return known;
		const tasks = this.tasks();
		const task = tasks.find(({ id }) => id === taskId);
		if (!task) return 'no task';
		const same = tasks.filter(
			({ gateway, prompt }) => gateway === task.gateway && prompt === task.prompt,
		);
		const name = `${task.gateway}: ${task.prompt} #${same.indexOf(task) + 1}`;
		this.subjects.set(taskId, name);
		return name;
	}
}

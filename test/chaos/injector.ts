import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';

import type { Answer } from '../sandbox/responses';
import type { Fault, Intercept, Sandbox, SandboxRequest, TaskView } from '../sandbox/sandbox';
import { Draw } from './draw';
import {
	ABOUT_KEYS,
	FAULTS,
	faultsAt,
	isOpen,
	LOSING,
	SLOW,
	type FaultName,
	type Place,
	type Target,
} from './faults';
import { createdIds } from './otherShapes';
import type { Plan } from './plan';
import { stable } from './rows';

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
	/** What the answer to a create tells, where it arrives whole. */
	said?: { status: number; isReplay: boolean; taskIds: readonly string[] };
}

export function targetOf({ request: { step }, asked }: Pick<Event, 'request' | 'asked'>): Target {
	if (step === 'account') throw new Error('The node asks for no account');
	return asked ? 'batch' : step;
}

export function placeOf(event: Event): Place | undefined {
	const { name, request } = event;
	return name && { name, target: targetOf(event), provider: request.provider ?? 'evoLink' };
}

const MAX_SLOW = 2;
const VANISHED_SHARE = 0.12;
/** So that a stop meets creates that are under way. */
const SLOW_CREATE_SHARE = 0.3;
/** A lost create that is sent again and refused for good: the row ends, and it is not known how. */
const REFUSED_AFTER_SHARE = 0.3;
const REFUSALS: FaultName[] = ['401 with the key', '402'];
/** There are few such calls, and after most faults the node makes no more of them. */
const SHARES: Partial<Record<Target, number>> = { batch: 3, list: 2, upload: 2 };
/** Of the requests that the run's own fault can come to; of slow ones, few come at all. */
const FOCUS_SHARE = 0.4;
const SLOW_SHARE = 0.7;

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
	private slowOnes = 0;

	constructor(
		private readonly plan: Plan,
		private readonly tasks: () => ReturnType<Sandbox['tasks']>,
	) {
		this.draw = new Draw(plan.seed);
	}

	readonly intercept: Intercept = async (request) => {
		const subject = this.subjectOf(request);
		const key = `${request.step} ${subject}`;
		const attempt = (this.attempts.get(key) ?? 0) + 1;
		this.attempts.set(key, attempt);
		const ids = askedIds(request);
		const event: Event = { request, subject, attempt, ...(ids && { asked: ids }) };
		this.events.push(event);
		const name = this.choose(event, key);
		this.last.set(key, name);
		this.inRow.set(key, name === undefined ? 0 : (this.inRow.get(key) ?? 0) + 1);
		if (name === undefined) return await this.reading(event);
		const { provider = 'evoLink' } = request;
		const isAsked = ({ id }: TaskView) => ids?.includes(id) === true;
		const fault = FAULTS[name]({
			draw: this.draw,
			provider,
			target: targetOf(event),
			purpose: [key, attempt],
			asked: ids ? this.tasks().filter(isAsked) : [],
			others: ids ? this.tasks().filter((task) => !isAsked(task)) : [],
		});
		Object.assign(event, { name, fault });
		return await this.reading(event);
	};

	/** The event's fault, or none, with an eye on what the provider really says. */
	private async reading(event: Event): Promise<Fault | undefined> {
		const { fault, request } = event;
		const change = fault?.kind === 'reshape' ? fault.change : undefined;
		if (fault?.kind === 'delay') await wait(fault.ms);
		else if (fault && !change) return fault;
		if (!change && request.step !== 'create') return undefined;
		return {
			kind: 'reshape',
			change: (answer) => {
				const changed = change?.(answer) ?? answer;
				if (change && changed === answer) {
					delete event.name;
					delete event.fault;
				}
				if (request.step === 'create' && !isOpen(event.name)) event.said = said(request, answer);
				return changed;
			},
		};
	}

	private choose(event: Event, key: string): FaultName | undefined {
		const { draw } = this;
		const { attempt, request } = event;
		const { rate, mostInRow } = this.plan.faults;
		const target = targetOf(event);
		if (target === 'query' && attempt > 1 && draw.chance(VANISHED_SHARE * rate, key, 'vanishes')) {
			return 'vanished';
		}
		const mayMeetStop = target === 'create' && this.plan.cancelAfterMs !== undefined;
		if (mayMeetStop && draw.chance(SLOW_CREATE_SHARE, key, attempt, 'slow')) return 'delay';
		const isLost = target === 'create' && LOSING.has(this.last.get(key));
		if (isLost && draw.chance(REFUSED_AFTER_SHARE, key, attempt, 'refused')) {
			return draw.pick(REFUSALS, key, attempt, 'refusal');
		}
		if ((this.inRow.get(key) ?? 0) >= mostInRow) return undefined;
		const focus = this.focusAt(event, key);
		if (focus) return focus;
		if (!draw.chance((SHARES[target] ?? 1) * rate, key, attempt)) return undefined;
		const possible = faultsAt(target, request.provider ?? 'evoLink').filter(
			(name) => !ABOUT_KEYS.has(name) || this.knowsKeys(request),
		);
		return draw.pick(possible, key, attempt, 'which');
	}

	/** The fault that this run is for: among five hundred, each of them has its own run. */
	private focusAt(event: Event, key: string): FaultName | undefined {
		const { focus, rate } = this.plan.faults;
		const { provider } = event.request;
		if (rate === 0 || focus.target !== targetOf(event) || focus.provider !== provider)
			return undefined;
		const isSlow = SLOW.has(focus.name);
		const share = isSlow ? SLOW_SHARE : FOCUS_SHARE;
		if (!this.draw.chance(share, key, event.attempt, 'focus')) return undefined;
		if (!isSlow) return focus.name;
		this.slowOnes += 1;
		return this.slowOnes <= MAX_SLOW ? focus.name : undefined;
	}

	private knowsKeys({ provider }: SandboxRequest): boolean {
		const { keys } = this.plan;
		return provider !== undefined && provider !== 'apiInOne' && keys[provider] === 'honoured';
	}

	private subjectOf({ provider, step, prompt = '', taskId, upload, path }: SandboxRequest): string {
		if (step === 'create') return `${provider}: ${stable(prompt)}`;
		if (upload) return `${provider}: ${upload.sha256.slice(0, 8)}`;
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
		const prompt = stable(task.prompt);
		const same = tasks.filter(
			(other) => other.provider === task.provider && stable(other.prompt) === prompt,
		);
		const name = `${task.provider}: ${prompt} #${same.indexOf(task) + 1}`;
		this.subjects.set(taskId, name);
		return name;
	}
}

function said({ provider = 'evoLink' }: SandboxRequest, answer: Answer): Event['said'] {
	const headers = Object.entries(answer.headers ?? {});
	return {
		status: answer.status,
		isReplay: headers.some(
			([header, value]) => header.toLowerCase() === 'idempotency-replayed' && value === 'true',
		),
		taskIds: createdIds(provider, answer),
	};
}

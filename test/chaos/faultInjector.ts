import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';

import type { SandboxResponse } from '../sandbox/responses';
import type { Fault, Intercept, Sandbox, SandboxRequest, TaskView } from '../sandbox/sandbox';
import {
	ABOUT_IDEMPOTENCY,
	FAULTS,
	faultsAt,
	leavesUnconfirmed,
	LOSE_RESPONSE,
	SLOW,
	type FaultName,
	type Place,
	type Target,
} from './faults';
import type { Plan } from './plan';
import { createdIds } from './responseVariants';
import { stable } from './rows';
import { SeededRandom } from './seededRandom';

/** A request and what happened to it. */
export interface RequestEvent {
	request: SandboxRequest;
	/** What the request is about: unlike task IDs, the same every time a seed is run. */
	subject: string;
	/** Counts requests with this subject and step, from 1. */
	attempt: number;
	/** The fault; undefined if there was none. */
	name?: FaultName;
	fault?: Fault;
	/** The tasks of a batch query. */
	batchIds?: readonly string[];
	/** What the client learns from the response to a create request, if it arrives complete. */
	createResponse?: { status: number; isReplay: boolean; taskIds: readonly string[] };
}

export function targetOf({
	request: { step },
	batchIds: batchIds,
}: Pick<RequestEvent, 'request' | 'batchIds'>): Target {
	if (step === 'account' || step === 'catalog') throw new Error(`No fault is planned for ${step}`);
	return batchIds ? 'batch' : step;
}

export function placeOf(event: RequestEvent): Place | undefined {
	const { name, request } = event;
	return name && { name, target: targetOf(event), provider: request.provider ?? 'evoLink' };
}

const MAX_SLOW = 2;
const VANISHED_SHARE = 0.12;
/** So that stops meet pending create requests. */
const SLOW_CREATE_SHARE = 0.3;
/** A lost create request that is rejected when repeated: its row fails without a known result. */
const REFUSED_AFTER_SHARE = 0.3;
const REFUSALS: FaultName[] = ['401 with the key', '402'];
/** Boosted, as there are few such requests, and after most faults no more. */
const SHARES: Partial<Record<Target, number>> = { batch: 3, list: 2, upload: 2 };
/** The share of requests that get the plan's focus; higher for slow faults, as there are few. */
const FOCUS_SHARE = 0.4;
const SLOW_SHARE = 0.7;

const batchBody = z.object({ task_ids: z.array(z.string()) });

function batchIdsOf({ step, taskId, body }: SandboxRequest): string[] | undefined {
	if (step !== 'query' || taskId !== undefined) return undefined;
	return batchBody.parse(body).task_ids;
}

/** Injects faults into the requests of one plan and records them. */
export class FaultInjector {
	readonly events: RequestEvent[] = [];

	private readonly random: SeededRandom;
	private readonly attempts = new Map<string, number>();
	private readonly consecutive = new Map<string, number>();
	private readonly last = new Map<string, FaultName | undefined>();
	private readonly subjects = new Map<string, string>();
	private slowOnes = 0;

	constructor(
		private readonly plan: Plan,
		private readonly tasks: () => ReturnType<Sandbox['tasks']>,
	) {
		this.random = new SeededRandom(plan.seed);
	}

	readonly intercept: Intercept = async (request) => {
		const subject = this.subjectOf(request);
		const key = `${request.step} ${subject}`;
		const attempt = (this.attempts.get(key) ?? 0) + 1;
		this.attempts.set(key, attempt);
		const ids = batchIdsOf(request);
		const event: RequestEvent = { request, subject, attempt, ...(ids && { batchIds: ids }) };
		this.events.push(event);
		const name = this.choose(event, key);
		this.last.set(key, name);
		this.consecutive.set(key, name === undefined ? 0 : (this.consecutive.get(key) ?? 0) + 1);
		if (name === undefined) return await this.applyFault(event);
		const { provider = 'evoLink' } = request;
		const isAsked = ({ id }: TaskView) => ids?.includes(id) === true;
		const fault = FAULTS[name]({
			random: this.random,
			provider,
			target: targetOf(event),
			purpose: [key, attempt],
			batchIds: ids ? this.tasks().filter(isAsked) : [],
			others: ids ? this.tasks().filter((task) => !isAsked(task)) : [],
		});
		Object.assign(event, { name, fault });
		return await this.applyFault(event);
	};

	/** The event's fault, if any; also records the provider's response. */
	private async applyFault(event: RequestEvent): Promise<Fault | undefined> {
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
				if (request.step === 'create' && !leavesUnconfirmed(event.name))
					event.createResponse = createResponse(request, answer);
				return changed;
			},
		};
	}

	private choose(event: RequestEvent, key: string): FaultName | undefined {
		const { random: random } = this;
		const { attempt, request } = event;
		const { rate, maxConsecutive: mostInRow } = this.plan.faults;
		const target = targetOf(event);
		if (
			target === 'query' &&
			attempt > 1 &&
			random.chance(VANISHED_SHARE * rate, key, 'vanishes')
		) {
			return 'vanished';
		}
		const mayMeetStop = target === 'create' && this.plan.cancelAfterMs !== undefined;
		if (mayMeetStop && random.chance(SLOW_CREATE_SHARE, key, attempt, 'slow')) return 'delay';
		const isLost = target === 'create' && LOSE_RESPONSE.has(this.last.get(key));
		if (isLost && random.chance(REFUSED_AFTER_SHARE, key, attempt, 'refused')) {
			return random.pick(REFUSALS, key, attempt, 'refusal');
		}
		if ((this.consecutive.get(key) ?? 0) >= mostInRow) return undefined;
		const focus = this.focusAt(event, key);
		if (focus) return focus;
		if (!random.chance((SHARES[target] ?? 1) * rate, key, attempt)) return undefined;
		const possible = faultsAt(target, request.provider ?? 'evoLink').filter(
			(name) => !ABOUT_IDEMPOTENCY.has(name) || this.supportsIdempotency(request),
		);
		return random.pick(possible, key, attempt, 'which');
	}

	/** The plan's own fault: 500 plans cover all of them. */
	private focusAt(event: RequestEvent, key: string): FaultName | undefined {
		const { focus, rate } = this.plan.faults;
		const { provider } = event.request;
		if (rate === 0 || focus.target !== targetOf(event) || focus.provider !== provider)
			return undefined;
		const isSlow = SLOW.has(focus.name);
		const share = isSlow ? SLOW_SHARE : FOCUS_SHARE;
		if (!this.random.chance(share, key, event.attempt, 'focus')) return undefined;
		if (!isSlow) return focus.name;
		this.slowOnes += 1;
		return this.slowOnes <= MAX_SLOW ? focus.name : undefined;
	}

	private supportsIdempotency({ provider }: SandboxRequest): boolean {
		const { idempotency: keys } = this.plan;
		return provider !== undefined && provider !== 'apiInOne' && keys[provider] === 'honored';
	}

	private subjectOf({ provider, step, prompt = '', taskId, upload, path }: SandboxRequest): string {
		if (step === 'create') return `${provider}: ${stable(prompt)}`;
		if (upload) return `${provider}: ${upload.sha256.slice(0, 8)}`;
		if (taskId === undefined) return path;
		const image = step === 'download' ? ` ${/\d+(?=\.\w+$)/.exec(path)?.[0]}` : '';
		return `${this.nameOf(taskId)}${image}`;
	}

	/** By prompt and order, as task IDs are random. */
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

function createResponse(
	{ provider = 'evoLink' }: SandboxRequest,
	answer: SandboxResponse,
): RequestEvent['createResponse'] {
	const headers = Object.entries(answer.headers ?? {});
	return {
		status: answer.status,
		isReplay: headers.some(
			([header, value]) => header.toLowerCase() === 'idempotency-replayed' && value === 'true',
		),
		taskIds: createdIds(provider, answer),
	};
}

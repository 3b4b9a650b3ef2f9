import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { CallbackSender, RetryRule } from '../callbacks';
import type { Arrival, FaultDoor, SandboxRequest } from '../faults';
import { FREE_VISIT, KeyBook, type IdempotencyMode, type Visit } from '../idempotency';
import { linksOf } from '../links';
import { readMarkers, type Markers } from '../markers';
import { outcomeOf } from '../outcome';
import { RETRY_AFTER } from '../rateLimit';
import type { ReferenceReader, Sight } from '../referenceReader';
import type { Answer } from '../responses';
import { finishOf, momentOf, type Task, type TaskOrder, type TaskStore } from '../tasks';
import { evoLink, readEvoLinkBatch } from './evoLink';
import { listEvoLinkTasks } from './evoLinkTaskList';
import type { Provider, MadeTasks } from './provider';

/** What the providers share: the clock, the tasks, the door, the post. */
export interface Premises {
	now(): number;
	/** Known once the server listens. */
	origin(): string;
	secondsFor(order: { provider: Provider['name']; prompt: string }): number;
	tasks: TaskStore;
	door: FaultDoor;
	callbacks: CallbackSender;
	references: ReferenceReader;
	callbackHosts: readonly string[];
	/** In place of the providers' own defaults. */
	idempotency: Partial<Record<Provider['name'], IdempotencyMode>>;
	/** How many of a provider's tasks may be unfinished at the same time. */
	concurrentTasks?: number;
	/** Overrides the documented waits between retries. */
	callbackDelaysMs?: readonly number[];
}

/** A body as it came: parsed, or the reason why it is no JSON. */
type ReadBody = { json: unknown } | { fault: string };

type AccountRoute = NonNullable<Provider['account']>;

export function addProviderRoutes(
	app: FastifyInstance,
	provider: Provider,
	premises: Premises,
): void {
	const desk = new Desk(provider, premises);
	const path = (rest: string): string => `${provider.prefix}${rest}`;
	app.post(path('/v1/images/generations'), (request, reply) => desk.create(request, reply));
	app.get<{ Params: { taskId: string } }>(path('/v1/tasks/:taskId'), (request, reply) =>
		desk.query(request, reply, request.params.taskId),
	);
	const { account } = provider;
	if (account !== undefined) {
		app.get(path(account.path), (request, reply) => desk.account(request, reply, account));
	}
	if (provider === evoLink) {
		app.post(path('/v1/tasks/batch'), (request, reply) => desk.batch(request, reply));
		app.get(path('/v1/tasks'), (request, reply) => desk.list(request, reply));
	}
}

class Desk {
	/** Absent where a key means nothing. */
	private readonly keyBook?: KeyBook;

	constructor(
		private readonly provider: Provider,
		private readonly premises: Premises,
	) {
		const { name, idempotency: rules } = provider;
		if (rules === undefined) return;
		const mode = premises.idempotency[name] ?? rules.byDefault;
		if (mode === 'honoured') this.keyBook = new KeyBook(rules, premises.now);
	}

	create(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
		const read = readBody(request.body);
		const body = 'json' in read ? read.json : request.body;
		const arrival = this.arrival('create', { body, ...promptOf(body) });
		const visit = this.visitOf(request, body);
		return this.serve(
			request,
			reply,
			arrival,
			(event) => visit.answer(() => this.judge(event, read, request.headers)),
			() => visit.leave(),
		);
	}

	query(request: FastifyRequest, reply: FastifyReply, taskId: string): Promise<FastifyReply> {
		return this.serve(request, reply, this.arrival('query', { taskId }), () => {
			const task = this.premises.tasks.findFor(this.provider.name, taskId);
			return task === undefined
				? (this.provider.unknownTask?.() ?? this.provider.refusal(404))
				: { status: 200, body: this.taskAnswer(task) };
		});
	}

	batch(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
		const read = readBody(request.body);
		const body = 'json' in read ? read.json : request.body;
		return this.serve(request, reply, this.arrival('query', { body }), () => {
			const reading = readEvoLinkBatch(body);
			if ('refusal' in reading) return reading.refusal;
			const found = reading.request.flatMap(
				(id) => this.premises.tasks.findFor(this.provider.name, id) ?? [],
			);
			return { status: 200, body: { data: found.map((task) => this.taskAnswer(task)) } };
		});
	}

	list(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
		const { tasks, now } = this.premises;
		return this.serve(request, reply, this.arrival('list', {}), () =>
			listEvoLinkTasks(tasks.allOf(this.provider.name), request.query, now()),
		);
	}

	account(
		request: FastifyRequest,
		reply: FastifyReply,
		account: AccountRoute,
	): Promise<FastifyReply> {
		const { name } = this.provider;
		return this.premises.door.serve(request, reply, this.arrival('account', {}), () =>
			this.knowsKey(request)
				? account.answer(this.premises.tasks.account(name, this.premises.now()))
				: account.unauthorized(),
		);
	}

	private arrival(step: Arrival['step'], rest: Omit<Arrival, 'provider' | 'step'>): Arrival {
		return { provider: this.provider.name, step, ...rest };
	}

	private serve(
		request: FastifyRequest,
		reply: FastifyReply,
		arrival: Arrival,
		act: (event: SandboxRequest) => Answer | Promise<Answer>,
		forgo?: () => void,
	): Promise<FastifyReply> {
		return this.premises.door.serve(
			request,
			reply,
			arrival,
			(event) => (this.knowsKey(request) ? act(event) : this.provider.refusal(401)),
			forgo,
		);
	}

	/** A stranger claims no key. */
	private visitOf(request: FastifyRequest, body: unknown): Visit {
		if (this.keyBook === undefined || !this.knowsKey(request)) return FREE_VISIT;
		return this.keyBook.arrive(request.headers, body);
	}

	private knowsKey(request: FastifyRequest): boolean {
		return request.headers.authorization === `Bearer ${this.provider.key}`;
	}

	private async judge(
		event: SandboxRequest,
		read: ReadBody,
		headers: IncomingHttpHeaders,
	): Promise<Answer> {
		if ('fault' in read) return this.provider.refusal(400, read.fault);
		return this.refuseByMarker(event) ?? (await this.lookAndAccept(read.json, headers));
	}

	private refuseByMarker({ prompt = '', attempt }: SandboxRequest): Answer | undefined {
		const { http } = readMarkers(prompt);
		if (http === undefined || attempt > http.times) return undefined;
		const refusal = this.provider.refusal(http.status);
		return http.status === 429 ? { ...refusal, headers: RETRY_AFTER } : refusal;
	}

	/** Looking takes time and has no effect; the acceptance after it is made in one go. */
	private async lookAndAccept(body: unknown, headers: IncomingHttpHeaders): Promise<Answer> {
		const { references, callbackHosts } = this.premises;
		const reading = this.provider.readCreate(body, callbackHosts);
		if ('refusal' in reading) return reading.refusal;
		const order = reading.request;
		const sight = await references.look(this.provider.name, order.references);
		return this.accept(order, sight, headers);
	}

	private accept(order: TaskOrder, sight: Sight, headers: IncomingHttpHeaders): Answer {
		const { tasks, now, concurrentTasks = Infinity } = this.premises;
		const { name, makesSeveralTasks } = this.provider;
		const markers = readMarkers(order.prompt);
		const count = makesSeveralTasks ? (markers.tasks ?? 1) : 1;
		if (tasks.countUnfinished(name, now()) >= concurrentTasks) return this.provider.refusal(429);
		if (count * order.creditsReserved > tasks.account(name, now()).balance) {
			return this.provider.refusal(402);
		}
		const make = () => this.makeTask(order, markers, sight);
		const made: MadeTasks = [make(), ...Array.from({ length: count - 1 }, make)];
		return this.provider.createAnswer(made, headers);
	}

	private makeTask(order: TaskOrder, markers: Markers, sight: Sight): Task {
		const { name, newTaskId, partialEnd } = this.provider;
		const { now, secondsFor, tasks } = this.premises;
		const createdAt = now();
		const seconds = markers.slowSeconds ?? secondsFor({ provider: name, prompt: order.prompt });
		const task: Task = {
			...order,
			id: newTaskId(createdAt),
			provider: name,
			createdAt,
			durationMs: seconds * 1000,
			...outcomeOf(order.images, markers, sight.failure, partialEnd),
			...(sight.shown !== undefined && { shownReference: sight.shown }),
		};
		tasks.add(task);
		this.planCallback(task);
		return task;
	}

	private planCallback(task: Task): void {
		if (task.callbackUrl === undefined) return;
		const { callbacks, tasks } = this.premises;
		callbacks.schedule({
			url: task.callbackUrl,
			afterMs: task.durationMs,
			body: () => this.taskAnswer(task, finishOf(task)),
			rule: this.callbackRule(),
			note: (attempt) => tasks.noteCallback(task.id, attempt),
		});
	}

	private callbackRule(): RetryRule {
		const { callbackRule } = this.provider;
		const { callbackDelaysMs } = this.premises;
		if (callbackDelaysMs === undefined) return callbackRule;
		return {
			...callbackRule,
			delaysMs: callbackDelaysMs.slice(0, callbackRule.delaysMs.length),
		};
	}

	private taskAnswer(task: Task, at = this.premises.now()): unknown {
		return this.provider.taskAnswer(
			task,
			momentOf(task, at),
			linksOf(task, this.premises.origin()),
		);
	}
}

/** Bodies reach the routes as text, so that a broken one is answered in the provider's own words. */
function readBody(text: unknown): ReadBody {
	try {
		return { json: JSON.parse(typeof text === 'string' ? text : '') };
	} catch {
		return { fault: 'The request body is not valid JSON' };
	}
}

function promptOf(body: unknown): { prompt?: string } {
	if (typeof body !== 'object' || body === null || !('prompt' in body)) return {};
	return typeof body.prompt === 'string' ? { prompt: body.prompt } : {};
}

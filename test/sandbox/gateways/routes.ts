import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Answer, Reading } from '../answers';
import type { CallbackSender, RetryRule } from '../callbacks';
import type { Arrival, FaultDoor, SandboxRequest } from '../faults';
import { linksOf } from '../links';
import { readMarkers } from '../markers';
import { RETRY_AFTER } from '../rateLimit';
import type { ReferenceReader, Sight } from '../referenceReader';
import { finishOf, momentOf, type Task, type TaskOrder, type TaskStore } from '../tasks';
import { evoLink, readEvoLinkBatch } from './evoLink';
import type { Gateway } from './gateway';

/** What the gateways share: the clock, the tasks, the door, the post. */
export interface Premises {
	now(): number;
	/** Known once the server listens. */
	origin(): string;
	secondsFor(order: { gateway: Gateway['name']; prompt: string }): number;
	tasks: TaskStore;
	door: FaultDoor;
	callbacks: CallbackSender;
	references: ReferenceReader;
	callbackHosts: readonly string[];
	/** Overrides the documented waits between retries. */
	callbackDelaysMs?: readonly number[];
}

/** A body as it came: parsed, or the reason why it is no JSON. */
type ReadBody = { json: unknown } | { fault: string };

type AccountRoute = NonNullable<Gateway['account']>;

export function addGatewayRoutes(app: FastifyInstance, gateway: Gateway, premises: Premises): void {
	const desk = new Desk(gateway, premises);
	const path = (rest: string): string => `${gateway.prefix}${rest}`;
	app.post(path('/v1/images/generations'), (request, reply) => desk.create(request, reply));
	app.get<{ Params: { taskId: string } }>(path('/v1/tasks/:taskId'), (request, reply) =>
		desk.query(request, reply, request.params.taskId),
	);
	const { account } = gateway;
	if (account !== undefined) {
		app.get(path(account.path), (request, reply) => desk.account(request, reply, account));
	}
	if (gateway === evoLink) {
		app.post(path('/v1/tasks/batch'), (request, reply) => desk.batch(request, reply));
	}
}

class Desk {
	/** Create answers by Idempotency-Key, with the text of the body they answered. */
	private readonly replays = new Map<string, { text: string; answer: Answer }>();

	constructor(
		private readonly gateway: Gateway,
		private readonly premises: Premises,
	) {}

	create(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
		const read = readBody(request.body);
		const body = 'json' in read ? read.json : request.body;
		const arrival = this.arrival('create', { body, ...promptOf(body) });
		return this.serve(request, reply, arrival, (event) => {
			if ('fault' in read) return this.gateway.refusal(400, read.fault);
			return this.refuseByMarker(event) ?? this.lookAndAccept(request, body);
		});
	}

	query(request: FastifyRequest, reply: FastifyReply, taskId: string): Promise<FastifyReply> {
		return this.serve(request, reply, this.arrival('query', { taskId }), () => {
			const task = this.premises.tasks.findFor(this.gateway.name, taskId);
			return task === undefined
				? this.gateway.refusal(404)
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
				(id) => this.premises.tasks.findFor(this.gateway.name, id) ?? [],
			);
			return { status: 200, body: { data: found.map((task) => this.taskAnswer(task)) } };
		});
	}

	account(
		request: FastifyRequest,
		reply: FastifyReply,
		account: AccountRoute,
	): Promise<FastifyReply> {
		const { name } = this.gateway;
		return this.premises.door.serve(request, reply, this.arrival('account', {}), () =>
			this.knowsKey(request)
				? account.answer(this.premises.tasks.account(name, this.premises.now()))
				: account.unauthorized(),
		);
	}

	private arrival(step: Arrival['step'], rest: Omit<Arrival, 'gateway' | 'step'>): Arrival {
		return { gateway: this.gateway.name, step, ...rest };
	}

	private serve(
		request: FastifyRequest,
		reply: FastifyReply,
		arrival: Arrival,
		act: (event: SandboxRequest) => Answer | Promise<Answer>,
	): Promise<FastifyReply> {
		return this.premises.door.serve(request, reply, arrival, (event) =>
			this.knowsKey(request) ? act(event) : this.gateway.refusal(401),
		);
	}

	private knowsKey(request: FastifyRequest): boolean {
		return request.headers.authorization === `Bearer ${this.gateway.key}`;
	}

	private refuseByMarker({ prompt = '', attempt }: SandboxRequest): Answer | undefined {
		const { http } = readMarkers(prompt);
		if (http === undefined || attempt > http.times) return undefined;
		const refusal = this.gateway.refusal(http.status);
		return http.status === 429 ? { ...refusal, headers: RETRY_AFTER } : refusal;
	}

	/** Looking takes time and has no effect; the acceptance after it is made in one go. */
	private async lookAndAccept(request: FastifyRequest, body: unknown): Promise<Answer> {
		const { references, callbackHosts } = this.premises;
		const reading = this.gateway.readCreate(body, callbackHosts);
		const sight =
			'refusal' in reading
				? {}
				: await references.look(this.gateway.name, reading.request.references);
		return this.acceptOnce(request, body, () => this.accept(reading, sight));
	}

	/** Under an honoured Idempotency-Key an accepted request is answered again, not made again. */
	private acceptOnce(request: FastifyRequest, body: unknown, accept: () => Answer): Answer {
		const key = request.headers['idempotency-key'];
		if (!this.gateway.idempotent || typeof key !== 'string') return accept();
		const text = JSON.stringify(body);
		const replay = this.replays.get(key);
		if (replay !== undefined) {
			return replay.text === text
				? { ...replay.answer, headers: { 'idempotency-replayed': 'true' } }
				: this.gateway.refusal(409);
		}
		const answer = accept();
		if (answer.status === 200) this.replays.set(key, { text, answer });
		return answer;
	}

	private accept(reading: Reading<TaskOrder>, sight: Sight): Answer {
		const { tasks, now } = this.premises;
		if ('refusal' in reading) return reading.refusal;
		const order = reading.request;
		if (order.creditsReserved > tasks.account(this.gateway.name, now()).balance) {
			return this.gateway.refusal(402);
		}
		const task = this.makeTask(order, sight);
		tasks.add(task);
		this.planCallback(task);
		return { status: 200, body: this.gateway.createAnswer(task) };
	}

	/** A failure that the prompt asks for comes before one of the references. */
	private makeTask(order: TaskOrder, sight: Sight): Task {
		const { name } = this.gateway;
		const { failure = sight.failure, slowSeconds } = readMarkers(order.prompt);
		const createdAt = this.premises.now();
		const seconds =
			slowSeconds ?? this.premises.secondsFor({ gateway: name, prompt: order.prompt });
		return {
			...order,
			id: this.gateway.newTaskId(createdAt),
			gateway: name,
			createdAt,
			durationMs: seconds * 1000,
			...(failure !== undefined && { failure }),
			...(sight.shown !== undefined && { shownReference: sight.shown }),
		};
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
		const { callbackRule } = this.gateway;
		const { callbackDelaysMs } = this.premises;
		if (callbackDelaysMs === undefined) return callbackRule;
		return {
			...callbackRule,
			delaysMs: callbackDelaysMs.slice(0, callbackRule.delaysMs.length),
		};
	}

	private taskAnswer(task: Task, at = this.premises.now()): unknown {
		return this.gateway.taskAnswer(task, momentOf(task, at), linksOf(task, this.premises.origin()));
	}
}

/** Bodies reach the routes as text, so that a broken one is answered in the gateway's own words. */
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

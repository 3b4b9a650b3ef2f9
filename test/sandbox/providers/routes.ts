import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { CatalogChanges } from '../catalogChanges';
import {
	IdempotencyKeys,
	REQUEST_WITHOUT_KEY,
	type IdempotencyMode,
	type IdempotentRequest,
} from '../idempotency';
import { imageUrlsOf } from '../imageLinks';
import type { RequestInfo, RequestPipeline, SandboxRequest } from '../requestPipeline';
import type { SandboxResponse } from '../responses';
import { snapshotOf, type Task } from '../tasks';
import { isAuthorized, type CatalogRoute, type Provider } from './provider';
import { TaskCreator, type TaskCreatorContext } from './taskCreator';

export interface RouteContext extends TaskCreatorContext {
	/** Known once the server listens. */
	origin(): string;
	pipeline: RequestPipeline;
	/** Overrides the providers' default modes. */
	idempotency: Partial<Record<Provider['name'], IdempotencyMode>>;
	catalog: Partial<Record<Provider['name'], CatalogChanges>>;
	/** Whether the keys may ask for estimates. */
	allowsEstimates: boolean;
}

interface CatalogGet {
	Params: Partial<Record<string, string>>;
	Querystring: Partial<Record<string, string>>;
}

type ParsedJson = { value: unknown } | { message: string };

export function addProviderRoutes(
	app: FastifyInstance,
	provider: Provider,
	context: RouteContext,
): void {
	const routes = new ProviderRoutes(provider, context);
	const path = (rest: string): string => `${provider.prefix}${rest}`;
	app.post(path('/v1/images/generations'), (request, reply) => routes.create(request, reply));
	app.get<{ Params: { taskId: string } }>(path('/v1/tasks/:taskId'), (request, reply) =>
		routes.query(request, reply, request.params.taskId),
	);
	for (const route of provider.catalog ?? []) {
		app.get<CatalogGet>(path(route.path), (request, reply) =>
			routes.catalog(request, reply, route),
		);
	}
	const { account, estimates, taskBatch, taskList } = provider;
	if (account !== undefined) {
		app.get(path(account.path), (request, reply) => routes.account(request, reply, account));
	}
	if (estimates !== undefined) {
		app.post(path(estimates.path), (request, reply) => routes.estimate(request, reply, estimates));
	}
	if (taskBatch !== undefined) {
		app.post(path(taskBatch.path), (request, reply) => routes.batch(request, reply, taskBatch));
	}
	if (taskList !== undefined) {
		app.get(path(taskList.path), (request, reply) => routes.list(request, reply, taskList));
	}
}

class ProviderRoutes {
	private readonly creator: TaskCreator;

	/** Absent if the provider doesn't act on Idempotency-Keys. */
	private readonly idempotencyKeys?: IdempotencyKeys;

	constructor(
		private readonly provider: Provider,
		private readonly context: RouteContext,
	) {
		this.creator = new TaskCreator(provider, context, (task, at) => this.taskBody(task, at));
		const { name, idempotency: rules } = provider;
		if (rules === undefined) return;
		const mode = context.idempotency[name] ?? rules.defaultMode;
		if (mode === 'honored') this.idempotencyKeys = new IdempotencyKeys(rules, context.now);
	}

	create(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
		const json = parseJson(request.body);
		const body = 'value' in json ? json.value : request.body;
		const idempotent = this.beginIdempotent(request, body);
		return this.handleAuthorized(
			request,
			reply,
			{ step: 'create', body, ...promptOf(body) },
			(logged) =>
				idempotent.respond(async () =>
					'value' in json
						? this.creator.create(logged, json.value, request.headers)
						: this.provider.errorResponse(400, json.message),
				),
			() => idempotent.release(),
		);
	}

	query(request: FastifyRequest, reply: FastifyReply, taskId: string): Promise<FastifyReply> {
		return this.handleAuthorized(request, reply, { step: 'query', taskId }, () => {
			const task = this.context.tasks.findFor(this.provider.name, taskId);
			return task === undefined
				? (this.provider.unknownTaskError?.() ?? this.provider.errorResponse(404))
				: { status: 200, body: this.taskBody(task) };
		});
	}

	batch(
		request: FastifyRequest,
		reply: FastifyReply,
		taskBatch: NonNullable<Provider['taskBatch']>,
	): Promise<FastifyReply> {
		const json = parseJson(request.body);
		const body = 'value' in json ? json.value : request.body;
		return this.handleAuthorized(request, reply, { step: 'query', body }, () => {
			const parsed = taskBatch.parseIds(body);
			if ('error' in parsed) return parsed.error;
			const tasks = parsed.value.flatMap(
				(id) => this.context.tasks.findFor(this.provider.name, id) ?? [],
			);
			return taskBatch.response(tasks.map((task) => this.taskBody(task)));
		});
	}

	list(
		request: FastifyRequest,
		reply: FastifyReply,
		taskList: NonNullable<Provider['taskList']>,
	): Promise<FastifyReply> {
		const { tasks, now } = this.context;
		return this.handleAuthorized(request, reply, { step: 'list' }, () =>
			taskList.response(tasks.allOf(this.provider.name), request.query, now()),
		);
	}

	account(
		request: FastifyRequest,
		reply: FastifyReply,
		account: NonNullable<Provider['account']>,
	): Promise<FastifyReply> {
		const { name } = this.provider;
		const { pipeline, tasks, now } = this.context;
		return pipeline.handle(request, reply, { provider: name, step: 'account' }, () =>
			isAuthorized(this.provider, request)
				? account.response(tasks.account(name, now()))
				: account.unauthorized(),
		);
	}

	estimate(
		request: FastifyRequest,
		reply: FastifyReply,
		estimates: NonNullable<Provider['estimates']>,
	): Promise<FastifyReply> {
		const json = parseJson(request.body);
		const body = 'value' in json ? json.value : request.body;
		return this.handleAuthorized(request, reply, { step: 'account', body }, () =>
			estimates.response(body, this.context.allowsEstimates),
		);
	}

	catalog(
		request: FastifyRequest<CatalogGet>,
		reply: FastifyReply,
		route: CatalogRoute,
	): Promise<FastifyReply> {
		const { pipeline, catalog, now } = this.context;
		const { name } = this.provider;
		return pipeline.handle(request, reply, { provider: name, step: 'catalog' }, () => {
			if (route.needsKey && !isAuthorized(this.provider, request)) {
				return this.provider.errorResponse(401);
			}
			const { params, query } = request;
			return route.response({ params, query, changes: catalog[name] ?? {}, at: now() });
		});
	}

	private handleAuthorized(
		request: FastifyRequest,
		reply: FastifyReply,
		info: Omit<RequestInfo, 'provider'>,
		respond: (logged: SandboxRequest) => SandboxResponse | Promise<SandboxResponse>,
		onSkipped?: () => void,
	): Promise<FastifyReply> {
		return this.context.pipeline.handle(
			request,
			reply,
			{ provider: this.provider.name, ...info },
			(logged) =>
				isAuthorized(this.provider, request) ? respond(logged) : this.provider.errorResponse(401),
			onSkipped,
		);
	}

	/** Only requests with a valid API key can claim an Idempotency-Key. */
	private beginIdempotent(request: FastifyRequest, body: unknown): IdempotentRequest {
		if (this.idempotencyKeys === undefined || !isAuthorized(this.provider, request)) {
			return REQUEST_WITHOUT_KEY;
		}
		return this.idempotencyKeys.begin(request.headers, body);
	}

	private taskBody(task: Task, at = this.context.now()): unknown {
		const images = imageUrlsOf(task, this.context.origin());
		return this.provider.taskBody(task, snapshotOf(task, at), images);
	}
}

/** Bodies reach the routes as text so that invalid JSON gets the provider's own error. */
function parseJson(text: unknown): ParsedJson {
	try {
		return { value: JSON.parse(typeof text === 'string' ? text : '') };
	} catch {
		return { message: 'The request body is not valid JSON' };
	}
}

function promptOf(body: unknown): { prompt?: string } {
	if (typeof body !== 'object' || body === null || !('prompt' in body)) return {};
	return typeof body.prompt === 'string' ? { prompt: body.prompt } : {};
}

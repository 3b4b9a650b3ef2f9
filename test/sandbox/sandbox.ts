import Fastify, { type FastifyInstance } from 'fastify';
import { CallbackSender } from './callbacks';
import { logNormalSeconds } from './durations';
import { FaultDoor, type Intercept, type SandboxRequest } from './faults';
import { apiInOne } from './gateways/apiInOne';
import { apiMart } from './gateways/apiMart';
import { evoLink } from './gateways/evoLink';
import type { Gateway } from './gateways/gateway';
import { addGatewayRoutes } from './gateways/routes';
import { addImageRoutes } from './imageRoutes';
import { linksOf } from './links';
import { PictureShelf } from './pictures';
import {
	creditsOf,
	momentOf,
	TaskStore,
	type AccountView,
	type GatewayName,
	type Task,
	type TaskView,
} from './tasks';

export type { Fault, SandboxRequest } from './faults';
export type { AccountView, CallbackAttempt, GatewayName, TaskView } from './tasks';

export interface SandboxOptions {
	/** 0 or undefined: a free port. */
	port?: number;
	/** How long a task takes; default log-normal about a median of 2 s. */
	taskSeconds?: number | ((task: { gateway: GatewayName; prompt: string }) => number);
	/** Makes the default durations repeatable; default 1. */
	seed?: number;
	/** The clock tasks and links live by, in milliseconds; default Date.now. */
	now?: () => number;
	/** host:port values to which http and internal callback URLs are allowed; default none. */
	callbackHosts?: readonly string[];
	/** Lets a test break requests; see `Fault`. */
	intercept?: Intercept;
}

/** For this room's own tests. */
export interface SandboxInsides {
	/** The waits between a callback's retries in place of the documented ones, in milliseconds. */
	callbackDelaysMs?: readonly number[];
}

/** Three image gateways on localhost. */
export interface Sandbox {
	readonly origin: string;
	readonly baseUrls: Record<GatewayName, string>;
	readonly keys: Record<GatewayName, string>;
	/** All that arrived on a known route, in order. */
	readonly requests: readonly SandboxRequest[];
	tasks(): readonly TaskView[];
	/** In the gateway's credits, as of now. */
	account(gateway: GatewayName): AccountView;
	setIntercept(intercept: Intercept | undefined): void;
	/** Closes all sockets at once and cancels callbacks. */
	close(): Promise<void>;
}

const HOST = '127.0.0.1';

const GATEWAYS: Record<GatewayName, Gateway> = { evoLink, apiMart, apiInOne };

/** 14 references of 10 MB as base64, and room to spare. */
const BODY_LIMIT = 256 * 1024 * 1024;

const DEFAULT_SEED = 1;

export async function startSandbox(
	options: SandboxOptions = {},
	insides: SandboxInsides = {},
): Promise<Sandbox> {
	const now = options.now ?? Date.now;
	const tasks = new TaskStore();
	const door = new FaultDoor(now, options.intercept);
	const callbacks = new CallbackSender(now);
	const secondsFor = durationsOf(options);
	const app = newServer();
	let origin = '';
	for (const gateway of Object.values(GATEWAYS)) {
		addGatewayRoutes(app, gateway, {
			now,
			origin: () => origin,
			secondsFor,
			tasks,
			door,
			callbacks,
			callbackHosts: options.callbackHosts ?? [],
			...insides,
		});
	}
	addImageRoutes(app, { now, tasks, door, shelf: new PictureShelf() });
	origin = await app.listen({ host: HOST, port: options.port ?? 0 });

	return {
		origin,
		baseUrls: mapGateways((gateway) => `${origin}${gateway.prefix}`),
		keys: mapGateways((gateway) => gateway.key),
		requests: door.requests,
		tasks: () => tasks.all().map((task) => viewOf(task, now(), origin, tasks)),
		account: (gateway) => tasks.account(gateway, now()),
		setIntercept: (intercept) => door.setIntercept(intercept),
		async close() {
			callbacks.close();
			door.close();
			await app.close();
		},
	};
}

function newServer(): FastifyInstance {
	const app = Fastify({ bodyLimit: BODY_LIMIT, forceCloseConnections: true });
	app.removeAllContentTypeParsers();
	app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
	return app;
}

function durationsOf({ taskSeconds, seed = DEFAULT_SEED }: SandboxOptions) {
	if (typeof taskSeconds === 'function') return taskSeconds;
	return taskSeconds === undefined ? logNormalSeconds(seed) : () => taskSeconds;
}

function mapGateways<T>(read: (gateway: Gateway) => T): Record<GatewayName, T> {
	return { evoLink: read(evoLink), apiMart: read(apiMart), apiInOne: read(apiInOne) };
}

function viewOf(task: Task, at: number, origin: string, tasks: TaskStore): TaskView {
	const { status, finishedAt } = momentOf(task, at);
	return {
		id: task.id,
		gateway: task.gateway,
		model: task.model,
		prompt: task.prompt,
		body: task.body,
		status,
		images: status === 'completed' ? linksOf(task, origin) : [],
		createdAt: task.createdAt,
		...(finishedAt !== undefined && { finishedAt }),
		credits: creditsOf(task, at),
		callbacks: tasks.callbacksOf(task.id),
	};
}

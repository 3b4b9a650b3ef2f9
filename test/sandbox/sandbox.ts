import Fastify, { type FastifyInstance } from 'fastify';

import { CallbackSender } from './callbacks';
import { Connections } from './connections';
import { logNormalSeconds } from './durations';
import { FaultDoor, type Guard, type Intercept, type SandboxRequest } from './faults';
import { addFileRoutes } from './fileRoutes';
import { fileLink, FileShelf } from './fileShelf';
import type { IdempotencyMode } from './idempotency';
import { addImageRoutes } from './imageRoutes';
import { linksOf } from './links';
import { PaddedPictures } from './paddedPictures';
import { PictureShelf } from './pictures';
import { apiInOne } from './providers/apiInOne';
import { apiMart } from './providers/apiMart';
import { EVOLINK_FILES_PREFIX, evoLink } from './providers/evoLink';
import type { Provider } from './providers/provider';
import { addProviderRoutes } from './providers/routes';
import { addUploadRoutes, type Upload } from './providers/uploads';
import { rateGuard, type RateLimit } from './rateLimit';
import { ReferenceReader } from './referenceReader';
import {
	creditsOf,
	momentOf,
	TaskStore,
	type AccountView,
	type ProviderName,
	type Task,
	type TaskView,
} from './tasks';

export type { Fault, Intercept, SandboxRequest, Step, UploadFacts } from './faults';
export type { IdempotencyMode } from './idempotency';
export type { Upload } from './providers/uploads';
export type { RateLimit } from './rateLimit';
export type { AccountView, CallbackAttempt, ProviderName, TaskView } from './tasks';

export interface SandboxOptions {
	/** 0 or undefined: a free port. */
	port?: number;
	/** How long a task takes; default log-normal about a median of 2 s. */
	taskSeconds?: number | ((task: { provider: ProviderName; prompt: string }) => number);
	/** Makes the default durations repeatable; default 1. */
	seed?: number;
	/** The clock tasks and links live by, in milliseconds; default Date.now. */
	now?: () => number;
	/** host:port values to which http and internal callback URLs are allowed; default none. */
	callbackHosts?: readonly string[];
	/** Lets a test break requests; see `Fault`. */
	intercept?: Intercept;
	/**
	 * What is over it is answered 429 in the provider's own words and has no effect; default none. A fault is asked
	 * for first: what it answers or breaks off by itself does not count.
	 */
	rateLimit?: RateLimit;
	/** Creates are answered 429 while so many tasks of their provider are neither completed nor failed; default none. */
	concurrentTasks?: number;
	/**
	 * What becomes of an Idempotency-Key on create; default EvoLink 'honoured', APIMart 'ignored': it promises that in
	 * general, and nobody has seen it for Seedream. API in One knows none.
	 */
	idempotency?: Partial<Record<'evoLink' | 'apiMart', IdempotencyMode>>;
	/** EvoLink refuses uploads beyond so many living files; default none. The real number is 100. */
	maxFiles?: number;
	/** Plain pictures of exactly this size, which cost no time to make; default drawn ones that show the prompt. */
	imageBytes?: number;
}

/** For this room's own tests. */
export interface SandboxInsides {
	/** The waits between a callback's retries in place of the documented ones, in milliseconds. */
	callbackDelaysMs?: readonly number[];
	/** Where the folder for uploads is made, in place of the system's own. */
	temporaryFolder?: string;
}

/** Three image providers on localhost. */
export interface Sandbox {
	readonly origin: string;
	readonly baseUrls: Record<ProviderName, string>;
	readonly keys: Record<ProviderName, string>;
	/** EvoLink's files API; its key is EvoLink's. */
	readonly filesBaseUrl: string;
	/** All that arrived on a known route, in order. */
	readonly requests: readonly SandboxRequest[];
	tasks(): readonly TaskView[];
	/** All files the providers took, in order, whether or not their links still live. */
	uploads(): readonly Upload[];
	/** Puts a file on the sandbox and gives its public link, which lives until `close()`. */
	addFile(bytes: Buffer, contentType: string): string;
	/** In the provider's credits, as of now. */
	account(provider: ProviderName): AccountView;
	setIntercept(intercept: Intercept | undefined): void;
	/**
	 * Nothing listens on the port any more: once this resolves, the next request gets ECONNREFUSED. Idle connections
	 * are closed, requests under way are answered with `connection: close`. An answer that is already flowing cannot
	 * announce it: a client that uses its connection again at once may get ECONNRESET.
	 */
	refuseConnections(): Promise<void>;
	/** Listens again, on the same port. */
	acceptConnections(): Promise<void>;
	/** Closes all sockets at once, cancels callbacks and deletes all files. */
	close(): Promise<void>;
}

const HOST = '127.0.0.1';

const PROVIDERS: Record<ProviderName, Provider> = { evoLink, apiMart, apiInOne };

/** 14 references of 10 MB as base64, and room to spare. */
const BODY_LIMIT = 256 * 1024 * 1024;

const DEFAULT_SEED = 1;

export async function startSandbox(
	options: SandboxOptions = {},
	insides: SandboxInsides = {},
): Promise<Sandbox> {
	const now = options.now ?? Date.now;
	const tasks = new TaskStore();
	const door = new FaultDoor(now, options.intercept, guardOf(options, now));
	const callbacks = new CallbackSender(now);
	const secondsFor = durationsOf(options);
	const app = newServer();
	const connections = new Connections(app.server);
	const files = new FileShelf(insides.temporaryFolder);
	const uploads: Upload[] = [];
	let origin = '';
	const { imageBytes } = options;
	const shelf = imageBytes === undefined ? new PictureShelf() : new PaddedPictures(imageBytes);
	const archive = { now, origin: () => origin, tasks, files, shelf };
	const references = new ReferenceReader(archive);
	for (const provider of Object.values(PROVIDERS)) {
		addProviderRoutes(app, provider, {
			now,
			origin: () => origin,
			secondsFor,
			tasks,
			door,
			callbacks,
			references,
			callbackHosts: options.callbackHosts ?? [],
			idempotency: options.idempotency ?? {},
			concurrentTasks: options.concurrentTasks,
			...insides,
		});
	}
	addImageRoutes(app, { now, tasks, door, shelf });
	addFileRoutes(app, { now, door, files });
	addUploadRoutes(app, Object.values(PROVIDERS), {
		now,
		origin: () => origin,
		door,
		files,
		uploads,
		maxFiles: options.maxFiles,
	});
	origin = await app.listen({ host: HOST, port: options.port ?? 0 });

	return {
		origin,
		baseUrls: mapProviders((provider) => `${origin}${provider.prefix}`),
		keys: mapProviders((provider) => provider.key),
		filesBaseUrl: `${origin}${EVOLINK_FILES_PREFIX}`,
		requests: door.requests,
		tasks: () => tasks.all().map((task) => viewOf(task, now(), origin, tasks)),
		uploads: () => [...uploads],
		addFile: (bytes, contentType) => fileLink(files.add(bytes, contentType), origin),
		account: (provider) => tasks.account(provider, now()),
		setIntercept: (intercept) => door.setIntercept(intercept),
		refuseConnections: () => connections.refuse(),
		acceptConnections: () => connections.accept(),
		async close() {
			callbacks.close();
			door.close();
			await connections.close();
			await app.close();
			await files.close();
		},
	};
}

function newServer(): FastifyInstance {
	const app = Fastify({ bodyLimit: BODY_LIMIT, forceCloseConnections: true });
	app.removeAllContentTypeParsers();
	app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
	return app;
}

function guardOf({ rateLimit }: SandboxOptions, now: () => number): Guard | undefined {
	return rateLimit && rateGuard(rateLimit, now, (provider) => PROVIDERS[provider].refusal(429));
}

function durationsOf({ taskSeconds, seed = DEFAULT_SEED }: SandboxOptions) {
	if (typeof taskSeconds === 'function') return taskSeconds;
	return taskSeconds === undefined ? logNormalSeconds(seed) : () => taskSeconds;
}

function mapProviders<T>(read: (provider: Provider) => T): Record<ProviderName, T> {
	return { evoLink: read(evoLink), apiMart: read(apiMart), apiInOne: read(apiInOne) };
}

function viewOf(task: Task, at: number, origin: string, tasks: TaskStore): TaskView {
	const { status, finishedAt } = momentOf(task, at);
	return {
		id: task.id,
		provider: task.provider,
		model: task.model,
		prompt: task.prompt,
		body: task.body,
		status,
		images: finishedAt === undefined ? [] : linksOf(task, origin),
		createdAt: task.createdAt,
		...(finishedAt !== undefined && { finishedAt }),
		credits: creditsOf(task, at),
		callbacks: tasks.callbacksOf(task.id),
	};
}

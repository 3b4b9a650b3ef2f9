import Fastify, { type FastifyInstance } from 'fastify';

import { CallbackSender } from './callbacks';
import type { CatalogChanges } from './catalogChanges';
import { Connections } from './connections';
import { logNormalSeconds } from './durations';
import { addFileRoutes } from './fileRoutes';
import { FileStore, fileUrl } from './fileStore';
import type { IdempotencyMode } from './idempotency';
import { imageUrlsOf } from './imageLinks';
import { addImageRoutes } from './imageRoutes';
import { PaddedImageRenderer } from './paddedImages';
import { reservedPort } from './ports';
import { PromptImageRenderer } from './promptImages';
import { apiInOne } from './providers/apiInOne';
import { apiMart } from './providers/apiMart';
import { EVOLINK_FILES_PREFIX, evoLink } from './providers/evoLink';
import type { Provider } from './providers/provider';
import { addProviderRoutes } from './providers/routes';
import { addUploadRoutes, type Upload } from './providers/uploads';
import { createRateGuard, type RateLimit } from './rateLimit';
import { ReferenceChecker } from './referenceChecker';
import {
	RequestPipeline,
	type Guard,
	type Intercept,
	type SandboxRequest,
} from './requestPipeline';
import {
	creditsOf,
	snapshotOf,
	TaskStore,
	type AccountView,
	type ProviderName,
	type Task,
	type TaskView,
} from './tasks';

export type { CatalogChanges } from './catalogChanges';
export type { Fault } from './faults';
export type { IdempotencyMode } from './idempotency';
export type { Upload } from './providers/uploads';
export type { RateLimit } from './rateLimit';
export type { Intercept, SandboxRequest, Step, UploadInfo } from './requestPipeline';
export type { AccountView, CallbackAttempt, ProviderName, TaskView } from './tasks';

export interface SandboxOptions {
	/** 0 or undefined: a free port. */
	port?: number;
	/** Listens on a port that nobody else gets meanwhile, unless `port` says otherwise. */
	mayRefuseConnections?: boolean;
	/** How long a task takes; default log-normal with a median of 2 s. */
	taskSeconds?: number | ((task: { provider: ProviderName; prompt: string }) => number);
	/** Whether a task obeys the markers in its prompt; default yes. */
	obeysMarkers?: (task: { provider: ProviderName; prompt: string }) => boolean;
	/** Makes the default durations repeatable; default 1. */
	seed?: number;
	/** The clock for tasks and links, in milliseconds; default Date.now. */
	now?: () => number;
	/** host:port values that callback URLs may use although they are internal or http; default none. */
	callbackHosts?: readonly string[];
	/** Lets a test break requests; see `Fault`. */
	intercept?: Intercept;
	/**
	 * Requests above the limit get the provider's own 429 and have no effect; default none. The intercept comes
	 * first, so requests that it answers or resets don't count.
	 */
	rateLimit?: RateLimit;
	/** Creates get 429 while the provider has this many unfinished tasks; default none. */
	concurrentTasks?: number;
	/**
	 * What a create does with an Idempotency-Key; default 'honored' at EvoLink and 'ignored' at APIMart, which
	 * documents it in general, but nobody has confirmed it for Seedream. API in One doesn't have them.
	 */
	idempotency?: Partial<Record<'evoLink' | 'apiMart', IdempotencyMode>>;
	/** Lets a test make a model new, gone, differently priced or differently limited in the catalogs; default none. */
	catalog?: Partial<Record<'evoLink' | 'apiMart', CatalogChanges>>;
	/** Whether EvoLink says what a create would cost the account; default no (403), as for most keys. */
	allowsEstimates?: boolean;
	/** EvoLink rejects uploads above this number of unexpired files; default none. The real limit is 100. */
	maxFiles?: number;
	/**
	 * Black images of exactly this size, which take almost no time to make; default images that show the prompt. A
	 * black JPEG of 2048×2048 takes at least 9 kB.
	 */
	imageBytes?: number;
}

/** For the sandbox's own tests. */
export interface SandboxInternals {
	/** Replaces the documented delays between a callback's retries, in milliseconds. */
	callbackDelaysMs?: readonly number[];
	/** Where the folder for uploads is created; default the system's temporary folder. */
	temporaryFolder?: string;
	/** What each account starts with, in the provider's credits. */
	initialBalance?: number;
}

/** Three image providers on localhost. */
export interface Sandbox {
	readonly origin: string;
	readonly baseUrls: Record<ProviderName, string>;
	readonly keys: Record<ProviderName, string>;
	/** EvoLink's files API; it uses EvoLink's key. */
	readonly filesBaseUrl: string;
	/** All requests to known routes, in order. */
	readonly requests: readonly SandboxRequest[];
	tasks(): readonly TaskView[];
	/** All files that providers accepted, in order, including expired ones. */
	uploads(): readonly Upload[];
	/** Adds a file and returns its public URL, which works until `close()`. */
	addFile(bytes: Buffer, contentType: string): string;
	/** Current values, in the provider's credits. */
	account(provider: ProviderName): AccountView;
	setIntercept(intercept: Intercept | undefined): void;
	/**
	 * Stops listening: once this resolves, the next request gets ECONNREFUSED. Idle connections are closed and
	 * pending requests are answered with `connection: close`. A response that is already being sent can't announce
	 * that: a client that reuses its connection at once may get ECONNRESET.
	 */
	refuseConnections(): Promise<void>;
	/** Listens again, on the same port. */
	acceptConnections(): Promise<void>;
	/** Closes all sockets at once, cancels callbacks and deletes all files. */
	close(): Promise<void>;
}

const HOST = '127.0.0.1';

const PROVIDERS: Record<ProviderName, Provider> = { evoLink, apiMart, apiInOne };

/** Enough for 14 references of 10 MB as base64. */
const BODY_LIMIT = 256 * 1024 * 1024;

const DEFAULT_SEED = 1;

export async function startSandbox(
	options: SandboxOptions = {},
	internals: SandboxInternals = {},
): Promise<Sandbox> {
	const now = options.now ?? Date.now;
	const tasks = new TaskStore(internals.initialBalance);
	const pipeline = new RequestPipeline(now, options.intercept, createGuard(options, now));
	const callbacks = new CallbackSender(now);
	const app = createServer();
	const connections = new Connections(app.server);
	const files = new FileStore(internals.temporaryFolder);
	const uploads: Upload[] = [];
	const renderer =
		options.imageBytes === undefined
			? new PromptImageRenderer()
			: new PaddedImageRenderer(options.imageBytes);
	let origin = '';
	const shared = { now, origin: () => origin, pipeline, tasks, files, renderer };
	const context = {
		...shared,
		callbacks,
		secondsFor: taskDurations(options),
		references: new ReferenceChecker(shared),
		obeysMarkers: options.obeysMarkers ?? (() => true),
		callbackHosts: options.callbackHosts ?? [],
		idempotency: options.idempotency ?? {},
		catalog: options.catalog ?? {},
		allowsEstimates: options.allowsEstimates ?? false,
		concurrentTasks: options.concurrentTasks,
		callbackDelaysMs: internals.callbackDelaysMs,
	};
	for (const provider of Object.values(PROVIDERS)) addProviderRoutes(app, provider, context);
	addImageRoutes(app, shared);
	addFileRoutes(app, shared);
	addUploadRoutes(app, Object.values(PROVIDERS), {
		...shared,
		uploads,
		maxFiles: options.maxFiles,
	});
	const port = options.port ?? (options.mayRefuseConnections ? reservedPort() : 0);
	origin = await app.listen({ host: HOST, port });

	return {
		origin,
		baseUrls: mapProviders((provider) => `${origin}${provider.prefix}`),
		keys: mapProviders((provider) => provider.key),
		filesBaseUrl: `${origin}${EVOLINK_FILES_PREFIX}`,
		requests: pipeline.requests,
		tasks: () => tasks.all().map((task) => viewOf(task, now(), origin, tasks)),
		uploads: () => [...uploads],
		addFile: (bytes, contentType) => fileUrl(files.add(bytes, contentType), origin),
		account: (provider) => tasks.account(provider, now()),
		setIntercept: (intercept) => pipeline.setIntercept(intercept),
		refuseConnections: () => connections.refuse(),
		acceptConnections: () => connections.accept(),
		async close() {
			callbacks.close();
			pipeline.close();
			await connections.close();
			await app.close();
			await files.close();
		},
	};
}

function createServer(): FastifyInstance {
	const app = Fastify({ bodyLimit: BODY_LIMIT, forceCloseConnections: true });
	app.removeAllContentTypeParsers();
	app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
	return app;
}

function createGuard({ rateLimit }: SandboxOptions, now: () => number): Guard | undefined {
	if (rateLimit === undefined) return undefined;
	return createRateGuard(rateLimit, now, (provider) => PROVIDERS[provider].errorResponse(429));
}

function taskDurations({ taskSeconds, seed = DEFAULT_SEED }: SandboxOptions) {
	if (typeof taskSeconds === 'function') return taskSeconds;
	return taskSeconds === undefined ? logNormalSeconds(seed) : () => taskSeconds;
}

function mapProviders<T>(read: (provider: Provider) => T): Record<ProviderName, T> {
	return { evoLink: read(evoLink), apiMart: read(apiMart), apiInOne: read(apiInOne) };
}

function viewOf(task: Task, at: number, origin: string, tasks: TaskStore): TaskView {
	const { status, finishedAt } = snapshotOf(task, at);
	return {
		id: task.id,
		provider: task.provider,
		model: task.model,
		prompt: task.prompt,
		body: task.body,
		status,
		images: finishedAt === undefined ? [] : imageUrlsOf(task, origin),
		createdAt: task.createdAt,
		...(finishedAt !== undefined && { finishedAt }),
		credits: creditsOf(task, at),
		callbacks: tasks.callbacksOf(task.id),
	};
}

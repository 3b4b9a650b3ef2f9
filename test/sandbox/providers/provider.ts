import type { IncomingHttpHeaders } from 'node:http';

import type { RetryPolicy } from '../callbacks';
import type { CatalogChanges } from '../catalogChanges';
import type { IdempotencyRules } from '../idempotency';
import type { PartialStatus } from '../outcome';
import type { PixelSize } from '../pixelSizes';
import type { ErrorResponse, ParseResult, SandboxResponse } from '../responses';
import type { AccountView, ProviderName, Task, TaskInput, TaskSnapshot } from '../tasks';
import type { UploadApi } from './uploads';

/** How one provider differs from the others, by its own documentation. `routes.ts` does what they share. */
export interface Provider {
	name: ProviderName;
	/** Of its paths on the sandbox's server. */
	prefix: string;
	key: string;
	/** Absent if the provider isn't known to support an `Idempotency-Key`. */
	idempotency?: IdempotencyRules;
	partialStatus: PartialStatus;
	/** Whether one create request can create several tasks. */
	canCreateSeveralTasks: boolean;
	callbackRetries: RetryPolicy;
	newTaskId(atMs: number): string;
	/**
	 * `callbackHosts` (host:port) are accepted even if they are internal. `reference` is the size of the first
	 * reference, once it's known.
	 */
	parseCreate(
		body: unknown,
		callbackHosts: readonly string[],
		reference?: PixelSize,
	): ParseResult<TaskInput>;
	createResponse(tasks: CreatedTasks, headers: IncomingHttpHeaders): SandboxResponse;
	/** `images` are the URLs of the images that were delivered, or will be. */
	taskBody(task: Task, snapshot: TaskSnapshot, images: readonly string[]): unknown;
	/** What a callback has of that body; default all of it. */
	callbackBody?(taskBody: unknown): unknown;
	/** The documented error for an HTTP status. */
	errorResponse(status: number, message?: string): ErrorResponse;
	/** For a query with an unknown task ID; default 404. */
	unknownTaskError?(): ErrorResponse;
	account?: AccountApi;
	estimates?: EstimateApi;
	taskBatch?: TaskBatchApi;
	taskList?: TaskListApi;
	uploads?: UploadApi;
	/** What the provider sells. */
	catalog?: readonly CatalogRoute[];
}

/** The tasks of one create request. */
export type CreatedTasks = readonly [Task, ...Task[]];

interface AccountApi {
	path: string;
	response(account: Pick<AccountView, 'balance' | 'charged'>): SandboxResponse;
	/** For an invalid API key. */
	unauthorized(): SandboxResponse;
}

/** Says what a create with this body would cost the account, which most keys may not ask for. */
export interface EstimateApi {
	path: string;
	response(body: unknown, isAllowed: boolean): SandboxResponse;
}

/** Queries many tasks at once. */
interface TaskBatchApi {
	path: string;
	parseIds(body: unknown): ParseResult<readonly string[]>;
	response(taskBodies: readonly unknown[]): SandboxResponse;
}

/** Lists the account's tasks, which are given in order of creation. */
interface TaskListApi {
	path: string;
	response(tasks: readonly Task[], query: unknown, at: number): SandboxResponse;
}

/** A call that says which models there are, what they accept or what they cost. */
export interface CatalogRoute {
	path: string;
	needsKey: boolean;
	response(request: CatalogRequest): SandboxResponse;
}

interface CatalogRequest {
	/** From the path. */
	params: Partial<Record<string, string>>;
	query: Partial<Record<string, string>>;
	changes: CatalogChanges;
	/** In milliseconds, by the sandbox's clock. */
	at: number;
}

/** The error that a create with this body gets; undefined if the body is valid. */
export function checkCreate(
	provider: Provider,
	body: unknown,
	callbackHosts: readonly string[] = [],
): ErrorResponse | undefined {
	const result = provider.parseCreate(body, callbackHosts);
	return 'error' in result ? result.error : undefined;
}

export function isAuthorized(
	{ key }: Provider,
	{ headers }: { headers: IncomingHttpHeaders },
): boolean {
	return headers.authorization === `Bearer ${key}`;
}

/** Unix time in whole seconds, which all three providers use. */
export function toSeconds(ms: number): number {
	return Math.floor(ms / 1000);
}

import type { RequestPurpose, Failure, Result } from '../errors/failure';
import { uploadFailure } from '../errors/inputFailures';
import {
	httpFailure,
	networkFailure,
	notSent,
	redirected,
	unreadableResponse,
} from '../errors/requestFailures';
import type { FileUpload } from '../images/fileUpload';
import type {
	BatchQuery,
	CreatedTask,
	Provider,
	ParseResult,
	TaskState,
} from '../providers/provider';
import { namedTaskIds } from '../providers/taskObjects';
import type { Clock } from '../shared/clock';
import type { ConcurrencyLimiter } from '../shared/concurrencyLimiter';
import { isJsonObject, type JsonObject } from '../shared/json';
import type { ListedTask } from '../shared/task';
import type { ApiClient, HttpRequest, HttpResult } from './apiClient';
import { parseQuota } from './rateLimitHeaders';
import { MAX_RETRY_AFTER_MS, RateLimiter } from './rateLimiter';
import { parseRetryAfter } from './retryAfter';

/** A parsed response, and the response itself. */
export interface ParsedResponse<T> {
	content: T;
	raw: JsonObject;
}

/** `isReplay`: the provider knew the key, and returned the tasks created with it before. */
export interface CreateResponse extends ParsedResponse<CreatedTask[]> {
	isReplay: boolean;
}

/** A repeat under the same key is answered at once, so there's no point in waiting longer. */
const IDEMPOTENT_CREATE_TIMEOUT_MS = 60_000;
/** Otherwise only this response names what was charged (longest observed: 63 s). */
const CREATE_TIMEOUT_MS = 600_000;
const MAX_QUERY_TIMEOUT_MS = 60_000;
/** Also when the deadline is nearer. */
const MIN_QUERY_TIMEOUT_MS = 5_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const LIST_TIMEOUT_MS = 10_000;
const MAX_PAGES = 3;

export interface ProviderClientOptions {
	/** How long to wait for a limit of the provider after it last accepted something. */
	patienceSeconds: number;
	/** Shared by all providers if the user chose the concurrency. */
	pool?: ConcurrencyLimiter;
	/** Called when the provider rejects a create because it's busy or out of reach. */
	onRejected?: () => void;
	random?: () => number;
}

/**
 * A provider's API, rate-limited and shared by all rows of a batch. Creates have a rate limiter of
 * their own: a provider that accepts no more tasks can still report on existing ones.
 */
export class ProviderClient {
	private readonly createLimiter: RateLimiter;

	private readonly limiter: RateLimiter;

	/** The tasks that occupy the provider, each with what releases its slot in the pool. */
	private readonly running = new Map<string, () => void>();

	private lastRejection?: Failure;

	private hasReplayed = false;

	constructor(
		readonly provider: Provider,
		readonly concurrencyLimiter: ConcurrencyLimiter,
		private readonly api: ApiClient,
		private readonly clock: Clock,
		private readonly options: ProviderClientOptions,
	) {
		const { patienceSeconds, random = Math.random } = options;
		const patienceMs = patienceSeconds * 1000;
		this.createLimiter = new RateLimiter(clock, random, patienceMs, () => this.running.size);
		this.limiter = new RateLimiter(clock, random, patienceMs);
	}

	/** Whether a create that's repeated under its key certainly isn't executed again. */
	honorsIdempotencyKeys(): boolean {
		const { trust } = this.provider.idempotency;
		return trust === 'promised' || (trust === 'whenShown' && this.hasReplayed);
	}

	/** The provider has answered a repeated create with the first task before. */
	trustIdempotencyKeys(): void {
		this.hasReplayed = true;
	}

	/** Whether the provider rejects creates for now. */
	isBackingOff(): boolean {
		return this.createLimiter.isBackingOff();
	}

	/** Whether a failed create may be sent again. Being busy doesn't count as an attempt. */
	mayRetryCreate(failure: Failure, hasAttemptsLeft: boolean): boolean {
		if (failure.retry === undefined) return false;
		if (failure.isUnavailable) return !this.hasGivenUp();
		return failure.meaning === 'inProgress' || (hasAttemptsLeft && isSoon(failure));
	}

	/** The same for an upload. */
	mayRetryUpload(failure: Failure, hasAttemptsLeft: boolean): boolean {
		if (failure.retry === undefined) return false;
		return failure.isUnavailable ? !this.limiter.hasGivenUp() : hasAttemptsLeft && isSoon(failure);
	}

	/** As long as tasks of ours are running, their end may be what the provider is waiting for. */
	private hasGivenUp(): boolean {
		return this.createLimiter.hasGivenUp() && this.running.size === 0;
	}

	/**
	 * Sends the create once. `idempotencyKey` is the same for the same row on every try. `onSend` is
	 * called right before the request is sent: much later, or never if the provider accepts nothing.
	 * If it returns a failure, the request isn't sent.
	 */
	async create(
		body: JsonObject,
		idempotencyKey: string,
		onSend: () => void | Promise<Failure | undefined>,
	): Promise<Result<CreateResponse>> {
		const created = await this.createLimiter.runWhile(
			() => !this.hasGivenUp(),
			async () =>
				await this.withPoolSlot(async () => {
					const failure = await onSend();
					if (failure) return { ok: false, failure };
					return await this.sendCreate(body, idempotencyKey);
				}),
		);
		if (!created) return { ok: false, failure: notSent(this.provider, this.lastRejection) };
		if (created.ok) {
			if (created.value.isReplay) this.hasReplayed = true;
			this.concurrencyLimiter.onAccepted();
		} else if (created.failure.isUnavailable) {
			this.lastRejection = created.failure;
			this.concurrencyLimiter.onRejected();
			this.options.onRejected?.();
		}
		return created;
	}

	/** A created task keeps its slot until it ends. A rejected one leaves it to other providers. */
	private async withPoolSlot(
		send: () => Promise<Result<CreateResponse>>,
	): Promise<Result<CreateResponse>> {
		const releaseSlot = (await this.options.pool?.acquire()) ?? (() => {});
		let isKept = false;
		try {
			// Throws if the execution was stopped while this was waiting.
			await this.clock.sleep(0);
			const created = await send();
			if (!created.ok) return created;
			const [first, ...others] = created.value.content;
			if (first) {
				// A replay may return the task of another row.
				this.running.get(first.taskId)?.();
				this.running.set(first.taskId, releaseSlot);
				isKept = true;
			}
			for (const { taskId } of others) this.running.set(taskId, () => {});
			return created;
		} finally {
			if (!isKept) releaseSlot();
		}
	}

	private async sendCreate(
		body: JsonObject,
		idempotencyKey: string,
	): Promise<Result<CreateResponse>> {
		const { createPath, idempotency, parseCreated } = this.provider;
		const isRepeatable = this.honorsIdempotencyKeys();
		const result = await this.sendBy(this.createLimiter, {
			method: 'POST',
			path: createPath,
			body,
			headers: { ...idempotency.headers, 'Idempotency-Key': idempotencyKey },
			timeoutMs: isRepeatable ? IDEMPOTENT_CREATE_TIMEOUT_MS : CREATE_TIMEOUT_MS,
			mustFinish: true,
		});
		const created = this.parseResponse(result, parseCreated, { kind: 'create', isRepeatable });
		const response = result.kind === 'response' ? result : undefined;
		const isReplay = response?.headers['idempotency-replayed']?.trim().toLowerCase() === 'true';
		if (created.ok) return { ok: true, value: { ...created.value, isReplay } };
		// If an error names a task, the task exists all the same, and its status tells the rest.
		const raw = response?.body;
		const named = namedTaskIds(raw);
		if (named.length === 0 || !isJsonObject(raw)) return created;
		const tasks = named.map((taskId) => ({ taskId }));
		return { ok: true, value: { content: tasks, raw, isReplay } };
	}

	/** The task no longer occupies the provider, or its end isn't waited for. */
	release(taskId: string): void {
		const releaseSlot = this.running.get(taskId);
		if (!releaseSlot) return;
		this.running.delete(taskId);
		releaseSlot();
		this.createLimiter.resetBackoff();
	}

	/** Undefined if the rate limit leaves no time for it before `until`, in milliseconds since 1970. */
	async query(
		taskId: string,
		until: number,
	): Promise<Result<ParsedResponse<TaskState>> | undefined> {
		return await this.limiter.runWhile(this.isBefore(until), async () => {
			const result = await this.sendBy(this.limiter, {
				method: 'GET',
				path: this.provider.queryPath(taskId),
				timeoutMs: this.queryTimeout(until),
			});
			const purpose = { kind: 'task' as const, taskId };
			const queried = this.parseResponse(result, this.provider.parseTask, purpose);
			if (!queried.ok) return queried;
			const { content: state, raw } = queried.value;
			if (state.status === 'completed' && state.imageUrls.length === 0) {
				const reason = 'the task is completed but has no images';
				return { ok: false, failure: unreadableResponse(this.provider, reason, raw, purpose) };
			}
			return queried;
		});
	}

	/** By ID. Tasks that the response omits or doesn't describe clearly are missing in the map. */
	async queryMany(
		taskIds: readonly string[],
		{ path, body, parse }: BatchQuery,
		until: number,
	): Promise<Result<ReadonlyMap<string, ParsedResponse<TaskState>>> | undefined> {
		return await this.limiter.runWhile(this.isBefore(until), async () => {
			const result = await this.sendBy(this.limiter, {
				method: 'POST',
				path,
				body: body(taskIds),
				timeoutMs: this.queryTimeout(until),
			});
			const queried = this.parseResponse(result, parse, { kind: 'free' });
			if (!queried.ok) return queried;
			const tasks = queried.value.content.filter(
				({ content: state }) => state.status !== 'completed' || state.imageUrls.length > 0,
			);
			return { ok: true, value: new Map(tasks.map((task) => [task.taskId, task])) };
		});
	}

	/**
	 * The account's tasks of a model created since then, in milliseconds since 1970. Empty if the
	 * provider has no such list or doesn't respond, because the list only adds to an error message.
	 */
	async listTasks(model: string, since: number): Promise<ListedTask[]> {
		const { taskList } = this.provider;
		const tasks: ListedTask[] = [];
		for (let page = 1; taskList && page <= MAX_PAGES; page += 1) {
			const path = taskList.path(model, page);
			const until = this.clock.now() + LIST_TIMEOUT_MS;
			const listed = await this.limiter.runWhile(this.isBefore(until), async () => {
				const result = await this.sendBy(this.limiter, {
					method: 'GET',
					path,
					timeoutMs: LIST_TIMEOUT_MS,
				});
				return this.parseResponse(result, taskList.parse, { kind: 'free' });
			});
			if (!listed?.ok) break;
			const { content } = listed.value;
			const recent = content.filter(({ createdAt }) => createdAt.getTime() >= since);
			tasks.push(...recent);
			if (content.length < taskList.pageSize || recent.length < content.length) break;
		}
		return tasks.filter((task) => task.model === undefined || task.model === model);
	}

	private async sendBy(limiter: RateLimiter, request: HttpRequest): Promise<HttpResult> {
		const result = await this.api.send(request);
		const quota =
			result.kind === 'response' ? parseQuota(result.headers, this.clock.now()) : undefined;
		if (quota) limiter.onQuota(quota);
		return result;
	}

	private isBefore(until: number): () => boolean {
		return () => this.clock.now() <= until;
	}

	private queryTimeout(until: number): number {
		const left = Math.min(MAX_QUERY_TIMEOUT_MS, until - this.clock.now());
		return Math.max(MIN_QUERY_TIMEOUT_MS, left);
	}

	/** Uploads a file to the provider and returns its URL. Free of charge. */
	async upload(
		upload: FileUpload,
		parse: (body: JsonObject) => ParseResult<string>,
	): Promise<Result<string>> {
		const uploaded = await this.limiter.run(async () =>
			this.parseResponse(await this.api.upload(upload), parse, { kind: 'free' }),
		);
		if (uploaded.ok) return { ok: true, value: uploaded.value.content };
		return { ok: false, failure: uploadFailure(uploaded.failure) };
	}

	private parseResponse<T>(
		result: HttpResult,
		parse: (body: JsonObject) => ParseResult<T>,
		purpose: RequestPurpose,
	): Result<ParsedResponse<T>> {
		const { provider } = this;
		if (result.kind === 'networkError') {
			return { ok: false, failure: networkFailure(provider, result, purpose) };
		}
		const { status, headers, body } = result;
		if (REDIRECTS.has(status)) {
			return { ok: false, failure: redirected(provider, headers.location, purpose) };
		}
		const error = provider.parseError(status, body);
		if (error) {
			const retryAfter = parseRetryAfter(headers, this.clock.now());
			const requestId = headers['x-request-id'] ?? headers['x-oneapi-request-id'];
			const failure = httpFailure(provider, { requestId, ...error }, retryAfter, purpose);
			return { ok: false, failure };
		}
		const unreadable = (reason: string) => unreadableResponse(provider, reason, body, purpose);
		if (!isJsonObject(body)) return { ok: false, failure: unreadable("it isn't a JSON object") };
		const parsed = parse(body);
		return parsed.kind === 'parsed'
			? { ok: true, value: { content: parsed.value, raw: body } }
			: { ok: false, failure: unreadable(parsed.reason) };
	}
}

/** A longer Retry-After is only obeyed for a limit. */
function isSoon({ retryAfterSeconds = 0 }: Failure): boolean {
	return retryAfterSeconds * 1000 <= MAX_RETRY_AFTER_MS;
}

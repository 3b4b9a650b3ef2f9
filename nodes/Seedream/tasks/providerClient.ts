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
import { namedTaskIds } from '../providers/responseSchemas';
import type { Clock } from '../shared/clock';
import type { ConcurrencyLimiter } from '../shared/concurrencyLimiter';
import { isJsonObject, type JsonObject } from '../shared/json';
import type { ListedTask } from '../shared/task';
import type { ApiClient, HttpResult } from './apiClient';
import { createRateLimiter, MAX_RETRY_AFTER_MS, type RateLimiter } from './rateLimiter';
import { parseRetryAfter } from './retryAfter';

/** What a provider says, and the answer it stood in. */
export interface ParsedResponse<T> {
	content: T;
	raw: JsonObject;
}

/** `isReplay`: the provider knows the key, and answers with what was made under it before. */
export interface CreateResponse extends ParsedResponse<CreatedTask[]> {
	isReplay: boolean;
}

/** Asked again under its key, the same create is answered at once. */
const REPEATABLE_CREATE_MS = 60_000;
/** Where it is not, the answer names what was paid: worth more than the time (seen: after 63 s). */
const ONLY_CREATE_MS = 600_000;
const MAX_QUERY_TIMEOUT_MS = 60_000;
/** A query shortly before the deadline gets so much time all the same. */
const MIN_QUERY_TIMEOUT_MS = 5_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const LIST_MS = 10_000;
const MAX_PAGES = 3;

export interface ProviderClientOptions {
	/** A limit of the provider's is waited for so long after it last took something. */
	patienceSeconds: number;
	/** Shared by all providers where the user chose how many tasks may be at work. */
	pool?: ConcurrencyLimiter;
	/** Called when the provider takes nothing for now. */
	onRefused?: () => void;
	random?: () => number;
}

/**
 * The calls that a provider knows, at the pace that it takes. One for all rows of a batch. Creates
 * have a pace of their own: a provider that takes no more tasks can still tell of those it has.
 */
export class ProviderClient {
	private readonly creates: RateLimiter;

	private readonly others: RateLimiter;

	/** Tasks that are followed, and whose end makes room for others; with what frees their place. */
	private readonly running = new Map<string, () => void>();

	/** The last create that was refused. */
	private rejection?: Failure;

	private hasReplayed = false;

	constructor(
		readonly provider: Provider,
		readonly concurrencyLimiter: ConcurrencyLimiter,
		private readonly door: ApiClient,
		private readonly clock: Clock,
		private readonly options: ProviderClientOptions,
	) {
		const { patienceSeconds, random = Math.random } = options;
		this.creates = createRateLimiter(clock, random, patienceSeconds * 1000);
		this.others = createRateLimiter(clock, random, patienceSeconds * 1000);
	}

	/** Whether a create that is sent again under its key is certainly not made again. */
	honoursKeys(): boolean {
		const { trust } = this.provider.idempotency;
		return trust === 'promised' || (trust === 'whenShown' && this.hasReplayed);
	}

	/** The provider has answered a repeated create with the first task before. */
	trustKeys(): void {
		this.hasReplayed = true;
	}

	/** It takes no creates for now, and is waited for. */
	isWaiting(): boolean {
		return this.creates.isWaiting();
	}

	/** Whether a create that failed may be sent again; `hasTriesLeft` says so for what is no refusal. */
	mayCreateAgain(failure: Failure, hasTriesLeft: boolean): boolean {
		if (failure.retry === undefined) return false;
		if (failure.isUnavailable) return !this.takesNothing();
		return failure.meaning === 'stillUnderWay' || (hasTriesLeft && isSoon(failure));
	}

	/** The same for an upload. */
	mayUploadAgain(failure: Failure, hasTriesLeft: boolean): boolean {
		if (failure.retry === undefined) return false;
		return failure.isUnavailable ? !this.others.isClosed() : hasTriesLeft && isSoon(failure);
	}

	/** It refuses everything, and not because it is busy with what it has of ours. */
	private takesNothing(): boolean {
		return this.creates.isClosed() && this.running.size === 0;
	}

	/**
	 * Sends the create once. `idempotencyKey` is the same for the same row on every try; `onSend` is
	 * called when it goes out, which may be long after: or never, when the provider refuses everything.
	 */
	async create(
		body: JsonObject,
		idempotencyKey: string,
		onSend: () => void,
	): Promise<Result<CreateResponse>> {
		const created = await this.creates.runWhile(
			() => !this.takesNothing(),
			async () =>
				await this.inPool(async () => {
					onSend();
					return await this.sendCreate(body, idempotencyKey);
				}),
		);
		if (!created) return { ok: false, failure: notSent(this.provider, this.rejection) };
		if (created.ok) {
			if (created.value.isReplay) this.hasReplayed = true;
			this.concurrencyLimiter.accepted();
		} else if (created.failure.isUnavailable) {
			this.rejection = created.failure;
			this.concurrencyLimiter.refused();
			this.options.onRefused?.();
		}
		return created;
	}

	/** A task that was made keeps its place until its end; what was refused leaves it to other providers. */
	private async inPool(
		send: () => Promise<Result<CreateResponse>>,
	): Promise<Result<CreateResponse>> {
		const free = (await this.options.pool?.take()) ?? (() => {});
		let isKept = false;
		try {
			// After a stop, what still waits ends here.
			await this.clock.sleep(0);
			const created = await send();
			if (!created.ok) return created;
			const [first, ...others] = created.value.content;
			if (first) {
				// A replay has the task of another row.
				this.running.get(first.taskId)?.();
				this.running.set(first.taskId, free);
				isKept = true;
			}
			for (const { taskId } of others) this.running.set(taskId, () => {});
			return created;
		} finally {
			if (!isKept) free();
		}
	}

	private async sendCreate(
		body: JsonObject,
		idempotencyKey: string,
	): Promise<Result<CreateResponse>> {
		const { createPath, idempotency, readCreated } = this.provider;
		const isRepeatable = this.honoursKeys();
		const answer = await this.door.send({
			method: 'POST',
			path: createPath,
			body,
			headers: { ...idempotency.headers, 'Idempotency-Key': idempotencyKey },
			timeoutMs: isRepeatable ? REPEATABLE_CREATE_MS : ONLY_CREATE_MS,
			mustFinish: true,
		});
		const created = this.parseResponse(answer, readCreated, { kind: 'create', isRepeatable });
		const reply = answer.kind === 'response' ? answer : undefined;
		const isReplay = reply?.headers['idempotency-replayed']?.trim().toLowerCase() === 'true';
		if (created.ok) return { ok: true, value: { ...created.value, isReplay } };
		// An error that names a task does not undo it: the task itself tells what became of it.
		const raw = reply?.body;
		const named = namedTaskIds(raw);
		if (named.length === 0 || !isJsonObject(raw)) return created;
		const tasks = named.map((taskId) => ({ taskId }));
		return { ok: true, value: { content: tasks, raw, isReplay } };
	}

	/** The task takes no room at the provider any more, or nobody waits for its end. */
	release(taskId: string): void {
		const free = this.running.get(taskId);
		if (!free) return;
		this.running.delete(taskId);
		free();
		this.creates.resetBackoff();
	}

	/** Undefined when the provider's pace leaves no time for it by `until`, in milliseconds since 1970. */
	async query(
		taskId: string,
		until: number,
	): Promise<Result<ParsedResponse<TaskState>> | undefined> {
		return await this.others.runWhile(this.isBefore(until), async () => {
			const answer = await this.door.send({
				method: 'GET',
				path: this.provider.queryPath(taskId),
				timeoutMs: this.queryTimeout(until),
			});
			const purpose = { kind: 'task' as const, taskId };
			const queried = this.parseResponse(answer, this.provider.readTask, purpose);
			if (!queried.ok) return queried;
			const { content: state, raw } = queried.value;
			if (state.status === 'completed' && state.imageUrls.length === 0) {
				const reason = 'the task is completed, but there is no image in it';
				return { ok: false, failure: unreadableResponse(this.provider, reason, raw, purpose) };
			}
			return queried;
		});
	}

	/** By their ids. What the answer leaves out, or tells in a way that is not clear, is not among them. */
	async queryMany(
		taskIds: readonly string[],
		{ path, body, read }: BatchQuery,
		until: number,
	): Promise<Result<ReadonlyMap<string, ParsedResponse<TaskState>>> | undefined> {
		return await this.others.runWhile(this.isBefore(until), async () => {
			const answer = await this.door.send({
				method: 'POST',
				path,
				body: body(taskIds),
				timeoutMs: this.queryTimeout(until),
			});
			const queried = this.parseResponse(answer, read, { kind: 'free' });
			if (!queried.ok) return queried;
			const tasks = queried.value.content.filter(
				({ content: state }) => state.status !== 'completed' || state.imageUrls.length > 0,
			);
			return { ok: true, value: new Map(tasks.map((task) => [task.taskId, task])) };
		});
	}

	/**
	 * The account's tasks of a model that were made since then, in milliseconds since 1970. None where the
	 * provider has no such list, or does not answer: it is only looked at to help.
	 */
	async listTasks(model: string, since: number): Promise<ListedTask[]> {
		const { taskList } = this.provider;
		const tasks: ListedTask[] = [];
		for (let page = 1; taskList && page <= MAX_PAGES; page += 1) {
			const path = taskList.path(model, page);
			const until = this.clock.now() + LIST_MS;
			const listed = await this.others.runWhile(this.isBefore(until), async () => {
				const answer = await this.door.send({ method: 'GET', path, timeoutMs: LIST_MS });
				return this.parseResponse(answer, taskList.read, { kind: 'free' });
			});
			if (!listed?.ok) break;
			const { content } = listed.value;
			const recent = content.filter(({ createdAt }) => createdAt.getTime() >= since);
			tasks.push(...recent);
			if (content.length < taskList.most || recent.length < content.length) break;
		}
		return tasks.filter((task) => task.model === undefined || task.model === model);
	}

	private isBefore(until: number): () => boolean {
		return () => this.clock.now() <= until;
	}

	private queryTimeout(until: number): number {
		const left = Math.min(MAX_QUERY_TIMEOUT_MS, until - this.clock.now());
		return Math.max(MIN_QUERY_TIMEOUT_MS, left);
	}

	/** Gives the provider a file to keep, and yields the link to it. Costs nothing. */
	async upload(
		upload: FileUpload,
		read: (body: JsonObject) => ParseResult<string>,
	): Promise<Result<string>> {
		const uploaded = await this.others.run(async () =>
			this.parseResponse(await this.door.upload(upload), read, { kind: 'free' }),
		);
		if (uploaded.ok) return { ok: true, value: uploaded.value.content };
		return { ok: false, failure: uploadFailure(uploaded.failure) };
	}

	private parseResponse<T>(
		answer: HttpResult,
		read: (body: JsonObject) => ParseResult<T>,
		purpose: RequestPurpose,
	): Result<ParsedResponse<T>> {
		const { provider } = this;
		if (answer.kind === 'networkError') {
			return { ok: false, failure: networkFailure(provider, answer, purpose) };
		}
		const { status, headers, body } = answer;
		if (REDIRECTS.has(status)) {
			return { ok: false, failure: redirected(provider, headers.location, purpose) };
		}
		const error = provider.readError(status, body);
		if (error) {
			const wish = parseRetryAfter(headers, this.clock.now());
			const requestId = headers['x-request-id'] ?? headers['x-oneapi-request-id'];
			return { ok: false, failure: httpFailure(provider, { requestId, ...error }, wish, purpose) };
		}
		const unreadable = (reason: string) => unreadableResponse(provider, reason, body, purpose);
		if (!isJsonObject(body)) return { ok: false, failure: unreadable('it is not a JSON object') };
		const reading = read(body);
		return reading.kind === 'parsed'
			? { ok: true, value: { content: reading.value, raw: body } }
			: { ok: false, failure: unreadable(reading.reason) };
	}
}

/** Longer wishes are only granted where a limit is waited for. */
function isSoon({ retryAfterSeconds = 0 }: Failure): boolean {
	return retryAfterSeconds * 1000 <= MAX_RETRY_AFTER_MS;
}

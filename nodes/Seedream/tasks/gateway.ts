import {
	httpFailure,
	networkFailure,
	notSent,
	redirected,
	unreadableAnswer,
	uploadFailure,
	type CallPurpose,
	type Failure,
	type Result,
} from '../errors';
import { isJsonObject, type JsonObject } from '../json';
import { namedTaskIds } from '../providers/answers';
import type {
	BatchQuery,
	CreatedTask,
	ListedTask,
	Provider,
	Reading,
	TaskState,
} from '../providers/provider';
import type { Clock, FileUpload, GatewayDoor, HttpAnswer } from './ports';
import { retryAfterSeconds } from './retryAfter';
import type { Slots } from './slots';
import { createThrottle, LONGEST_PATIENCE_MS, type Throttle } from './throttle';

/** What a gateway says, and the answer it stood in. */
export interface Answer<T> {
	content: T;
	raw: JsonObject;
}

/** `isReplay`: the provider knows the key, and answers with what was made under it before. */
export interface CreateAnswer extends Answer<CreatedTask[]> {
	isReplay: boolean;
}

/** Asked again under its key, the same create is answered at once. */
const REPEATABLE_CREATE_MS = 60_000;
/** Where it is not, the answer names what was paid: worth more than the time (seen: after 63 s). */
const ONLY_CREATE_MS = 600_000;
const LONGEST_QUERY_MS = 60_000;
/** A query shortly before the deadline gets so much time all the same. */
const SHORTEST_QUERY_MS = 5_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const LIST_MS = 10_000;
const MOST_PAGES = 3;

export interface GatewayOptions {
	/** A limit of the provider's is waited for so long after it last took something. */
	patienceSeconds: number;
	/** Shared by all providers where the user chose how many tasks may be at work. */
	pool?: Slots;
	/** Called when the provider takes nothing for now. */
	onRefused?: () => void;
	random?: () => number;
}

/**
 * The calls that a gateway knows, at the pace that it takes. One for all rows of a batch. Creates
 * have a pace of their own: a gateway that takes no more tasks can still tell of those it has.
 */
export class Gateway {
	private readonly creates: Throttle;

	private readonly others: Throttle;

	/** Tasks that are followed, and whose end makes room for others; with what frees their place. */
	private readonly running = new Map<string, () => void>();

	/** The last create that was refused. */
	private refusal?: Failure;

	private hasReplayed = false;

	constructor(
		readonly provider: Provider,
		readonly slots: Slots,
		private readonly door: GatewayDoor,
		private readonly clock: Clock,
		private readonly options: GatewayOptions,
	) {
		const { patienceSeconds, random = Math.random } = options;
		this.creates = createThrottle(clock, random, patienceSeconds * 1000);
		this.others = createThrottle(clock, random, patienceSeconds * 1000);
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
		if (failure.isRefusal) return !this.takesNothing();
		return failure.meaning === 'stillUnderWay' || (hasTriesLeft && isSoon(failure));
	}

	/** The same for an upload. */
	mayUploadAgain(failure: Failure, hasTriesLeft: boolean): boolean {
		if (failure.retry === undefined) return false;
		return failure.isRefusal ? !this.others.isClosed() : hasTriesLeft && isSoon(failure);
	}

	/** It refuses everything, and not because it is busy with what it has of ours. */
	private takesNothing(): boolean {
		return this.creates.isClosed() && this.running.size === 0;
	}

	/**
	 * Sends the create once. `idempotencyKey` is the same for the same row on every try; `onSend` is
	 * called when it goes out, which may be long after: or never, when the gateway refuses everything.
	 */
	async create(
		body: JsonObject,
		idempotencyKey: string,
		onSend: () => void,
	): Promise<Result<CreateAnswer>> {
		const created = await this.creates.runWhile(
			() => !this.takesNothing(),
			async () =>
				await this.inPool(async () => {
					onSend();
					return await this.sendCreate(body, idempotencyKey);
				}),
		);
		if (!created) return { ok: false, failure: notSent(this.provider, this.refusal) };
		if (created.ok) {
			if (created.value.isReplay) this.hasReplayed = true;
			this.slots.accepted();
		} else if (created.failure.isRefusal) {
			this.refusal = created.failure;
			this.slots.refused();
			this.options.onRefused?.();
		}
		return created;
	}

	/** A task that was made keeps its place until its end; what was refused leaves it to other providers. */
	private async inPool(send: () => Promise<Result<CreateAnswer>>): Promise<Result<CreateAnswer>> {
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
	): Promise<Result<CreateAnswer>> {
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
		const created = this.readAnswer(answer, readCreated, { kind: 'create', isRepeatable });
		const reply = answer.kind === 'reply' ? answer : undefined;
		const isReplay = reply?.headers['idempotency-replayed']?.trim().toLowerCase() === 'true';
		if (created.ok) return { ok: true, value: { ...created.value, isReplay } };
		// An error that names a task does not undo it: the task itself tells what became of it.
		const raw = reply?.body;
		const named = namedTaskIds(raw);
		if (named.length === 0 || !isJsonObject(raw)) return created;
		const tasks = named.map((taskId) => ({ taskId }));
		return { ok: true, value: { content: tasks, raw, isReplay } };
	}

	/** The task takes no room at the gateway any more, or nobody waits for its end. */
	letGo(taskId: string): void {
		const free = this.running.get(taskId);
		if (!free) return;
		this.running.delete(taskId);
		free();
		this.creates.hope();
	}

	/** Undefined when the gateway's pace leaves no time for it by `until`, in milliseconds since 1970. */
	async query(taskId: string, until: number): Promise<Result<Answer<TaskState>> | undefined> {
		return await this.others.runWhile(this.isBefore(until), async () => {
			const answer = await this.door.send({
				method: 'GET',
				path: this.provider.queryPath(taskId),
				timeoutMs: this.queryTimeout(until),
			});
			const purpose = { kind: 'task' as const, taskId };
			const queried = this.readAnswer(answer, this.provider.readTask, purpose);
			if (!queried.ok) return queried;
			const { content: state, raw } = queried.value;
			if (state.status === 'completed' && state.imageUrls.length === 0) {
				const reason = 'the task is completed, but there is no image in it';
				return { ok: false, failure: unreadableAnswer(this.provider, reason, raw, purpose) };
			}
			return queried;
		});
	}

	/** By their ids. What the answer leaves out, or tells in a way that is not clear, is not among them. */
	async queryMany(
		taskIds: readonly string[],
		{ path, body, read }: BatchQuery,
		until: number,
	): Promise<Result<ReadonlyMap<string, Answer<TaskState>>> | undefined> {
		return await this.others.runWhile(this.isBefore(until), async () => {
			const answer = await this.door.send({
				method: 'POST',
				path,
				body: body(taskIds),
				timeoutMs: this.queryTimeout(until),
			});
			const queried = this.readAnswer(answer, read, { kind: 'free' });
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
		for (let page = 1; taskList && page <= MOST_PAGES; page += 1) {
			const path = taskList.path(model, page);
			const until = this.clock.now() + LIST_MS;
			const listed = await this.others.runWhile(this.isBefore(until), async () => {
				const answer = await this.door.send({ method: 'GET', path, timeoutMs: LIST_MS });
				return this.readAnswer(answer, taskList.read, { kind: 'free' });
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
		const left = Math.min(LONGEST_QUERY_MS, until - this.clock.now());
		return Math.max(SHORTEST_QUERY_MS, left);
	}

	/** Gives the gateway a file to keep, and yields the link to it. Costs nothing. */
	async upload(
		upload: FileUpload,
		read: (body: JsonObject) => Reading<string>,
	): Promise<Result<string>> {
		const uploaded = await this.others.run(async () =>
			this.readAnswer(await this.door.upload(upload), read, { kind: 'free' }),
		);
		if (uploaded.ok) return { ok: true, value: uploaded.value.content };
		return { ok: false, failure: uploadFailure(uploaded.failure) };
	}

	private readAnswer<T>(
		answer: HttpAnswer,
		read: (body: JsonObject) => Reading<T>,
		purpose: CallPurpose,
	): Result<Answer<T>> {
		const { provider } = this;
		if (answer.kind === 'noReply') {
			return { ok: false, failure: networkFailure(provider, answer, purpose) };
		}
		const { status, headers, body } = answer;
		if (REDIRECTS.has(status)) {
			return { ok: false, failure: redirected(provider, headers.location, purpose) };
		}
		const error = provider.readError(status, body);
		if (error) {
			const wish = retryAfterSeconds(headers, this.clock.now());
			const requestId = headers['x-request-id'] ?? headers['x-oneapi-request-id'];
			return { ok: false, failure: httpFailure(provider, { requestId, ...error }, wish, purpose) };
		}
		const unreadable = (reason: string) => unreadableAnswer(provider, reason, body, purpose);
		if (!isJsonObject(body)) return { ok: false, failure: unreadable('it is not a JSON object') };
		const reading = read(body);
		return reading.kind === 'read'
			? { ok: true, value: { content: reading.value, raw: body } }
			: { ok: false, failure: unreadable(reading.reason) };
	}
}

/** Longer wishes are only granted where a limit is waited for. */
function isSoon({ afterSeconds = 0 }: Failure): boolean {
	return afterSeconds * 1000 <= LONGEST_PATIENCE_MS;
}

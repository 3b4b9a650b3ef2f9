import {
	httpFailure,
	networkFailure,
	notSent,
	unreadableAnswer,
	uploadFailure,
	type Failure,
	type Result,
} from '../errors';
import { isJsonObject, type JsonObject } from '../json';
import type { BatchQuery, CreatedTask, Provider, Reading, TaskState } from '../providers/provider';
import type { Clock, FileUpload, GatewayDoor, HttpAnswer } from './ports';
import { retryAfterSeconds } from './retryAfter';
import type { Slots } from './slots';
import { createThrottle, LONGEST_PATIENCE_MS, type Throttle } from './throttle';

/** What an answer says, together with the answer itself. */
export interface Answer<T> {
	content: T;
	raw: JsonObject;
}

const LONGEST_QUERY_MS = 60_000;
/** A query shortly before the deadline gets so much time all the same. */
const SHORTEST_QUERY_MS = 5_000;

/**
 * The calls that a gateway knows, at the pace that it takes. One for all rows of a batch. Creates
 * have a pace of their own: a gateway that takes no more tasks can still tell of those it has.
 */
export class Gateway {
	private readonly creates: Throttle;

	private readonly others: Throttle;

	/** Tasks that are followed, and whose end makes room for others. */
	private readonly running = new Set<string>();

	/** The last create that was refused. */
	private refusal?: Failure;

	constructor(
		readonly provider: Provider,
		readonly slots: Slots,
		private readonly door: GatewayDoor,
		private readonly clock: Clock,
		random: () => number = Math.random,
	) {
		this.creates = createThrottle(clock, random);
		this.others = createThrottle(clock, random);
	}

	/** Whether a create that failed may be sent again; `hasTriesLeft` says so for what is no refusal. */
	mayCreateAgain(failure: Failure, hasTriesLeft: boolean): boolean {
		return mayRepeat(failure, failure.isRefusal ? !this.takesNothing() : hasTriesLeft);
	}

	/** The same for an upload. */
	mayUploadAgain(failure: Failure, hasTriesLeft: boolean): boolean {
		return mayRepeat(failure, failure.isRefusal ? !this.others.isClosed() : hasTriesLeft);
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
	): Promise<Result<Answer<CreatedTask>>> {
		const created = await this.creates.runWhile(
			() => !this.takesNothing(),
			async () => {
				onSend();
				const answer = await this.door.send({
					method: 'POST',
					path: this.provider.createPath,
					body,
					headers: { 'Idempotency-Key': idempotencyKey },
					mustFinish: true,
				});
				return this.readAnswer(answer, this.provider.readCreated);
			},
		);
		if (!created) return { ok: false, failure: notSent(this.provider, this.refusal) };
		if (created.ok) {
			this.running.add(created.value.content.taskId);
			this.slots.accepted();
		} else if (created.failure.isRefusal) {
			this.refusal = created.failure;
			this.slots.refused();
		}
		return created;
	}

	/** The task takes no room at the gateway any more, or nobody waits for its end. */
	letGo(taskId: string): void {
		if (this.running.delete(taskId)) this.creates.hope();
	}

	/** Undefined when the gateway's pace leaves no time for it by `until`, in milliseconds since 1970. */
	async query(taskId: string, until: number): Promise<Result<Answer<TaskState>> | undefined> {
		return await this.others.runWhile(this.isBefore(until), async () => {
			const answer = await this.door.send({
				method: 'GET',
				path: this.provider.queryPath(taskId),
				timeoutMs: this.queryTimeout(until),
			});
			const queried = this.readAnswer(answer, this.provider.readTask, taskId);
			if (!queried.ok) return queried;
			const { content: state, raw } = queried.value;
			if (state.status === 'completed' && state.imageUrls.length === 0) {
				const reason = 'the task is completed, but there is no image in it';
				return { ok: false, failure: unreadableAnswer(this.provider, reason, raw, taskId) };
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
			const queried = this.readAnswer(answer, read);
			if (!queried.ok) return queried;
			const tasks = queried.value.content.filter(
				({ content: state }) => state.status !== 'completed' || state.imageUrls.length > 0,
			);
			return { ok: true, value: new Map(tasks.map((task) => [task.taskId, task])) };
		});
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
			this.readAnswer(await this.door.upload(upload), read),
		);
		if (uploaded.ok) return { ok: true, value: uploaded.value.content };
		return { ok: false, failure: uploadFailure(uploaded.failure) };
	}

	private readAnswer<T>(
		answer: HttpAnswer,
		read: (body: JsonObject) => Reading<T>,
		taskId?: string,
	): Result<Answer<T>> {
		const { provider } = this;
		if (answer.kind === 'noReply') {
			return { ok: false, failure: networkFailure(provider, answer, taskId) };
		}
		const { status, headers, body } = answer;
		const error = provider.readError(status, body);
		if (error) {
			const wish = retryAfterSeconds(headers, this.clock.now());
			const requestId = headers['x-request-id'];
			return { ok: false, failure: httpFailure(provider, { requestId, ...error }, wish, taskId) };
		}
		const unreadable = (reason: string) => unreadableAnswer(provider, reason, body, taskId);
		if (!isJsonObject(body)) return { ok: false, failure: unreadable('it is not a JSON object') };
		const reading = read(body);
		return reading.kind === 'read'
			? { ok: true, value: { content: reading.value, raw: body } }
			: { ok: false, failure: unreadable(reading.reason) };
	}
}

function mayRepeat({ retry, afterSeconds = 0 }: Failure, isWorthIt: boolean): boolean {
	return retry !== undefined && isWorthIt && afterSeconds * 1000 <= LONGEST_PATIENCE_MS;
}

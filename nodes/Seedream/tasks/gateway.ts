import {
	httpFailure,
	networkFailure,
	unreadableAnswer,
	uploadFailure,
	type Failure,
	type Result,
} from '../errors';
import { isJsonObject, type JsonObject } from '../json';
import type { CreatedTask, Provider, Reading, TaskState } from '../providers/provider';
import type { Clock, FileUpload, GatewayDoor, HttpAnswer } from './ports';
import { retryAfterSeconds } from './retryAfter';
import { createThrottle, type Throttle } from './throttle';

/** What an answer says, together with the answer itself. */
export interface Answer<T> {
	content: T;
	raw: JsonObject;
}

const LONGEST_QUERY_MS = 60_000;
/** A query shortly before the deadline gets so much time all the same. */
const SHORTEST_QUERY_MS = 5_000;

/** The calls that a gateway knows, at the pace that it takes. One for all rows of a batch. */
export class Gateway {
	private readonly throttle: Throttle;

	private refusedCreate?: Result<never>;

	constructor(
		readonly provider: Provider,
		private readonly door: GatewayDoor,
		private readonly clock: Clock,
		random?: () => number,
	) {
		this.throttle = createThrottle(clock, random);
	}

	/**
	 * Whether what failed may be sent again. After a refusal the throttle decides how long to wait,
	 * and for how long to go on; else it is for the caller to say whether the tries are used up.
	 */
	maySendAgain(failure: Failure, hasTriesLeft: boolean): boolean {
		if (!failure.retry) return false;
		return failure.isRefusal ? !this.throttle.isClosed() : hasTriesLeft;
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
		if (this.throttle.isClosed() && this.refusedCreate) return this.refusedCreate;
		const created = await this.throttle.run(async () => {
			onSend();
			const answer = await this.door.send({
				method: 'POST',
				path: this.provider.createPath,
				body,
				headers: { 'Idempotency-Key': idempotencyKey },
				mustFinish: true,
			});
			return this.readAnswer(answer, this.provider.readCreated);
		});
		if (!created.ok && created.failure.isRefusal) this.refusedCreate = created;
		return created;
	}

	/** Undefined when the gateway's pace leaves no time for it by `until`, in milliseconds since 1970. */
	async query(taskId: string, until: number): Promise<Result<Answer<TaskState>> | undefined> {
		return await this.throttle.runBy(until, async () => {
			const left = Math.min(LONGEST_QUERY_MS, until - this.clock.now());
			const answer = await this.door.send({
				method: 'GET',
				path: this.provider.queryPath(taskId),
				timeoutMs: Math.max(SHORTEST_QUERY_MS, left),
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

	/** Gives the gateway a file to keep, and yields the link to it. Costs nothing. */
	async upload(
		upload: FileUpload,
		read: (body: JsonObject) => Reading<string>,
	): Promise<Result<string>> {
		const uploaded = await this.throttle.run(async () =>
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

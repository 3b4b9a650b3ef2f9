import {
	httpFailure,
	networkFailure,
	unreadableAnswer,
	uploadFailure,
	type Result,
} from '../errors';
import { isJsonObject, type JsonObject } from '../json';
import type { CreatedTask, Provider, Reading, TaskState } from '../providers/provider';
import type { FileUpload, GatewayDoor, HttpAnswer } from './ports';

/** What an answer says, together with the answer itself. */
export interface Answer<T> {
	content: T;
	raw: JsonObject;
}

/** The calls that a gateway knows. */
export class Gateway {
	constructor(
		readonly provider: Provider,
		private readonly door: GatewayDoor,
	) {}

	/** Sends the create once. `idempotencyKey` is the same for the same row on every try. */
	async create(body: JsonObject, idempotencyKey: string): Promise<Result<Answer<CreatedTask>>> {
		const answer = await this.door.send({
			method: 'POST',
			path: this.provider.createPath,
			body,
			headers: { 'Idempotency-Key': idempotencyKey },
		});
		return this.readAnswer(answer, this.provider.readCreated);
	}

	async query(taskId: string): Promise<Result<Answer<TaskState>>> {
		const answer = await this.door.send({ method: 'GET', path: this.provider.queryPath(taskId) });
		const queried = this.readAnswer(answer, this.provider.readTask, taskId);
		if (!queried.ok) return queried;
		const { content: state, raw } = queried.value;
		if (state.status === 'completed' && state.imageUrls.length === 0) {
			const reason = 'the task is completed, but there is no image in it';
			return { ok: false, failure: unreadableAnswer(this.provider, reason, raw, taskId) };
		}
		return queried;
	}

	/** Gives the gateway a file to keep, and yields the link to it. Costs nothing. */
	async upload(
		upload: FileUpload,
		read: (body: JsonObject) => Reading<string>,
	): Promise<Result<string>> {
		const uploaded = this.readAnswer(await this.door.upload(upload), read);
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
		if (error) return { ok: false, failure: httpFailure(provider, error, headers, taskId) };
		const unreadable = (reason: string) => unreadableAnswer(provider, reason, body, taskId);
		if (!isJsonObject(body)) return { ok: false, failure: unreadable('it is not a JSON object') };
		const reading = read(body);
		return reading.kind === 'read'
			? { ok: true, value: { content: reading.value, raw: body } }
			: { ok: false, failure: unreadable(reading.reason) };
	}
}

import type { Failure, Result } from '../errors/failure';
import {
	earlierCreateUnconfirmed,
	executionRestarted,
	possibleDuplicate,
	unconfirmedFailure,
	type UnconfirmedCreate,
} from '../errors/unconfirmedCreate';
import type { CreatedTask } from '../providers/provider';
import type { Backoff } from '../shared/backoff';
import type { Clock } from '../shared/clock';
import type { JsonObject } from '../shared/json';
import type { ListedTask } from '../shared/task';
import type { RowMemory } from './memory';
import type { CreateResponse, ProviderClient } from './providerClient';
import type { RowRecord } from './rowRecord';

/** Tasks that were just created, and the response that says so. */
export interface SubmittedTasks {
	tasks: readonly CreatedTask[];
	/** Milliseconds since 1970. */
	at: number;
	raw: JsonObject;
	/** Another execution created them. */
	isReused?: true;
}

/** The provider has another request with the row's key, which this row has nothing to do with. */
export interface KeyTaken {
	ok: false;
	isKeyTaken: true;
	failure: Failure;
}

export interface SubmitTools {
	clock: Clock;
	backoff: Backoff;
	/** How long to repeat a create that the provider is still processing. */
	timeoutSeconds: number;
	/** Whether a row of this execution has the task. */
	isRecorded: (taskId: string) => boolean;
	/** The provider answered a repeated create with the first task. */
	onReplay: () => void;
	/** Whether other executions have the same key for the same row. */
	isKeyShared?: boolean;
	memory?: RowMemory;
}

const MAX_ATTEMPTS = 6;
const INITIAL_WAIT_SECONDS = 2;
const MAX_WAIT_SECONDS = 60;
/** How soon a row that waits for Retry-After notices that the provider accepts nothing anymore. */
const SLICE_MS = 250;
/** How far the provider's clock may be off. */
const CLOCK_SKEW_MS = 60_000;

/**
 * Creates the row's task, once. The create is repeated only where that can't be charged twice: if the
 * provider certainly didn't accept it, or if it honors the Idempotency-Key. Every step is recorded
 * before anything else happens. `newBody` isn't called if a body was sent before, because a key has
 * to be repeated with exactly the same body.
 */
export async function submitTask(
	client: ProviderClient,
	newBody: () => Promise<Result<JsonObject>>,
	record: RowRecord,
	tools: SubmitTools,
): Promise<Result<SubmittedTasks> | KeyTaken> {
	return await new Submission(client, record, tools).submit(newBody);
}

class Submission {
	/** When a create whose outcome is unknown was first and last sent. */
	private unconfirmedAt?: number;

	private lastUnconfirmedAt: number;

	private sentAt: number;

	/** When this execution first sent a create whose outcome is unknown. */
	private ownUnconfirmedAt?: number;

	private attempts = 1;

	private waits = 0;

	constructor(
		private readonly client: ProviderClient,
		private readonly record: RowRecord,
		private readonly tools: SubmitTools,
	) {
		const earlier = record.unconfirmed();
		this.unconfirmedAt = earlier?.at;
		this.lastUnconfirmedAt = earlier?.lastAt ?? tools.clock.now();
		this.sentAt = this.lastUnconfirmedAt;
		// An entry in the data table is another execution's.
		this.ownUnconfirmedAt = earlier?.table === undefined ? earlier?.at : undefined;
	}

	async submit(
		newBody: () => Promise<Result<JsonObject>>,
	): Promise<Result<SubmittedTasks> | KeyTaken> {
		const { client, record } = this;
		const earlier = record.unconfirmed();
		if (!client.honorsIdempotencyKeys()) {
			if (earlier && !earlier.isSeen) {
				return { ok: false, failure: earlierCreateUnconfirmed(await this.unconfirmedCreate()) };
			}
			if (record.isMaybeSent() && this.mayBeInTable()) {
				record.markMaybeSent();
				return { ok: false, failure: executionRestarted(client.provider) };
			}
		}
		// Without idempotency the same body has no advantage, and its links may have expired.
		if (earlier?.body && client.provider.idempotency.trust !== 'none') {
			return await this.send(earlier.body);
		}
		const body = await newBody();
		return body.ok ? await this.send(body.value) : body;
	}

	/** A data table knows every create that was sent. */
	private mayBeInTable(): boolean {
		const { memory } = this.tools;
		return !memory || memory.find(this.record.idempotencyKey) !== undefined;
	}

	private async send(body: JsonObject): Promise<Result<SubmittedTasks> | KeyTaken> {
		const { clock, timeoutSeconds, isKeyShared = false, memory } = this.tools;
		const { idempotencyKey } = this.record;
		const until = clock.now() + timeoutSeconds * 1000;
		for (;;) {
			const created = await this.client.create(body, idempotencyKey, () => this.onSend(body));
			if (created.ok) return { ok: true, value: await this.onCreated(created.value) };
			const { failure } = created;
			if (isKeyShared && failure.meaning === 'keyReused' && this.unconfirmedAt === undefined) {
				memory?.noteRejected(idempotencyKey);
				return { ok: false, isKeyTaken: true, failure };
			}
			this.recordFailure(failure, body);
			if (await this.waitToRetry(failure, until)) continue;
			if (this.unconfirmedAt === undefined) {
				memory?.noteRejected(idempotencyKey);
				return created;
			}
			return { ok: false, failure: unconfirmedFailure(failure, await this.unconfirmedCreate()) };
		}
	}

	private async onSend(body: JsonObject): Promise<Failure | undefined> {
		const { clock, memory } = this.tools;
		const { idempotencyKey } = this.record;
		const failure = await memory?.storeSent(idempotencyKey);
		if (failure) return failure;
		let isStopped = memory !== undefined;
		try {
			// Throws if the execution was stopped meanwhile.
			if (memory) await clock.sleep(0);
			isStopped = false;
		} finally {
			if (isStopped && this.unconfirmedAt === undefined) memory?.noteRejected(idempotencyKey);
		}
		this.sentAt = clock.now();
		this.record.markSent(body, this.sentAt, this.unconfirmedAt);
		return undefined;
	}

	private async onCreated(response: CreateResponse): Promise<SubmittedTasks> {
		const { content: tasks, raw, isReplay } = response;
		if (isReplay && this.isFromElsewhere(tasks)) return this.onReused(tasks, raw);
		const at = this.tools.clock.now();
		const taskIds = tasks.map(({ taskId }) => taskId);
		const first = isReplay ? undefined : this.unconfirmedAt;
		const warning = (others: readonly ListedTask[]) =>
			first === undefined
				? undefined
				: possibleDuplicate(this.client.provider, taskIds.join(', '), new Date(first), others);
		// First of all, because the rest may be aborted.
		this.record.markCreated(taskIds, at, warning([]));
		this.tools.memory?.noteMade(this.record.idempotencyKey, taskIds, at);
		if (isReplay) this.tools.onReplay();
		if (first !== undefined) {
			this.record.markCreated(taskIds, at, warning(await this.unrecordedTasks(first)));
		}
		return { tasks, at, raw };
	}

	/** Whether another execution certainly created the tasks. */
	private isFromElsewhere(tasks: readonly CreatedTask[]): boolean {
		const { isKeyShared = false, isRecorded } = this.tools;
		if (!isKeyShared || tasks.some(({ taskId }) => isRecorded(taskId))) return false;
		if (this.ownUnconfirmedAt === undefined) return true;
		const createdAt = creationTime(tasks);
		return createdAt !== undefined && createdAt < this.ownUnconfirmedAt - CLOCK_SKEW_MS;
	}

	private onReused(tasks: readonly CreatedTask[], raw: JsonObject): SubmittedTasks {
		const { record, tools } = this;
		const at = creationTime(tasks) ?? tools.clock.now();
		const taskIds = tasks.map(({ taskId }) => taskId);
		record.markReused(taskIds, at);
		tools.memory?.noteMade(record.idempotencyKey, taskIds, at);
		tools.onReplay();
		return { tasks, at, raw, isReused: true };
	}

	private recordFailure(failure: Failure, body: JsonObject): void {
		if (failure.charged === 'unknown') {
			// Before anything else of this row was sent, another execution's create is in progress.
			if (failure.meaning !== 'inProgress') this.ownUnconfirmedAt ??= this.sentAt;
			this.unconfirmedAt ??= this.sentAt;
			this.lastUnconfirmedAt = this.sentAt;
		} else if (this.unconfirmedAt === undefined) this.record.markRejected();
		else this.record.markSent(body, this.lastUnconfirmedAt, this.unconfirmedAt);
	}

	/** False if the create isn't to be repeated. */
	private async waitToRetry(failure: Failure, until: number): Promise<boolean> {
		const { clock, backoff } = this.tools;
		const wait = waitSeconds(failure, this.waits);
		if (wait !== undefined && clock.now() + wait * 1000 > until) return false;
		if (!this.client.mayRetryCreate(failure, this.attempts < MAX_ATTEMPTS)) return false;
		if (wait !== undefined) {
			this.waits += 1;
			await clock.sleep(wait * 1000);
		} else if (!failure.isUnavailable) {
			await clock.sleep(backoff(this.attempts, failure.retryAfterSeconds));
			this.attempts += 1;
		} else await this.waitForRetryAfter(failure);
		return true;
	}

	/** The rate limiter may let other rows go on in the meantime, or give up. */
	private async waitForRetryAfter(failure: Failure): Promise<void> {
		const { clock } = this.tools;
		const end = clock.now() + (failure.retryAfterSeconds ?? 0) * 1000;
		while (clock.now() < end && this.client.mayRetryCreate(failure, true)) {
			await clock.sleep(Math.min(SLICE_MS, end - clock.now()));
		}
	}

	private async unconfirmedCreate(): Promise<UnconfirmedCreate> {
		const { client, record } = this;
		const at = this.unconfirmedAt ?? this.lastUnconfirmedAt;
		return {
			provider: client.provider,
			model: record.input.model,
			at: new Date(at),
			lastAt: new Date(this.lastUnconfirmedAt),
			isRepeatable: client.honorsIdempotencyKeys(),
			table: record.unconfirmed()?.table,
			candidates: await this.unrecordedTasks(at),
		};
	}

	/**
	 * Tasks that may come from a create without a response. They're only named to the user: the list
	 * has no prompts, and other users of the account create tasks of the same model.
	 */
	private async unrecordedTasks(since: number): Promise<ListedTask[]> {
		const { clock, isRecorded } = this.tools;
		// The clock may have been set back since.
		const from = Math.min(since, clock.now()) - CLOCK_SKEW_MS;
		const listed = await this.client.listTasks(this.record.input.model, from);
		const to = clock.now() + CLOCK_SKEW_MS;
		return listed.filter(
			({ taskId, createdAt }) => createdAt.getTime() <= to && !isRecorded(taskId),
		);
	}
}

/** In milliseconds since 1970, where the response says so. */
function creationTime(tasks: readonly CreatedTask[]): number | undefined {
	const times = tasks.flatMap(({ createdAt }) => createdAt?.getTime() ?? []);
	return times.length > 0 ? Math.min(...times) : undefined;
}

/** How long to wait for a create that the provider is still processing; undefined for any other. */
function waitSeconds({ meaning, retryAfterSeconds }: Failure, waits: number): number | undefined {
	if (meaning !== 'inProgress') return undefined;
	return retryAfterSeconds ?? Math.min(MAX_WAIT_SECONDS, INITIAL_WAIT_SECONDS * 2 ** waits);
}

import type { Failure, Result } from '../errors/failure';
import { maybeMadeTwice, noSecondCreate, unconfirmedFailure } from '../errors/unconfirmedCreate';
import type { CreatedTask } from '../providers/provider';
import type { Backoff } from '../shared/backoff';
import type { Clock } from '../shared/clock';
import type { JsonObject } from '../shared/json';
import type { ListedTask } from '../shared/task';
import type { RowRecord } from './ledger';
import type { ProviderClient } from './providerClient';

/** Tasks that were made just now, with the answer that says so. */
export interface SubmittedTasks {
	tasks: readonly CreatedTask[];
	/** Milliseconds since 1970. */
	at: number;
	raw: JsonObject;
}

export interface SubmitTools {
	clock: Clock;
	backoff: Backoff;
	/** How long a create that is still under way at the provider is asked for again. */
	timeoutSeconds: number;
	/** Whether a row of this execution has the task. */
	isKnown: (taskId: string) => boolean;
	/** The provider has answered a repeated create with the first task. */
	onReplay: () => void;
}

const MAX_ATTEMPTS = 6;
const INITIAL_WAIT_SECONDS = 2;
const MAX_WAIT_SECONDS = 60;
/** The provider's clock may differ from ours. */
const CLOCK_SKEW_MS = 60_000;

/**
 * Makes the row's task, once. The create is sent again only where that cannot pay twice: when the
 * provider certainly did not accept it, or when it honours the Idempotency-Key. What is sent and what
 * comes of it is written into the row's record before anything else happens. `newBody` is not asked
 * for where a body was sent already: under a key goes the same body, to the letter.
 */
export async function submitTask(
	client: ProviderClient,
	newBody: () => Promise<Result<JsonObject>>,
	record: RowRecord,
	tools: SubmitTools,
): Promise<Result<SubmittedTasks>> {
	const { clock, backoff } = tools;
	const { provider } = client;
	const { model } = record.input;
	const earlier = record.unconfirmed();
	// The clock may have been set back since an earlier try.
	let lostAt = earlier && Math.min(earlier.at, clock.now());
	let lastLostAt = earlier ? Math.min(earlier.lastAt, clock.now()) : clock.now();
	let sentAt = lastLostAt;
	const unconfirmed = async (at: number) => ({
		provider,
		model,
		at: new Date(at),
		lastAt: new Date(lastLostAt),
		isRepeatable: client.honoursKeys(),
		candidates: await unknownTasks(client, model, at, tools),
	});
	if (earlier && lostAt !== undefined && !earlier.isSeen && !client.honoursKeys()) {
		return { ok: false, failure: noSecondCreate(await unconfirmed(lostAt)) };
	}
	// A provider that knows no keys gains nothing from links that have grown old.
	const isSameBody = earlier && provider.idempotency.trust !== 'none';
	const built = isSameBody ? { ok: true as const, value: earlier.body } : await newBody();
	if (!built.ok) return built;
	const body = built.value;

	const onSend = () => {
		sentAt = clock.now();
		record.sent(body, sentAt, lostAt);
	};
	const until = clock.now() + tools.timeoutSeconds * 1000;
	for (let tries = 1, waits = 0; ;) {
		const created = await client.create(body, record.idempotencyKey, onSend);
		if (created.ok) {
			const { content: tasks, raw, isReplay } = created.value;
			const at = clock.now();
			const taskIds = tasks.map(({ taskId }) => taskId);
			const mayBeSecond = lostAt !== undefined && !isReplay;
			const warning = (others: readonly ListedTask[]) =>
				mayBeSecond
					? maybeMadeTwice(provider, taskIds.join(', '), new Date(lostAt ?? at), others)
					: undefined;
			// First of all: what comes after this may be broken off.
			record.made(taskIds, at, warning([]));
			if (isReplay) tools.onReplay();
			if (mayBeSecond) {
				const others = await unknownTasks(client, model, lostAt ?? at, tools);
				record.made(taskIds, at, warning(others));
			}
			return { ok: true, value: { tasks, at, raw } };
		}
		const { failure } = created;
		if (failure.charged === 'unknown') {
			lostAt ??= sentAt;
			lastLostAt = sentAt;
		} else if (lostAt === undefined) record.refused();
		else record.sent(body, lastLostAt, lostAt);
		const wait = waitSeconds(failure, waits);
		const isWorthWaiting = wait === undefined || clock.now() + wait * 1000 <= until;
		if (!isWorthWaiting || !client.mayCreateAgain(failure, tries < MAX_ATTEMPTS)) {
			if (lostAt === undefined) return created;
			return { ok: false, failure: unconfirmedFailure(failure, await unconfirmed(lostAt)) };
		}
		if (wait !== undefined) {
			waits += 1;
			await clock.sleep(wait * 1000);
		} else if (!failure.isUnavailable) {
			await clock.sleep(backoff(tries, failure.retryAfterSeconds));
			tries += 1;
		}
	}
}

/** Before the same create is asked for again, because the provider is still at the first one. */
function waitSeconds({ meaning, retryAfterSeconds }: Failure, waits: number): number | undefined {
	if (meaning !== 'stillUnderWay') return undefined;
	return retryAfterSeconds ?? Math.min(MAX_WAIT_SECONDS, INITIAL_WAIT_SECONDS * 2 ** waits);
}

/**
 * Tasks that a create with a lost answer may have made. They are named, and never taken: the list has no
 * prompts, and whoever else uses the account makes tasks of the same model, too.
 */
async function unknownTasks(
	client: ProviderClient,
	model: string,
	since: number,
	{ clock, isKnown }: SubmitTools,
): Promise<ListedTask[]> {
	const from = since - CLOCK_SKEW_MS;
	const listed = await client.listTasks(model, from);
	const to = clock.now() + CLOCK_SKEW_MS;
	return listed.filter(({ taskId, createdAt }) => createdAt.getTime() <= to && !isKnown(taskId));
}

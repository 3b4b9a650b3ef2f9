import { lostCreate, noSecondCreate, type Result } from '../errors';
import type { JsonObject } from '../json';
import type { BackOff } from './backOff';
import type { Gateway } from './gateway';
import type { MadeTask, Page } from './ledger';
import type { Clock } from './ports';

/** A task that was made just now, with the answer that says so. */
export interface SubmittedTask extends MadeTask {
	raw: JsonObject;
	/** The gateway's own guess. */
	estimatedSeconds?: number;
}

const MOST_TRIES = 6;

/**
 * Makes the row's task, once. The create is sent again only where that cannot pay twice: when the
 * gateway certainly did not accept it, or when it honours the Idempotency-Key. What is sent and what
 * comes of it is written on the row's page before anything else happens.
 */
export async function submitTask(
	gateway: Gateway,
	body: JsonObject,
	page: Page,
	{ clock, backOff }: { clock: Clock; backOff: BackOff },
): Promise<Result<SubmittedTask>> {
	const { provider } = gateway;
	const model = String(body.model);
	const lost = page.lostCreate();
	if (lost?.isOfThisRun && !provider.honoursIdempotencyKey) {
		return { ok: false, failure: noSecondCreate(provider, model, new Date(lost.at)) };
	}
	/** Once a create may have been accepted, a later refusal of it does not say that nothing was. */
	let lostAt = lost && provider.honoursIdempotencyKey ? lost.at : undefined;
	let sentAt = clock.now();
	const onSend = () => {
		sentAt = clock.now();
		page.sent(lostAt ?? sentAt);
	};
	const key = page.idempotencyKey(body);
	for (let tries = 1; ;) {
		const created = await gateway.create(body, key, onSend);
		if (created.ok) {
			const { content, raw } = created.value;
			const at = clock.now();
			page.made(content.taskId, at);
			return { ok: true, value: { ...content, at, raw } };
		}
		const { failure } = created;
		if (failure.charged === 'unknown') lostAt ??= sentAt;
		if (lostAt === undefined) page.refused();
		if (!gateway.mayCreateAgain(failure, tries < MOST_TRIES)) {
			if (lostAt === undefined) return created;
			return { ok: false, failure: lostCreate(failure, provider, model, new Date(lostAt)) };
		}
		if (failure.isRefusal) continue;
		await clock.sleep(backOff(tries, failure.afterSeconds));
		tries += 1;
	}
}

import { createBackoff } from '../../../../nodes/Seedream/shared/backoff';
import type { Clock } from '../../../../nodes/Seedream/shared/clock';
import type { JsonObject } from '../../../../nodes/Seedream/shared/json';
import {
	ledgerData,
	openLedger,
	type RequestFingerprint,
	type LedgerData,
	type LedgerScope,
	type TaskInput,
} from '../../../../nodes/Seedream/tasks/ledger';
import type { SubmitTools } from '../../../../nodes/Seedream/tasks/submitTask';
import { PATIENCE_SECONDS } from './scriptedApiClient';

export const TURN: LedgerScope = {
	execution: '42',
	keySeed: 'seed-42',
	iteration: 0,
	isTool: false,
};

export const ORDER: TaskInput = {
	provider: 'evoLink',
	model: 'doubao-seedream-4.5',
	prompt: 'A quiet lake',
	images: 1,
};

export const BODY = { model: ORDER.model, prompt: ORDER.prompt };

/** What a row with this prompt asks for. */
export function asking(prompt = ORDER.prompt): RequestFingerprint {
	return { identity: { promptSent: prompt }, input: { ...ORDER, prompt } };
}

export const LAKE = asking();

export const noData = (): LedgerData => ledgerData(undefined);

export function open(data: LedgerData = noData(), iteration: Partial<LedgerScope> = {}) {
	return openLedger(data, { ...TURN, ...iteration });
}

/** A body that has still to be made. */
export const makes = (body: JsonObject) => async () => ({ ok: true as const, value: body });

/** What `submitTask` needs; pauses are as long as the jitter allows. */
export function submitTools(clock: Clock, changes: Partial<SubmitTools> = {}): SubmitTools {
	return {
		clock,
		backoff: createBackoff(() => 1),
		timeoutSeconds: PATIENCE_SECONDS,
		isKnown: () => false,
		onReplay: () => undefined,
		...changes,
	};
}

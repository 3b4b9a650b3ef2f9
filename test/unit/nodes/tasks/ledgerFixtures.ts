import { createBackoff } from '../../../../nodes/Seedream/shared/backoff';
import type { Clock } from '../../../../nodes/Seedream/shared/clock';
import type { JsonObject } from '../../../../nodes/Seedream/shared/json';
import { type LedgerScope, Ledger, type RowRequest } from '../../../../nodes/Seedream/tasks/ledger';
import {
	readLedgerData,
	type LedgerData,
	type TaskInput,
} from '../../../../nodes/Seedream/tasks/ledgerData';
import type { SubmitTools } from '../../../../nodes/Seedream/tasks/submitTask';
import { PATIENCE_SECONDS } from './scriptedApiClient';

export const SCOPE: LedgerScope = {
	execution: '42',
	keySeed: 'seed-42',
	nodeSeed: 'node-seed',
	iteration: 0,
	isTool: false,
	isRestarted: false,
};

export const INPUT: TaskInput = {
	provider: 'evoLink',
	model: 'doubao-seedream-4.5',
	prompt: 'A quiet lake',
	images: 1,
};

export const BODY = { model: INPUT.model, prompt: INPUT.prompt };

/** The request of a row with this prompt. */
export function requestFor(prompt = INPUT.prompt): RowRequest {
	return { fingerprint: `fingerprint of ${prompt}`, input: { ...INPUT, prompt } };
}

export const LAKE = requestFor();

export const noData = (): LedgerData => readLedgerData(undefined);

export function open(data: LedgerData = noData(), iteration: Partial<LedgerScope> = {}) {
	return new Ledger(data, { ...SCOPE, ...iteration });
}

/** A `newBody` that returns this body. */
export const bodyOf = (body: JsonObject) => async () => ({ ok: true as const, value: body });

/** The tools of `submitTask`, with the longest delays that the jitter allows. */
export function submitTools(clock: Clock, changes: Partial<SubmitTools> = {}): SubmitTools {
	return {
		clock,
		backoff: createBackoff(() => 1),
		timeoutSeconds: PATIENCE_SECONDS,
		isRecorded: () => false,
		onReplay: () => undefined,
		...changes,
	};
}

import type { JsonObject } from '../../../../nodes/Seedream/json';
import { createBackOff } from '../../../../nodes/Seedream/tasks/backOff';
import {
	ledgerData,
	openLedger,
	type Asked,
	type LedgerData,
	type LedgerTurn,
	type Order,
} from '../../../../nodes/Seedream/tasks/ledger';
import type { Clock } from '../../../../nodes/Seedream/tasks/ports';
import type { SubmitTools } from '../../../../nodes/Seedream/tasks/submit';
import { PATIENCE_SECONDS } from './scriptedGateway';

export const TURN: LedgerTurn = { execution: '42', keySeed: 'seed-42', turn: 0, isTool: false };

export const ORDER: Order = {
	provider: 'evoLink',
	model: 'doubao-seedream-4.5',
	prompt: 'A quiet lake',
	images: 1,
};

export const BODY = { model: ORDER.model, prompt: ORDER.prompt };

/** What a row with this prompt asks for. */
export function asking(prompt = ORDER.prompt): Asked {
	return { identity: { promptSent: prompt }, order: { ...ORDER, prompt } };
}

export const LAKE = asking();

export const noData = (): LedgerData => ledgerData(undefined);

export function open(data: LedgerData = noData(), turn: Partial<LedgerTurn> = {}) {
	return openLedger(data, { ...TURN, ...turn });
}

/** A body that has still to be made. */
export const makes = (body: JsonObject) => async () => ({ ok: true as const, value: body });

/** What `submitTask` needs; pauses are as long as the jitter allows. */
export function submitTools(clock: Clock, changes: Partial<SubmitTools> = {}): SubmitTools {
	return {
		clock,
		backOff: createBackOff(() => 1),
		timeoutSeconds: PATIENCE_SECONDS,
		isKnown: () => false,
		onReplay: () => undefined,
		...changes,
	};
}

import { formatUsd } from '../shared/format';
import { CHARGE_MESSAGES, type Failure, withChargeMessage } from './failure';
import type { ProviderInfo } from './providerError';

export const COST_LIMIT = "'Maximum Cost (USD)'";

const BUDGET_REACHED = {
	code: 'budget_reached',
	type: 'budget',
	charged: 'no',
	status: 'failed',
} as const;

interface BatchCost {
	limitUsd: number;
	/** What earlier tries and iterations of this execution cost. */
	spentUsd: number;
	/** What the rows cost at most. */
	rowsUsd: number;
	rows: number;
	/** How many of the rows would fit. */
	fitting: number;
}

/** The rows of an execution might cost more than the user allows. */
export function batchTooExpensive({
	limitUsd,
	spentUsd,
	rowsUsd,
	rows,
	fitting,
}: BatchCost): Failure {
	const spent = spentUsd > 0 ? `, in addition to ${formatUsd(spentUsd)} so far` : '';
	return {
		...BUDGET_REACHED,
		message: `The images may cost up to ${formatUsd(rowsUsd)}${spent}, but ${COST_LIMIT} is ${formatUsd(limitUsd)}`,
		description: `${fitting} of ${rows} rows would fit. Raise ${COST_LIMIT}, or use fewer rows. To generate as many rows as fit, set 'On Error' to Continue. ${CHARGE_MESSAGES.no}`,
	};
}

/** The row wasn't sent, because the execution might have cost more than the user allows. */
export function budgetReached(
	provider: ProviderInfo,
	rowUsd: number,
	spentUsd: number,
	limitUsd: number,
	/** `unknown` if an earlier create may have been charged. */
	charged: 'no' | 'unknown' = 'no',
): Failure {
	return {
		...BUDGET_REACHED,
		charged,
		message: `This row may cost up to ${formatUsd(rowUsd)}, which is too much: the execution costs ${formatUsd(spentUsd)} so far, and ${COST_LIMIT} is ${formatUsd(limitUsd)}`,
		description: withChargeMessage(
			`Raise ${COST_LIMIT}, or run the row again in another execution.`,
			charged,
		),
		provider: provider.id,
	};
}

/** Why a row can't be held against the limit. */
export function unknownPrice(model: string): string {
	return `${COST_LIMIT} doesn't work with ${model}, because its price isn't known. Choose another model, or set ${COST_LIMIT} to 0`;
}

import { z } from 'zod';

import type { Charged } from '../errors/failure';
import type { Cost } from '../shared/cost';
import type { JsonObject } from '../shared/json';
import { optionalNumber, optionalText, readNumber } from './fieldSchemas';

const costSchema = z.object({
	billing: z.object({ charged_credits: optionalNumber }).nullish().catch(undefined),
	usage: z
		.object({
			credits_used: optionalNumber,
			cost: z.object({ credits: optionalNumber, usd: optionalNumber }).optional().catch(undefined),
		})
		.nullish()
		.catch(undefined),
	credits_used: optionalNumber,
	credits_cost: optionalNumber,
	cost: z.unknown(),
});

/** What a `cost` that's just a number means, and what a credit is worth. */
export interface Currency {
	costIsUsd: boolean;
	creditsPerUsd: number;
}

export function costOf(task: JsonObject, { costIsUsd, creditsPerUsd }: Currency): Cost | undefined {
	const { billing, usage, credits_used, credits_cost, cost } = costSchema.parse(task);
	const credits =
		billing?.charged_credits ??
		usage?.credits_used ??
		usage?.cost?.credits ??
		credits_used ??
		credits_cost;
	const usd = usage?.cost?.usd ?? (costIsUsd ? readNumber(cost) : undefined);
	return costInBoth({ credits, usd }, creditsPerUsd);
}

/** The amount in credits and in US dollars; undefined if neither is known. */
export function costInBoth(
	{ credits, usd }: Pick<Cost, 'credits' | 'usd'>,
	creditsPerUsd: number,
): Required<Pick<Cost, 'credits' | 'usd'>> | undefined {
	if (credits === undefined) {
		return usd === undefined ? undefined : { credits: round(usd * creditsPerUsd), usd };
	}
	return { credits, usd: usd ?? round(credits / creditsPerUsd) };
}

/** Removes floating-point errors; no provider's prices have more decimals. */
function round(amount: number): number {
	return Number(amount.toFixed(6));
}

const billingSchema = z.object({
	charge_status: optionalText,
	refund_status: optionalText,
	charged_credits: optionalNumber,
	refunded_credits: optionalNumber,
});

/**
 * Whether a task that ended without an image was charged: what the response says takes precedence
 * over the rule that failed tasks are free.
 */
export function chargeOf(task: JsonObject, cost: Cost | undefined): Charged {
	const billing = billingSchema.safeParse(task.billing);
	const hasCost = (cost?.credits ?? 0) > 0 || (cost?.usd ?? 0) > 0;
	if (!billing.success) return hasCost ? 'yes' : 'no';
	const { charge_status, refund_status, charged_credits: charged = 0 } = billing.data;
	switch (refund_status) {
		case 'completed':
			return (billing.data.refunded_credits ?? charged) < charged ? 'yes' : 'no';
		case 'pending':
		case 'failed':
			return 'yes';
	}
	switch (charge_status) {
		case 'released':
			return 'no';
		case 'charged':
			return 'yes';
		case undefined:
			return hasCost ? 'yes' : 'no';
		default:
			return 'unknown';
	}
}

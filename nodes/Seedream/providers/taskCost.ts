import { z } from 'zod';

import type { Charged } from '../errors/failure';
import type { JsonObject } from '../shared/json';
import { optionalNumber, optionalText } from './fieldSchemas';
import type { Cost } from './provider';

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

export function costOf(task: JsonObject, costIsUsd: boolean): Cost | undefined {
	const { billing, usage, credits_used, credits_cost, cost } = costSchema.parse(task);
	const credits =
		billing?.charged_credits ??
		usage?.credits_used ??
		usage?.cost?.credits ??
		credits_used ??
		credits_cost;
	const usd = usage?.cost?.usd ?? (costIsUsd ? optionalNumber.parse(cost) : undefined);
	if (credits === undefined && usd === undefined) return undefined;
	return { ...(credits === undefined ? {} : { credits }), ...(usd === undefined ? {} : { usd }) };
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

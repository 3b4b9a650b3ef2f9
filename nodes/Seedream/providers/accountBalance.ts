import { z } from 'zod';

import { optionalNumber, parse } from './fieldSchemas';
import type { ParseResult } from './provider';

/** What an account, or its key, has left. */
export type Balance = { kind: 'limited'; usd: number } | { kind: 'unlimited' };

const remaining = z.object({ remaining_credits: optionalNumber }).optional().catch(undefined);

const evoLinkCredits = z.object({
	data: z.object({
		token: z
			.object({ unlimited_credits: z.boolean().catch(false), remaining_credits: optionalNumber })
			.optional()
			.catch(undefined),
		user: remaining,
	}),
});

/** See https://docs.evolink.ai: a key may have a limit of its own, below the account's. */
export function parseEvoLinkBalance(body: unknown, creditsPerUsd: number): ParseResult<Balance> {
	const schema = evoLinkCredits.transform(({ data: { token, user } }, context): Balance => {
		const ofToken = token?.unlimited_credits ? undefined : token?.remaining_credits;
		const amounts = [ofToken, user?.remaining_credits].filter((amount) => amount !== undefined);
		if (amounts.length > 0) return { kind: 'limited', usd: Math.min(...amounts) / creditsPerUsd };
		context.addIssue({ code: 'custom', message: 'there are no remaining credits' });
		return z.NEVER;
	});
	return parse(schema, body);
}

const apiMartBalance = z
	.object({
		unlimited_quota: z.boolean().catch(false),
		remain_balance: optionalNumber.pipe(z.number()),
	})
	.transform(({ unlimited_quota: isUnlimited, remain_balance: usd }): Balance =>
		isUnlimited ? { kind: 'unlimited' } : { kind: 'limited', usd },
	);

/** See https://docs.apimart.ai: without a limit, the balance is −1. */
export function parseApiMartBalance(body: unknown): ParseResult<Balance> {
	return parse(apiMartBalance, body);
}

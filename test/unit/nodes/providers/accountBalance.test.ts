import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { JsonObject } from '../../../../nodes/Seedream/shared/json';

const dollars = (usd: number) => ({ kind: 'parsed', value: { kind: 'limited', usd } });
const UNLIMITED = { kind: 'parsed', value: { kind: 'unlimited' } };
const UNREADABLE = expect.objectContaining({ kind: 'unreadable' }) as unknown;

describe("EvoLink's balance", () => {
	const limited = (credits: unknown) => ({ unlimited_credits: false, remaining_credits: credits });

	it.each<[string, unknown, unknown]>([
		['the less of the two', { token: limited(68), user: { remaining_credits: 136 } }, dollars(1)],
		['the account', { token: limited(680), user: { remaining_credits: 136 } }, dollars(2)],
		[
			'the account, for an unlimited key',
			{
				token: { unlimited_credits: true, remaining_credits: 0 },
				user: { remaining_credits: 136 },
			},
			dollars(2),
		],
		['the key, without the account', { token: limited('34') }, dollars(0.5)],
		['nothing, for an empty account', { user: { remaining_credits: 0 } }, dollars(0)],
		['unknown, without amounts', { token: { unlimited_credits: true } }, UNREADABLE],
		['unknown, without data', undefined, UNREADABLE],
	])('is that of %s', (_what, data, balance) => {
		expect(evoLink.balance?.parse({ success: true, data })).toEqual(balance);
	});
});

describe("APIMart's balance", () => {
	it.each<[string, JsonObject, unknown]>([
		['the dollars', { remain_balance: 11.3, remain_credits: 113 }, dollars(11.3)],
		['the dollars as text', { remain_balance: '3', unlimited_quota: false }, dollars(3)],
		['unlimited', { remain_balance: -1, unlimited_quota: true }, UNLIMITED],
		['unknown without an amount', { success: true }, UNREADABLE],
	])('is %s', (_what, body, balance) => {
		expect(apiMart.balance?.parse(body)).toEqual(balance);
	});
});

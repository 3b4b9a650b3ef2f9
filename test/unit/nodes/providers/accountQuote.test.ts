import { parseQuote } from '../../../../nodes/Seedream/providers/accountQuote';
import type { JsonObject } from '../../../../nodes/Seedream/shared/json';

const COST = { credits: 6.8, usd: 0.1 };

describe('a quote', () => {
	it.each<[JsonObject]>([
		[{ data: { credits: 6.8, usd: 0.1 } }],
		[{ data: { credits: 6.8 } }],
		[{ data: { usd: '0.1' } }],
		[{ data: { cost: { credits: 6.8, usd: 0.1 } } }],
		[{ data: { estimate: { estimated_credits: 6.8 } } }],
		[{ data: { estimated_credits: 6.8 } }],
		[{ estimated_credits: 6.8, estimated_usd: 0.1 }],
		[{ cost: { credits: 6.8 } }],
		[{ data: null, credits: 6.8 }],
	])('is found in %j', (body) => {
		expect(parseQuote(body, 68)).toEqual({ kind: 'parsed', value: COST });
	});

	it.each<[JsonObject]>([
		[{}],
		[{ data: [] }],
		[{ data: { credits: 0 } }],
		[{ data: { credits: -2 } }],
		[{ data: { credits: 'many' } }],
		[{ estimate: 6.8 }],
	])("isn't found in %j", (body) => {
		expect(parseQuote(body, 68)).toMatchObject({ kind: 'unreadable' });
	});
});

import { z } from 'zod';

import type { Cost } from '../shared/cost';
import { isJsonObject, type JsonObject } from '../shared/json';
import { optionalNumber } from './fieldSchemas';
import type { ParseResult } from './provider';
import { costInBoth } from './taskCost';

const quote = z.object({
	credits: optionalNumber,
	estimated_credits: optionalNumber,
	usd: optionalNumber,
	estimated_usd: optionalNumber,
});

/**
 * What a request would cost the account. EvoLink doesn't document the response to its own client's
 * request, so the amount is looked for where its other responses have it.
 */
export function parseQuote(body: JsonObject, creditsPerUsd: number): ParseResult<Cost> {
	const { data } = body;
	const outer = isJsonObject(data) ? [data, body] : [body];
	const objects = outer.flatMap((object) => [object, object.cost, object.estimate]);
	for (const object of objects.filter(isJsonObject)) {
		const { credits, estimated_credits, usd, estimated_usd } = quote.parse(object);
		const amounts = { credits: credits ?? estimated_credits, usd: usd ?? estimated_usd };
		const cost = costInBoth(amounts, creditsPerUsd);
		if (cost && cost.credits > 0 && cost.usd > 0) return { kind: 'parsed', value: cost };
	}
	return { kind: 'unreadable', reason: 'there is no amount' };
}

import fc from 'fast-check';

import { providers } from '../../../nodes/Seedream/providers';
import { readCallbackData, signCallbackUrl } from '../../../nodes/Seedream/request/callbackData';
import { checkRequest } from '../../../nodes/Seedream/request/checkRequest';
import { requestBody } from '../../../nodes/Seedream/request/requestBody';
import { apiInOne } from '../../sandbox/providers/apiInOne';
import { apiMart } from '../../sandbox/providers/apiMart';
import { evoLink } from '../../sandbox/providers/evoLink';
import { rawRow } from '../nodes/request/rawRow';
import { randomCases } from '../randomCases';

/** What callback data get past the package's checks, the sandbox accepts and brings back. */

const SANDBOXES = { evoLink, apiMart, apiInOne };
const KEY = 'sk-1';
const SEED = Number(process.env.SEED ?? 20_261_127);

const ends = fc.constantFrom('', '/', '/a?b=c', '?', '?b[]=c&', '#d', '?a=%20+b#d?e');
const urls = fc
	.tuple(ends, fc.nat({ max: 1500 }))
	.map(([end, length]) => `https://n8n.example.com/${'x'.repeat(length)}${end}`);

const texts = fc.oneof(
	fc.string({ unit: 'binary' }),
	fc.string({ unit: 'grapheme' }),
	fc
		.tuple(fc.constantFrom('x', '"', '湖', '🏞'), fc.nat({ max: 900 }))
		.map(([letter, count]) => letter.repeat(count)),
);
const data = fc.dictionary(
	fc.string(),
	fc.oneof(texts, fc.integer(), fc.boolean(), fc.constant(null), fc.array(texts, { maxLength: 2 })),
	{ minKeys: 1, maxKeys: 4, noNullPrototype: true },
);

describe.each(providers.map((provider) => [provider.label, provider] as const))(
	'callback data at %s',
	(_label, provider) => {
		const sandbox = SANDBOXES[provider.id as keyof typeof SANDBOXES];

		it('come back unchanged, or are refused before they are sent', () => {
			let accepted = 0;
			const property = fc.property(urls, data, (callbackUrl, callbackData) => {
				const raw = rawRow({ parameters: { callbackUrl }, callbackData });
				const checked = checkRequest(provider, raw);
				if (!checked.ok) {
					expect(checked.problems).toEqual([expect.stringMatching(/^'Callback Data' /)]);
					return;
				}
				accepted += 1;
				const body = requestBody(checked.value, [], (url, json) => signCallbackUrl(url, json, KEY));
				const created = sandbox.parseCreate(body, []);
				if ('error' in created) throw new Error(created.error.body.error.message);
				const called = new URL(created.value.callbackUrl ?? '');
				expect(called.href.length).toBeLessThanOrEqual(2048);
				expect(readCallbackData(Object.fromEntries(called.searchParams), KEY)).toEqual({
					kind: 'valid',
					data: callbackData,
				});
			});
			fc.assert(property, { numRuns: randomCases(2000), seed: SEED });
			expect(accepted).toBeGreaterThan(randomCases(200));
		});
	},
);

import type { INodeParameters } from 'n8n-workflow';

import { CONTINUE, fieldOf, FROM_ROW, testNode } from './fixture';
import { REFERENCE } from './systems';

/** What only some models have, and which model a row gets at another provider. */

const EVOLINK = {
	lite: { provider: 'evoLink', model: 'doubao-seedream-5.0-lite' },
	flash: { provider: 'evoLink', model: 'doubao-seedream-5.0-flash' },
	pro: { provider: 'evoLink', model: 'doubao-seedream-5.0-pro' },
};

const APIMART = {
	seedream45: { provider: 'apiMart', model: 'doubao-seedance-4-5' },
	lite: { provider: 'apiMart', model: 'seedream-5-0-lite' },
	flash: { provider: 'apiMart', model: 'seedream-5-0-flash' },
};

interface FieldCase {
	title: string;
	parameters: INodeParameters & { model: string };
	/** The request body, without the model and the prompt. */
	body: object;
	/** According to the provider's price list. */
	credits: number;
}

const FIELD_CASES: FieldCase[] = [
	{
		title: 'Output Format and Web Search of EvoLink Seedream 5.0 Lite',
		parameters: {
			...EVOLINK.lite,
			additionalFields: { outputFormat: 'png', webSearch: true },
		},
		body: { model_params: { output_format: 'png', tools: [{ type: 'web_search' }] } },
		credits: 1.944,
	},
	{
		title: 'Web Search of EvoLink Seedream 5.0 Lite, switched off',
		parameters: { ...EVOLINK.lite, additionalFields: { webSearch: false } },
		body: {},
		credits: 1.904,
	},
	{
		title: 'Output Format, Background and Watermark of EvoLink Seedream 5.0 Flash',
		parameters: {
			...EVOLINK.flash,
			additionalFields: { outputFormat: 'png', background: 'opaque', watermark: true },
		},
		body: { output_format: 'png', background: 'opaque', watermark: true },
		credits: 1.1016,
	},
	{
		title: 'Prompt Optimization and references of EvoLink Seedream 5.0 Pro',
		parameters: {
			...EVOLINK.pro,
			imageUrls: `${REFERENCE}, https://example.com/other.png`,
			additionalFields: { promptOptimization: 'fast' },
		},
		body: {
			prompt_priority: 'fast',
			image_urls: [REFERENCE, 'https://example.com/other.png'],
		},
		credits: 2.601,
	},
	{
		title: 'Watermark of APIMart Seedream 4.5',
		parameters: { ...APIMART.seedream45, additionalFields: { watermark: true } },
		body: { watermark: true },
		credits: 0.26,
	},
	{
		title: 'Output Format of APIMart Seedream 5.0 Lite',
		parameters: { ...APIMART.lite, additionalFields: { outputFormat: 'png' } },
		body: { output_format: 'png' },
		credits: 0.28,
	},
	{
		title: 'Output Format and Background of APIMart Seedream 5.0 Flash',
		parameters: {
			...APIMART.flash,
			additionalFields: { outputFormat: 'jpeg', background: 'opaque' },
		},
		body: { output_format: 'jpeg', background: 'opaque' },
		credits: 0.137,
	},
];

describe('fields that only some models have', () => {
	for (const { title, parameters, body, credits } of FIELD_CASES) {
		testNode(`are sent and charged for: ${title}`, async (fixture) => {
			const { items, error } = await fixture.generate(['A lake'], { parameters });

			expect(error).toBeUndefined();
			expect(fixture.requests('create').map((request) => request.body)).toEqual([
				{ model: parameters.model, prompt: 'A lake', ...body },
			]);
			expect(fieldOf(items, 'cost')).toEqual([expect.objectContaining({ credits })]);
		});
	}
});

/** A model's ID in the row, and the one that's sent at the row's provider. */
const SAME_TIER = [
	{ provider: 'apiMart', model: 'doubao-seedream-4.5', sent: 'doubao-seedream-4.5' },
	{ provider: 'apiMart', model: 'doubao-seedream-4.0', sent: 'seedream-4-0' },
	{ provider: 'apiMart', model: 'doubao-seedream-5.0-lite', sent: 'doubao-seedream-5.0-lite' },
	{ provider: 'apiMart', model: 'doubao-seedream-5.0-flash', sent: 'seedream-5-0-flash' },
	{ provider: 'apiMart', model: 'doubao-seedream-5.0-pro', sent: 'seedream-5-0-pro' },
	{ provider: 'evoLink', model: 'doubao-seedance-4-5', sent: 'doubao-seedream-4.5' },
	{ provider: 'evoLink', model: 'seedream-4-0', sent: 'doubao-seedream-4.0' },
	{ provider: 'evoLink', model: 'seedream-5-0-lite', sent: 'doubao-seedream-5.0-lite' },
	{ provider: 'evoLink', model: 'seedream-5-0-flash', sent: 'doubao-seedream-5.0-flash' },
	{ provider: 'evoLink', model: 'doubao-seedream-5-0-pro', sent: 'doubao-seedream-5.0-pro' },
	{ provider: 'evoLink', model: 'seedream/4.5-edit', sent: 'doubao-seedream-4.5' },
	{ provider: 'apiInOne', model: 'seedream-4-5', sent: 'seedream/4.5-text-to-image' },
];

describe("another provider's model in a row", () => {
	testNode("means the same version and tier at the row's own", async (fixture) => {
		const rows = SAME_TIER.map(({ provider, model }, index) => ({
			provider,
			model,
			prompt: `Picture ${index}`,
		}));
		const { items } = await fixture.generate([], { parameters: FROM_ROW, rows });

		expect(fieldOf(items, 'status')).toEqual(rows.map(() => 'completed'));
		expect(fieldOf(items, 'provider')).toEqual(rows.map(({ provider }) => provider));
		expect(fieldOf(items, 'model')).toEqual(SAME_TIER.map(({ sent }) => sent));
		expect(fixture.requests('create').map(({ body }) => body)).toEqual(
			expect.arrayContaining(
				rows.map(({ prompt }, index) => ({ model: SAME_TIER[index]?.sent, prompt })),
			),
		);
	});

	testNode("is rejected before anything is sent if the row's own has none", async (fixture) => {
		const rows = [
			{ provider: 'apiMart', model: 'doubao-seedream-5.0-pro-layerize', prompt: 'A lake' },
			{ provider: 'apiInOne', model: 'doubao-seedream-5.0-flash', prompt: 'A lake' },
			{ provider: 'apiInOne', model: 'seedream-4-0', prompt: 'A lake' },
			{ provider: 'evoLink', model: 'doubao-seedream-5.5', prompt: 'A lake' },
		];
		const { items } = await fixture.generate([], { parameters: FROM_ROW, rows, ...CONTINUE });

		expect(fieldOf(items, 'error')).toEqual(
			[
				`'Model' is "doubao-seedream-5.0-pro-layerize", which APIMart doesn't offer. Use EvoLink instead, or one of APIMart's models: Seedream 5.0 Pro, Seedream 5.0 Flash, Seedream 5.0 Lite, Seedream 4.5, Seedream 4.0`,
				`'Model' is "doubao-seedream-5.0-flash", which API in One doesn't offer. Use EvoLink or APIMart instead, or one of API in One's models: Seedream 4.5 Text to Image, Seedream 4.5 Edit`,
				`'Model' is "seedream-4-0", which API in One doesn't offer. Use EvoLink or APIMart instead, or one of API in One's models: Seedream 4.5 Text to Image, Seedream 4.5 Edit`,
				`'Model' is "doubao-seedream-5.5", which isn't a known EvoLink model. Choose one from the list, or choose Custom and enter its ID in 'Custom Model'`,
			].map((message) => expect.objectContaining({ message, charged: 'no' })),
		);
		expect(fixture.sandbox.requests).toEqual([]);
	});
});

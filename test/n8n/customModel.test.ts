import type { INodeParameters } from 'n8n-workflow';

import type { Fault, SandboxOptions } from '../sandbox/sandbox';
import type { NodeResult } from './engine';
import { respondWith, systemsOf, withFixture, type Fixture } from './fixture';
import { REFERENCE } from './systems';

/** A custom model of APIMart: its limits come from the provider, for all rows at once. */

const [APIMART] = systemsOf('apiMart');

const CUSTOM = { model: 'custom', customModel: 'seedream-5-5' };

const LIMITS_CHECKED = "APIMart's own limits for seedream-5-5 were checked.";

function testCustomModel(
	title: string,
	test: (fixture: Fixture) => Promise<void>,
	options: SandboxOptions = {},
): void {
	it.concurrent(title, async () => await withFixture(options, test, APIMART));
}

const prompts = (count: number) => Array.from({ length: count }, (_row, n) => `Picture ${n}`);

const hintOf = ({ hints }: NodeResult) => hints.map(({ message }) => message).join(' ');

describe("a custom model's limits at APIMart", () => {
	testCustomModel('are asked for once for 20 rows, and the hint says so', async (fixture) => {
		const rows = prompts(20);
		const result = await fixture.generate(rows, { parameters: CUSTOM });

		fixture.expectComplete(result.items, rows);
		expect(fixture.requests('catalog').map(({ path }) => path)).toEqual([
			expect.stringContaining('/v1/model-schema?model=seedream-5-5&operation=image_generation'),
		]);
		expect(hintOf(result)).toContain(LIMITS_CHECKED);
	});

	testCustomModel('reject one row before any create for the others', async (fixture) => {
		const rows = ['one', 'x'.repeat(3001), 'three'];
		const { error } = await fixture.generate(rows, { parameters: CUSTOM });

		expect(error?.message).toContain("Row 2: 'Prompt' is 3,001 characters long (maximum 3,000)");
		expect(fixture.requests('create')).toEqual([]);
	});

	const rejected: Array<[string, INodeParameters, string]> = [
		[
			'another resolution',
			{ resolution: '4K' },
			`'Resolution' is "4K" but must be one of 1K, 2K, 3K`,
		],
		[
			'more images',
			{ imageCount: 5 },
			`'Number of Images' is "5" but must be a whole number from 1 to 4`,
		],
		[
			'more references',
			{ imageUrls: prompts(11).map((_prompt, n) => `${REFERENCE}?${n}`) },
			"'Reference Image URLs' contains 11 images, but seedream-5-5 accepts at most 10",
		],
		[
			'another parameter',
			{ additionalFields: { watermark: true } },
			"'Watermark' isn't available for APIMart seedream-5-5",
		],
	];
	for (const [what, parameters, problem] of rejected) {
		testCustomModel(`reject ${what} before any create`, async (fixture) => {
			const { error } = await fixture.generate(['one'], {
				parameters: { ...CUSTOM, ...parameters },
			});

			expect(error?.message).toContain(problem);
			expect(fixture.requests('create')).toEqual([]);
			expect(fixture.requests('catalog')).toHaveLength(1);
		});
	}

	testCustomModel("aren't asked for by rows whose tasks exist", async (fixture) => {
		const rows = ['one', 'two'];
		fixture.failOnce('query', 'two', respondWith(401));
		const failed = await fixture.generate(rows, { parameters: CUSTOM });
		expect(failed.error).toBeDefined();
		const retried = await fixture.generate([], { parameters: CUSTOM, retryOf: failed });

		fixture.expectComplete(retried.items, rows);
		expect(fixture.requests('create')).toHaveLength(2);
		expect(fixture.requests('catalog')).toHaveLength(1);
	});

	const failures: Array<[string, Fault]> = [
		['404', respondWith(404, { error: { code: 404, message: 'Unknown', type: 'x' } })],
		['500', respondWith(500)],
		['another object', respondWith(200, { schema: 'none' })],
		['no response', { kind: 'resetBefore' }],
	];
	for (const [title, fault] of failures) {
		testCustomModel(`stay unknown with ${title}, and nothing is rejected`, async (fixture) => {
			fixture.sandbox.setIntercept(({ step }) => (step === 'catalog' ? fault : undefined));
			const rows = prompts(3);
			const result = await fixture.generate(rows, { parameters: CUSTOM });

			fixture.expectComplete(result.items, rows);
			expect(fixture.requests('catalog')).toHaveLength(1);
			expect(hintOf(result)).not.toContain('limits');
		});
	}
});

import type { ImageFile } from '../../../../nodes/Seedream/images/imageFile';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { ParameterName } from '../../../../nodes/Seedream/providers/provider';
import type { ImageFormatName } from '../../../../nodes/Seedream/providers/referenceLimits';
import { checkRequest, type RawRow } from '../../../../nodes/Seedream/request/checkRequest';
import { requestBody } from '../../../../nodes/Seedream/request/requestBody';
import { imageFile } from '../images/imageFiles';
import { rawRow } from './rawRow';

const LINK = 'https://example.com/poster.png';

const MODELS = [
	['Seedream 5.0 Flash Layers', 'doubao-seedream-5.0-flash-layerize'],
	['Seedream 5.0 Pro Layers', 'doubao-seedream-5.0-pro-layerize'],
] as const;

function file(width: number, height: number, format: ImageFormatName = 'png'): ImageFile {
	return imageFile({ measured: { format, width, height } });
}

describe.each(MODELS)('%s', (label, model) => {
	const check = (fields: Partial<RawRow>) =>
		checkRequest(evoLink, rawRow({ model, prompt: '', imageUrls: LINK, ...fields }));

	const problems = (fields: Partial<RawRow>) => {
		const checked = check(fields);
		return checked.ok ? [] : checked.problems;
	};

	const body = (fields: Partial<RawRow>) => {
		const checked = check(fields);
		return checked.ok ? requestBody(checked.value, [LINK]) : checked.problems;
	};

	it.each([undefined, null, '', '  ', '\n', '\u200b', '\u2800\u00ad'])(
		`needs no prompt: %j isn't sent (${label})`,
		(prompt) => {
			expect(body({ prompt })).toEqual({ model, image_urls: [LINK] });
		},
	);

	it(`sends a prompt, and rejects one that can't be meant (${label})`, () => {
		const prompt = 'Separate the text from the person';
		expect(body({ prompt })).toEqual({ model, prompt, image_urls: [LINK] });
		expect(problems({ prompt: '#N/A' })).toEqual([
			"'Prompt' is the spreadsheet message #N/A. Fix the cell it comes from",
		]);
		expect(problems({ prompt: 'x'.repeat(16_001) })).toEqual([
			"'Prompt' is 16,001 characters long (maximum 16,000)",
		]);
	});

	it(`needs exactly one reference (${label})`, () => {
		expect(problems({ imageUrls: '' })).toEqual([
			`'Reference Image URLs' must contain at least 1 reference image for ${label}`,
		]);
		expect(problems({ imageUrls: [LINK, `${LINK}?2`] })).toEqual([
			`'Reference Image URLs' contains 2 images, but ${label} accepts at most 1`,
		]);
		expect(problems({ imageUrls: '', imageFiles: [file(512, 512)] })).toEqual([]);
	});

	it(`needs a PNG or JPEG with both sides of at least 512 pixels (${label})`, () => {
		const withFile = (one: ImageFile) => problems({ imageUrls: '', imageFiles: [one] });
		const rejected = (problem: string) => [
			`'Reference Image Fields' contains the image in "data", which ${problem}`,
		];
		expect(withFile(file(512, 4000, 'jpeg'))).toEqual([]);
		expect(withFile(file(511, 4000))).toEqual(
			rejected('is 511×4000 pixels (minimum 512 per side)'),
		);
		expect(withFile(file(4000, 511))).toEqual(
			rejected('is 4000×511 pixels (minimum 512 per side)'),
		);
		expect(withFile(file(1024, 1024, 'webp'))).toEqual(
			rejected('is a WEBP file, but the model accepts only PNG, JPEG'),
		);
	});

	it.each<[ParameterName, unknown, string]>([
		['aspectRatio', '1:1', 'Aspect Ratio'],
		['aspectRatio', 'auto', 'Aspect Ratio'],
		['imageCount', 2, 'Number of Images'],
		['background', 'transparent', 'Background'],
		['watermark', true, 'Watermark'],
		['webSearch', true, 'Web Search'],
	])(`doesn't have %s: %j is rejected (${label})`, (name, value, field) => {
		expect(problems({ parameters: { [name]: value } })).toEqual([
			`'${field}' isn't available for EvoLink ${label}`,
		]);
	});

	it(`takes a resolution and the format of the base (${label})`, () => {
		for (const resolution of ['auto', '1K', '1.5K', '2K']) {
			expect(body({ parameters: { resolution, outputFormat: 'png' } })).toEqual({
				model,
				image_urls: [LINK],
				quality: resolution,
				output_format: 'png',
			});
		}
	});
});

it('only the layers of Pro have the fast prompt optimization', () => {
	const parameters = { promptOptimization: 'fast' };
	const [flash, pro] = MODELS.map(([, model]) =>
		checkRequest(evoLink, rawRow({ model, imageUrls: LINK, parameters })),
	);
	expect(pro).toMatchObject({ ok: true });
	expect(flash).toEqual({
		ok: false,
		problems: [`'Prompt Optimization' is "fast" but must be standard`],
	});
});

import type { ImageFile } from '../../../../nodes/Seedream/images/imageFile';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import type { ImageFormatName } from '../../../../nodes/Seedream/providers/referenceLimits';
import { checkRequest, type RawRow } from '../../../../nodes/Seedream/request/checkRequest';
import { imageFile } from '../images/imageFiles';
import { rawRow } from './rawRow';

const LINK = 'https://example.com/logo.png';
const OTHER = 'https://example.com/other.png';
const NEEDS_PNG =
	'\'Background\' is "transparent", which needs PNG files. Set \'Output Format\' to "png", or choose "opaque"';
const NEEDS_REFERENCE =
	'\'Background\' is "transparent", which needs exactly one reference image, a PNG with transparent areas. Change the reference, or choose "opaque"';

const MODELS: Array<[string, Provider, string]> = [
	['EvoLink 5.0 Flash', evoLink, 'doubao-seedream-5.0-flash'],
	['EvoLink 5.0 Pro', evoLink, 'doubao-seedream-5.0-pro'],
	['APIMart 5.0 Flash', apiMart, 'seedream-5-0-flash'],
	['APIMart 5.0 Pro', apiMart, 'seedream-5-0-pro'],
];

function file(format: ImageFormatName, parts: Partial<ImageFile> = {}): ImageFile {
	return imageFile({ measured: { format, width: 1024, height: 768 }, ...parts });
}

describe.each(MODELS)('a transparent background of %s', (name, provider, model) => {
	const problems = (parameters: RawRow['parameters'], fields: Partial<RawRow>) => {
		const checked = checkRequest(provider, rawRow({ model, parameters, ...fields }));
		return checked.ok ? [] : checked.problems;
	};

	const PNG = { background: 'transparent', outputFormat: 'png' };

	it(`needs PNG files (${name})`, () => {
		expect(problems(PNG, { imageUrls: LINK })).toEqual([]);
		expect(
			problems({ background: ' Transparent ', outputFormat: ' PNG ' }, { imageUrls: LINK }),
		).toEqual([]);
		for (const outputFormat of ['jpeg', 'default', '', undefined]) {
			expect(problems({ ...PNG, outputFormat }, { imageUrls: LINK })).toEqual([NEEDS_PNG]);
		}
	});

	it(`needs exactly one reference (${name})`, () => {
		expect(problems(PNG, {})).toEqual([NEEDS_REFERENCE]);
		expect(problems(PNG, { imageUrls: [LINK, OTHER] })).toEqual([NEEDS_REFERENCE]);
		expect(problems(PNG, { imageUrls: LINK, imageFiles: [file('png')] })).toEqual([
			NEEDS_REFERENCE,
		]);
	});

	it(`needs a PNG as the reference (${name})`, () => {
		expect(problems(PNG, { imageFiles: [file('png')] })).toEqual([]);
		for (const format of ['jpeg', 'webp', 'gif'] as const) {
			expect(problems(PNG, { imageFiles: [file(format)] })).toEqual([NEEDS_REFERENCE]);
		}
	});

	it(`is checked only where it's requested (${name})`, () => {
		for (const background of ['opaque', 'default', '', undefined]) {
			expect(problems({ background, outputFormat: 'jpeg' }, { imageUrls: [LINK, OTHER] })).toEqual(
				[],
			);
			expect(problems({ ...PNG, background }, {})).toEqual([]);
		}
	});

	it(`is one of two options (${name})`, () => {
		expect(problems({ ...PNG, background: 'white' }, { imageUrls: LINK })).toEqual([
			`'Background' is "white" but must be one of opaque, transparent`,
		]);
	});
});

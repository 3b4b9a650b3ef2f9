import { fileProblem } from '../../../../nodes/Seedream/images/imageFile';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type {
	ImageFormatName,
	ReferenceFileLimits,
} from '../../../../nodes/Seedream/providers/referenceLimits';

const MB = 1024 * 1024;
const ALL_FORMATS: ImageFormatName[] = ['jpeg', 'png', 'webp', 'bmp', 'tiff', 'gif'];

/** As in the providers' documentation, one for each table in the code. */
const MODELS: Array<
	[string, ReferenceFileLimits | undefined, { formats: ImageFormatName[]; ratio: number }]
> = [
	[
		'EvoLink 4.5',
		limits(evoLink.models, 'doubao-seedream-4.5'),
		{ formats: ALL_FORMATS, ratio: 16 },
	],
	[
		'EvoLink 4.0',
		limits(evoLink.models, 'doubao-seedream-4.0'),
		{ formats: ALL_FORMATS, ratio: 16 },
	],
	[
		'APIMart 4.5',
		limits(apiMart.models, 'doubao-seedance-4-5'),
		{ formats: ['jpeg', 'png'], ratio: 3 },
	],
	[
		'API in One 4.5 edit',
		limits(apiInOne.models, 'seedream/4.5-edit'),
		{ formats: ALL_FORMATS, ratio: 16 },
	],
];

function limits(models: typeof evoLink.models, id: string): ReferenceFileLimits | undefined {
	return models.find((model) => model.id === id)?.references.file;
}

describe.each(MODELS)('a reference image for %s', (_name, table, { formats, ratio }) => {
	if (!table) throw new Error('the model no longer exists');
	const judge = (width: number, height: number, bytes?: number, format: ImageFormatName = 'png') =>
		fileProblem({ bytes, measured: { format, width, height } }, table);

	it.each(ALL_FORMATS)('in the format %s is accepted if the provider lists it', (format) => {
		expect(judge(1024, 768, MB, format)).toBe(
			formats.includes(format)
				? undefined
				: `is a ${format.toUpperCase()} file, but the model accepts only JPEG, PNG`,
		);
	});

	it('has a problem that lists the formats if it has none of them', () => {
		expect(fileProblem({ bytes: 7, measured: undefined }, table)).toBe(
			`isn't an image in a supported format (${formats.join(', ').toUpperCase()})`,
		);
	});

	it.each<[number | undefined, string | undefined]>([
		[undefined, undefined],
		[0, undefined],
		[10 * MB, undefined],
		[10 * MB + 1, 'is 10.1 MB (maximum 10 MB)'],
		[10.04 * MB, 'is 10.1 MB (maximum 10 MB)'],
		[12.5 * MB, 'is 12.5 MB (maximum 10 MB)'],
		[30 * MB, 'is 30 MB (maximum 10 MB)'],
	])('of %p bytes is checked against the maximum', (bytes, problem) => {
		expect(judge(1024, 768, bytes)).toBe(problem);
	});

	it.each<[number, number, string | undefined]>([
		[15, 15, undefined],
		[14, 15, 'is 14×15 pixels (minimum 15 per side)'],
		[15, 14, 'is 15×14 pixels (minimum 15 per side)'],
		[1, 1, 'is 1×1 pixels (minimum 15 per side)'],
	])('of %i by %i pixels is checked against the minimum side', (width, height, problem) => {
		expect(judge(width, height)).toBe(problem);
	});

	it.each<[number, number, string | undefined]>([
		[6000, 6000, undefined],
		[4500, 8000, undefined],
		[6001, 6000, 'is 6001×6000 pixels (maximum 36,000,000 in total)'],
		[4500, 8001, 'is 4500×8001 pixels (maximum 36,000,000 in total)'],
	])('of %i by %i pixels is checked against the maximum in total', (width, height, problem) => {
		expect(judge(width, height)).toBe(problem);
	});

	it.each([15, 100, 640])(
		'with a short side of %i pixels is checked against the maximum ratio',
		(side) => {
			const long = side * ratio;
			expect(judge(side, long)).toBeUndefined();
			expect(judge(long, side)).toBeUndefined();
			expect(judge(side, long + 1)).toBe(
				`is too narrow at ${side}×${long + 1} pixels (maximum ratio ${ratio}:1)`,
			);
			expect(judge(long + 1, side)).toBe(
				`is too narrow at ${long + 1}×${side} pixels (maximum ratio ${ratio}:1)`,
			);
		},
	);
});

/** As EvoLink documents the newer models. */
const IMAGE_LIMITS: ReferenceFileLimits = {
	formats: ['jpeg', 'png', 'webp', 'bmp', 'tiff', 'gif', 'heic', 'heif'],
	maxBytes: 30 * MB,
	minSide: 15,
	maxPixels: 6000 * 6000,
	minRatio: 1 / 16,
	maxRatio: 16,
};
const LAYER_LIMITS: ReferenceFileLimits = {
	...IMAGE_LIMITS,
	formats: ['png', 'jpeg'],
	minSide: 512,
};

it.each<[Parameters<typeof fileProblem>[0], ReferenceFileLimits, string | undefined]>([
	[{ bytes: 30 * MB, measured: heic(4032, 3024) }, IMAGE_LIMITS, undefined],
	[{ bytes: 1, measured: heic(4032, 3024, 'heif') }, IMAGE_LIMITS, undefined],
	[{ bytes: 30 * MB + 1, measured: heic(8, 8) }, IMAGE_LIMITS, 'is 30.1 MB (maximum 30 MB)'],
	[
		{ bytes: 1, measured: heic(4032, 3024) },
		LAYER_LIMITS,
		'is a HEIC file (the format of iPhone photos), but the model accepts only PNG, JPEG',
	],
	[
		{ bytes: 1, measured: heic(4032, 3024, 'heif') },
		LAYER_LIMITS,
		'is a HEIF file, but the model accepts only PNG, JPEG',
	],
	[
		{ bytes: 1, measured: undefined, otherFormat: 'an AVIF file' },
		IMAGE_LIMITS,
		'is an AVIF file, but the model accepts only JPEG, PNG, WEBP, BMP, TIFF, GIF, HEIC, HEIF',
	],
	[
		{ bytes: 1, measured: undefined },
		IMAGE_LIMITS,
		"isn't an image in a supported format (JPEG, PNG, WEBP, BMP, TIFF, GIF, HEIC, HEIF)",
	],
	[{ measured: { format: 'png', width: 512, height: 512 } }, LAYER_LIMITS, undefined],
	[
		{ measured: { format: 'png', width: 2000, height: 511 } },
		LAYER_LIMITS,
		'is 2000×511 pixels (minimum 512 per side)',
	],
])('the reference image %j for a newer model is checked', (file, newer, problem) => {
	expect(fileProblem(file, newer)).toBe(problem);
});

function heic(width: number, height: number, format: ImageFormatName = 'heic') {
	return { format, width, height };
}

it('a reference image for a model with 30 MB is checked against 30 MB', () => {
	const [{ references }] = evoLink.models;
	const measured = { format: 'png', width: 1024, height: 768 } as const;
	const large = { ...references.file, maxBytes: 30 * MB };
	expect(fileProblem({ bytes: 30 * MB, measured }, large)).toBeUndefined();
	expect(fileProblem({ bytes: 31 * MB, measured }, large)).toBe('is 31 MB (maximum 30 MB)');
});

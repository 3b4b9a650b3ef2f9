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

/** The rows of reference/providers.md, one for each table in the code. */
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
	if (!table) throw new Error('the model is gone');
	const judge = (width: number, height: number, bytes?: number, format: ImageFormatName = 'png') =>
		fileProblem({ bytes, measured: { format, width, height } }, table);

	it.each(ALL_FORMATS)('of the format %s is taken where the provider names it', (format) => {
		expect(judge(1024, 768, MB, format)).toBe(
			formats.includes(format)
				? undefined
				: `is a ${format.toUpperCase()} file, the model takes JPEG, PNG`,
		);
	});

	it('names the formats when it is none of them', () => {
		expect(fileProblem({ bytes: 7, measured: undefined }, table)).toBe(
			`is not an image in one of these formats: ${formats.join(', ').toUpperCase()}`,
		);
	});

	it.each<[number | undefined, string | undefined]>([
		[undefined, undefined],
		[0, undefined],
		[10 * MB, undefined],
		[10 * MB + 1, 'has 10.1 MB, the most is 10 MB'],
		[10.04 * MB, 'has 10.1 MB, the most is 10 MB'],
		[12.5 * MB, 'has 12.5 MB, the most is 10 MB'],
		[30 * MB, 'has 30 MB, the most is 10 MB'],
	])('of %p bytes', (bytes, problem) => {
		expect(judge(1024, 768, bytes)).toBe(problem);
	});

	it.each<[number, number, string | undefined]>([
		[15, 15, undefined],
		[14, 15, 'has 14×15 pixels, each side needs at least 15'],
		[15, 14, 'has 15×14 pixels, each side needs at least 15'],
		[1, 1, 'has 1×1 pixels, each side needs at least 15'],
	])('of %i by %i pixels, near the least side', (width, height, problem) => {
		expect(judge(width, height)).toBe(problem);
	});

	it.each<[number, number, string | undefined]>([
		[6000, 6000, undefined],
		[4500, 8000, undefined],
		[6001, 6000, 'has 6001×6000 pixels, the most is 36,000,000 pixels in all'],
		[4500, 8001, 'has 4500×8001 pixels, the most is 36,000,000 pixels in all'],
	])('of %i by %i pixels, near the most in all', (width, height, problem) => {
		expect(judge(width, height)).toBe(problem);
	});

	it.each([15, 100, 640])('with a short side of %i pixels, near the narrowest ratio', (side) => {
		const long = side * ratio;
		const words = `one side may be at most ${ratio} times the other`;
		expect(judge(side, long)).toBeUndefined();
		expect(judge(long, side)).toBeUndefined();
		expect(judge(side, long + 1)).toBe(`has ${side}×${long + 1} pixels, ${words}`);
		expect(judge(long + 1, side)).toBe(`has ${long + 1}×${side} pixels, ${words}`);
	});
});

it('a model that takes 30 MB says so', () => {
	const [{ references }] = evoLink.models;
	const measured = { format: 'png', width: 1024, height: 768 } as const;
	const large = { ...references.file, maxBytes: 30 * MB };
	expect(fileProblem({ bytes: 30 * MB, measured }, large)).toBeUndefined();
	expect(fileProblem({ bytes: 31 * MB, measured }, large)).toBe('has 31 MB, the most is 30 MB');
});

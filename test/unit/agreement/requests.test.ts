import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';

import { apiInOne } from '../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../nodes/Seedream/providers/provider';
import { stripInvisibleEnds } from '../../../nodes/Seedream/request/cells';
import { checkRequest, type RawRow } from '../../../nodes/Seedream/request/checkRequest';
import type { ImageRequest } from '../../../nodes/Seedream/request/imageRequest';
import { requestBody } from '../../../nodes/Seedream/request/requestBody';
import { callbackUrlError } from '../../sandbox/callbackUrls';
import { apiInOne as sandboxApiInOne } from '../../sandbox/providers/apiInOne';
import { apiMart as sandboxApiMart } from '../../sandbox/providers/apiMart';
import { evoLink as sandboxEvoLink } from '../../sandbox/providers/evoLink';
import { checkCreate } from '../../sandbox/providers/provider';
import type { ErrorResponse } from '../../sandbox/responses';
import { rawRow } from '../nodes/request/rawRow';
import { randomCases } from '../randomCases';

/**
 * The package and the sandbox implement the same documentation independently. These tests compare
 * them on the same random rows; set the environment variable SEED to repeat a run.
 */
const SEED = Number(process.env.SEED ?? 20_261_120);
const ROWS = randomCases(10_000);

/** A row's raw values. Undefined, null and '' mean that a setting isn't used. */
interface RowInput {
	prompt: unknown;
	references: unknown;
	size: unknown;
	resolution: unknown;
	count: unknown;
	promptOptimization: unknown;
	imageSet: unknown;
	maxImages: unknown;
	watermark: unknown;
	callback: unknown;
}

type Setting = keyof Omit<RowInput, 'prompt' | 'references'>;
type Body = Record<string, unknown>;

interface System {
	name: string;
	provider: Provider;
	model: string;
	/** The provider's documented names; a dot means a nested object. */
	names: Partial<Record<Setting, string>>;
	reject: (body: Body) => ErrorResponse | undefined;
	/** The limits of sizes in pixels. */
	pixelLimits: readonly number[];
	/** The minimum and maximum length of a prompt. */
	promptLimits: readonly number[];
}

const EVOLINK_NAMES: System['names'] = {
	size: 'size',
	resolution: 'quality',
	count: 'n',
	promptOptimization: 'prompt_priority',
	callback: 'callback_url',
};

const API_IN_ONE_NAMES: System['names'] = {
	size: 'aspect_ratio',
	resolution: 'quality',
	callback: 'callback_url',
};

const TEXT_TO_IMAGE = 'seedream/4.5-text-to-image';

const SYSTEMS: readonly System[] = [
	{
		name: 'EvoLink 4.5',
		provider: evoLink,
		model: 'doubao-seedream-4.5',
		names: EVOLINK_NAMES,
		reject: (body) => checkCreate(sandboxEvoLink, body),
		pixelLimits: [2560 * 1440, 4096 * 4096],
		promptLimits: [1, 2000],
	},
	{
		name: 'EvoLink 4.0',
		provider: evoLink,
		model: 'doubao-seedream-4.0',
		names: EVOLINK_NAMES,
		reject: (body) => checkCreate(sandboxEvoLink, body),
		pixelLimits: [1280 * 720, 4096 * 4096],
		promptLimits: [1, 2000],
	},
	{
		name: 'APIMart 4.5',
		provider: apiMart,
		model: 'doubao-seedance-4-5',
		names: {
			size: 'size',
			resolution: 'resolution',
			count: 'n',
			promptOptimization: 'optimize_prompt_options.mode',
			imageSet: 'sequential_image_generation',
			maxImages: 'sequential_image_generation_options.max_images',
			watermark: 'watermark',
			callback: 'webhook',
		},
		reject: (body) => checkCreate(sandboxApiMart, body),
		pixelLimits: [2560 * 1440],
		promptLimits: [1, 2000],
	},
	{
		name: 'API in One 4.5 text to image',
		provider: apiInOne,
		model: TEXT_TO_IMAGE,
		names: API_IN_ONE_NAMES,
		reject: (body) => checkCreate(sandboxApiInOne, body),
		pixelLimits: [2560 * 1440],
		promptLimits: [3, 5000],
	},
	{
		name: 'API in One 4.5 edit',
		provider: apiInOne,
		model: 'seedream/4.5-edit',
		names: API_IN_ONE_NAMES,
		reject: (body) => checkCreate(sandboxApiInOne, body),
		pixelLimits: [2560 * 1440],
		promptLimits: [3, 5000],
	},
];

// --- From a row to a request --------------------------------------------------------------------

function isUnset(value: unknown): boolean {
	return value === undefined || value === null || value === '';
}

/** The row as n8n passes it to the package. */
function rowOf(input: RowInput, { model }: System): RawRow {
	const pixels = typeof input.size === 'string' ? /^custom:(.*)x(.*)$/su.exec(input.size) : null;
	return rawRow({
		model,
		prompt: input.prompt,
		imageUrls: input.references,
		width: pixels?.[1] ?? '',
		height: pixels?.[2] ?? '',
		parameters: {
			aspectRatio: pixels ? 'custom' : input.size,
			resolution: input.resolution,
			imageCount: input.count,
			promptOptimization: input.promptOptimization,
			sequentialImageGeneration: input.imageSet,
			maxImages: input.maxImages,
			watermark: input.watermark,
			callbackUrl: input.callback,
		},
	});
}

const SETTINGS: readonly Setting[] = [
	'size',
	'resolution',
	'count',
	'promptOptimization',
	'imageSet',
	'maxImages',
	'watermark',
	'callback',
];

/** The same raw values under the provider's names, without settings that it doesn't have. */
function rawBody(input: RowInput, { model, names }: System): Body {
	const body: Body = { model };
	if (input.prompt !== undefined) body.prompt = input.prompt;
	if (!isUnset(input.references)) body.image_urls = input.references;
	for (const setting of SETTINGS) {
		const name = names[setting];
		const value = input[setting];
		if (name === undefined || isUnset(value)) continue;
		const [outer = name, inner] = name.split('.');
		const written = typeof value === 'string' ? value.replace(/^custom:/, '') : value;
		body[outer] = inner === undefined ? written : { [inner]: written };
	}
	return body;
}

/** The row with the spellings of spreadsheets replaced by what they mean. */
function normalized(input: RowInput): RowInput {
	return {
		...input,
		prompt: stripInvisibleEnds(String(input.prompt)),
		references: isUnset(input.references) ? undefined : linksIn(input.references).map(encoded),
		size: word(input.size)
			?.replace(/^custom:/, '')
			.replace(/^(\d+)[/-](\d+)$/, '$1:$2')
			.replace(/[×*]/, 'x')
			.replace(/(^|x)0+(?=\d)/g, '$1'),
		resolution: word(input.resolution)?.replace(/k$/, 'K'),
		count: wholeNumber(input.count),
		promptOptimization: word(input.promptOptimization),
		imageSet: word(input.imageSet),
		maxImages: wholeNumber(input.maxImages),
		watermark: { true: true, false: false }[word(input.watermark) ?? ''] ?? undefined,
		callback: isUnset(input.callback) ? undefined : String(input.callback).trim(),
	};
}

function word(value: unknown): string | undefined {
	if (isUnset(value)) return undefined;
	const plain = String(value).normalize('NFKC').replace(/\s/g, '').toLowerCase();
	return plain === '' || plain === 'default' ? undefined : plain;
}

function wholeNumber(value: unknown): number | undefined {
	const plain = word(value);
	return plain === undefined ? undefined : Number(plain);
}

function linksIn(value: unknown): string[] {
	if (Array.isArray(value)) return value.flatMap(linksIn);
	if (typeof value === 'string' && value.startsWith('["')) return linksIn(JSON.parse(value));
	return String(value)
		.split(/[\s,]+(?=https?:|data:)|\n/i)
		.map((text) => text.trim())
		.filter((text) => text !== '');
}

/**
 * Percent-encodes what a link can't contain (RFC 3986), and each `%` that doesn't start an escape
 * sequence. The prefix of a data URI becomes lower case.
 */
function encoded(text: string): string {
	if (/^data:/i.test(text)) {
		return text.replace(/^[^,]*,/, (prefix) => prefix.toLowerCase()).replace(/\s/g, '');
	}
	if (!/^https?:/i.test(text) || !URL.canParse(text)) return text;
	const [, host = '', path = ''] = /^(https?:\/\/[^/]*)(.*)$/s.exec(new URL(text).href) ?? [];
	return `${host}${path.replace(/[|^`[\]]|%(?![\da-f]{2})/gi, encodeURIComponent)}`;
}

// --- Intended differences ----------------------------------------------------------------------

interface Row {
	input: RowInput;
	system: System;
}

interface Difference {
	name: string;
	reason: string;
	/** Whether the package accepts what the sandbox rejects in its raw form, or the other way round. */
	isAccepted: boolean;
	applies: (row: Row) => boolean;
	/** How the package's message starts. */
	problem?: string | RegExp;
}

const intended = (input: RowInput) => {
	const { count, maxImages, imageSet, references } = normalized(input);
	return {
		count: Number(count ?? 1),
		maxImages,
		imageSet,
		references: linksIn(references ?? []),
	};
};

/** A valid link (RFC 3986) or a data URI. */
const CLEAN_LINK = /^(https?:\/\/[^\s/][\w\-.~:/?#[\]@!$&'()*+,;=%]*|data:\S+)$/i;

const OPTIONAL_SETTINGS: ReadonlyArray<[Setting, string]> = [
	['count', 'Number of Images'],
	['promptOptimization', 'Prompt Optimization'],
	['imageSet', 'Sequential Image Generation'],
	['maxImages', 'Max Images'],
	['watermark', 'Watermark'],
];

const DIFFERENCES: readonly Difference[] = [
	{
		name: 'spelling',
		reason: 'a spreadsheet writes "16：9", " 3 ", "4k", TRUE, or several links in one cell',
		isAccepted: true,
		applies: ({ input, system }) => system.reject(rawBody(normalized(input), system)) === undefined,
	},
	{
		name: 'blank prompt',
		reason: 'a useless image would be charged',
		isAccepted: false,
		applies: ({ input }) => String(input.prompt).trim() === '',
		problem: "'Prompt' is empty",
	},
	{
		name: 'invisible prompt',
		reason: 'a useless image would be charged',
		isAccepted: false,
		applies: ({ input }) => stripInvisibleEnds(String(input.prompt)).trim() === '',
		problem: "'Prompt' contains only invisible characters",
	},
	{
		name: 'prompt that is too short without invisible characters',
		reason: 'invisible characters around a prompt are not sent',
		isAccepted: false,
		applies: ({ input }) => stripInvisibleEnds(String(input.prompt)) !== String(input.prompt),
		problem: /^'Prompt' is \d+ characters? long \(minimum /,
	},
	{
		name: 'prompt that is a missing value',
		reason: 'an image of the word would be charged',
		isAccepted: false,
		applies: ({ input }) => /^(null|NaN|\[object Object\])$/.test(String(input.prompt)),
		problem: "'Prompt' ",
	},
	{
		name: 'reference in a private network',
		reason: 'no provider on the internet can open it',
		isAccepted: false,
		applies: ({ input }) => linksIn(input.references ?? '').includes('https://[::1]/cat.png'),
		problem: `'Reference Image URLs' contains "https://[::1]/cat.png", which is in a private network`,
	},
	{
		name: 'references and images above 15 at EvoLink',
		reason: 'the provider silently makes fewer images than requested',
		isAccepted: false,
		applies: ({ input, system }) =>
			system.provider === evoLink && intended(input).references.length + intended(input).count > 15,
		problem: "'Number of Images' ",
	},
	{
		name: 'references for text to image',
		reason: 'the model ignores them and the image is charged',
		isAccepted: false,
		applies: ({ input, system }) =>
			system.model === TEXT_TO_IMAGE && intended(input).references.length > 0,
		problem:
			"'Reference Image URLs' can't be used with Seedream 4.5 Text to Image, which doesn't accept reference images",
	},
	{
		name: 'several images without a reference at APIMart',
		reason: 'the provider makes one image only',
		isAccepted: false,
		applies: ({ input, system }) =>
			system.provider === apiMart &&
			intended(input).count > 1 &&
			intended(input).references.length === 0,
		problem: "'Number of Images' must be 1 without a reference image",
	},
	{
		name: 'image set without a reference at APIMart',
		reason: 'the provider makes one image only',
		isAccepted: false,
		applies: ({ input, system }) =>
			system.provider === apiMart &&
			intended(input).imageSet === 'auto' &&
			intended(input).references.length === 0,
		problem: "'Sequential Image Generation' ",
	},
	{
		name: 'max images without an image set',
		reason: 'the provider ignores it, and the user expects more images',
		isAccepted: false,
		applies: ({ input, system }) =>
			system.provider === apiMart &&
			intended(input).maxImages !== undefined &&
			intended(input).imageSet !== 'auto',
		problem: "'Max Images' has no effect",
	},
	{
		name: 'setting the provider does not have',
		reason: 'it would be lost, and the image charged anyway',
		isAccepted: false,
		applies: ({ input, system }) =>
			OPTIONAL_SETTINGS.some(
				([setting]) => system.names[setting] === undefined && !isUnset(input[setting]),
			),
	},
	{
		name: 'callback URL that APIMart and API in One cannot reach',
		reason: 'only EvoLink documents that it rejects internal addresses and plain HTTP',
		isAccepted: false,
		applies: ({ input, system }) =>
			system.provider !== evoLink && callbackUrlError(String(input.callback).trim()) !== undefined,
		problem: "'Callback URL' ",
	},
	{
		name: 'link that a URL parser has to correct',
		reason: 'white space and missing slashes are typos that only show after the row is charged',
		isAccepted: false,
		applies: ({ input }) => linksIn(input.references ?? '').some((text) => !CLEAN_LINK.test(text)),
		problem: "'Reference Image URLs' ",
	},
	{
		name: 'duplicate reference',
		reason: 'the copy probably replaces another image',
		isAccepted: false,
		applies: ({ input }) =>
			new Set(intended(input).references).size < intended(input).references.length,
		problem: "'Reference Image URLs' ",
	},
];

/** The intended differences that explain a disagreement; empty if one of its problems isn't explained. */
function differencesBehind(row: Row, problems: readonly string[]): readonly Difference[] {
	const accepted = problems.length === 0;
	const applying = DIFFERENCES.filter(
		({ isAccepted, applies }) => isAccepted === accepted && applies(row),
	);
	const isExplained = problems.every((problem) =>
		applying.some((difference) =>
			problemStarts(difference).some((start) =>
				typeof start === 'string' ? problem.startsWith(start) : start.test(problem),
			),
		),
	);
	return isExplained ? applying : [];
}

function problemStarts({ name, problem }: Difference): Array<string | RegExp> {
	if (problem !== undefined) return [problem];
	return name === 'setting the provider does not have'
		? OPTIONAL_SETTINGS.map(([, label]) => `'${label}' `)
		: [];
}

// --- Random rows, close to the limits ----------------------------------------------------------

const WRONG_KINDS: unknown[] = [true, {}, [], ['2'], 5, 0, NaN, 'null', '0', '-1', 'yes', ' '];

/** Reports a failure with the simplest row that shows it. */
const SHRINK_TO_FIRST = { withCrossShrink: true };

const wrongKind = fc.constantFrom(...WRONG_KINDS);

/** Mostly unset or plain, so that a row rarely has two problems that hide each other. */
function setting(plain: fc.Arbitrary<unknown>, odd: fc.Arbitrary<unknown>) {
	return fc.oneof(
		SHRINK_TO_FIRST,
		{ weight: 20, arbitrary: fc.constantFrom(undefined, undefined, null, '') },
		{ weight: 16, arbitrary: plain },
		{ weight: 2, arbitrary: odd },
		{ weight: 1, arbitrary: wrongKind },
	);
}

function promptOf({ promptLimits }: System): fc.Arbitrary<unknown> {
	const lengths = promptLimits.flatMap((bound) => [bound - 1, bound, bound + 1]);
	const atBounds = fc
		.tuple(fc.constantFrom('a', '湖', '😀', '\ud83d', 'e\u0301'), fc.constantFrom(...lengths))
		.map(([letter, length]) =>
			letter === 'e\u0301' ? letter.repeat(Math.ceil(length / 2)) : letter.repeat(length),
		);
	const blank = fc.constantFrom(' ', '   ', '\u3000\u3000\u3000', '\n\t\n', ' '.repeat(2001));
	return fc.oneof(
		SHRINK_TO_FIRST,
		{ weight: 12, arbitrary: fc.constantFrom('A quiet lake', '生成3张不同的湖', '  a lake\n ') },
		{ weight: 4, arbitrary: atBounds },
		{ weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
		{ weight: 1, arbitrary: blank },
		{ weight: 1, arbitrary: fc.constantFrom(undefined, null, ...WRONG_KINDS) },
	);
}

const link = (index: number): string => `https://example.com/${index}.png`;

const ODD_LINKS = [
	'http://example.com/cat.png',
	'HTTPS://EXAMPLE.COM/CAT.PNG',
	' https://example.com/cat.png ',
	'https://example.com/cat.png?w=1&h=a,b#x',
	'https://example.com/a cat.png',
	'https://example.com/貓.png',
	'https://例子.測試/cat.png',
	'https://example.com/[cat].png',
	'https://example.com/a|b^c`d{e}.png',
	'https://example.com/a"b<c>.png',
	'https://example.com/100%.png',
	'https://example.com\\cat.png',
	'https:example.com/cat.png',
	'https:/example.com/cat.png',
	'https:///example.com/cat.png',
	'https://',
	'https://exa mple.com/cat.png',
	'https://example.com:99999/cat.png',
	'https://user:word@example.com/cat.png',
	'https://[::1]/cat.png',
	'ftp://example.com/cat.png',
	'file:///etc/passwd',
	'javascript:alert(1)',
	'www.example.com/cat.png',
	'//example.com/cat.png',
	'cat.png',
	'C:\\cat.png',
	'blob:https://example.com/1',
	'data:image/jpeg;base64,/9j/4AAQSkZJRg==',
	'data:image/png;base64,iVBORw0KGgo=',
	'DATA:IMAGE/PNG;BASE64,iVBORw0KGgo=',
	'data:image/gif;base64,R0lGODlh',
	'data:image/png;base64,',
	'data:image/png;base64,a*b',
	'data:image/png;base64,iVBO Rw0K',
	'data:image/png;base64,iVBORw0KGgo===',
	'data:image/png,abc',
	'/9j/4AAQSkZJRgABAQ==',
	'',
];

const manyLinks = fc
	.constantFrom(1, 1, 1, 2, 3, 7, 11, 12, 13, 14, 14, 15)
	.map((count) => Array.from({ length: count }, (_, index) => link(index)));

const references: fc.Arbitrary<unknown> = fc.oneof(
	SHRINK_TO_FIRST,
	{ weight: 8, arbitrary: fc.constantFrom(undefined, '', [], null) },
	{ weight: 14, arbitrary: manyLinks },
	{
		weight: 4,
		arbitrary: fc
			.tuple(fc.constantFrom(0, 0, 1, 13), fc.constantFrom(...ODD_LINKS))
			.map(([before, odd]) => [...Array.from({ length: before }, (_, n) => link(n)), odd]),
	},
	{
		weight: 1,
		arbitrary: fc.constantFrom(
			[link(1), link(1)],
			[...Array.from({ length: 14 }, (_, n) => link(n)), link(3)],
			link(1),
			`${link(1)}\n${link(2)}`,
			`${link(1)}, ${link(2)}`,
			JSON.stringify([link(1), link(2)]),
		),
	},
	{ weight: 1, arbitrary: wrongKind },
);

const RATIOS = [
	...['auto', '1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '9:21', '21:9'],
	...['1:2', '2:1', '1:3'],
];

function sizeOf({ provider, pixelLimits }: System): fc.Arbitrary<unknown> {
	const nearPixels = fc
		.tuple(
			fc.constantFrom(...pixelLimits),
			fc.integer({ min: 300, max: 16_000 }),
			fc.integer({ min: -1, max: 1 }),
		)
		.map(([pixels, width, off]) => [width, Math.round(pixels / width) + off]);
	const nearRatio = fc
		.tuple(fc.integer({ min: 200, max: 1050 }), fc.integer({ min: -1, max: 1 }), fc.boolean())
		.map(([short, off, isTall]) =>
			isTall ? [short, short * 16 + off] : [short * 16 + off, short],
		);
	const exact = fc.constantFrom(
		[2560, 1440],
		[2559, 1440],
		[1280, 720],
		[1279, 720],
		[4096, 4096],
		[4097, 4096],
		[16_384, 1024],
		[1024, 16_384],
		[0, 0],
	);
	const pixels = fc
		.tuple(fc.oneof(SHRINK_TO_FIRST, nearPixels, nearRatio, exact), fc.constantFrom('custom:', ''))
		.map(([[width, height], custom]) => `${custom}${width}x${height}`);
	const odd = fc.constantFrom(
		'16：9',
		' 1:1 ',
		'１:１',
		'AUTO',
		'Auto',
		'1 : 1',
		'1/1',
		'16-9',
		'default',
		'custom:x',
		'custom: 2048 x 2048 ',
		'custom:２０４８x２０４８',
		'custom:02048x2048',
		'custom:2048.0x2048',
		'custom:2048.5x2048',
		'custom:-2048x-2048',
		'custom:2e3x2048',
		'custom:1000000000x1',
		'2048×2048',
		'2048X2048',
		'2048*2048',
		'2048 x 2048',
		'2048x2048x1',
		'2048x',
		'2048',
	);
	const ratios = fc.constantFrom(...RATIOS);
	const plain = provider === evoLink ? fc.oneof(SHRINK_TO_FIRST, ratios, pixels) : ratios;
	return setting(plain, fc.oneof(SHRINK_TO_FIRST, odd, pixels));
}

function resolutionOf({ provider }: System): fc.Arbitrary<unknown> {
	const own = provider === apiInOne ? ['basic', 'high'] : ['2K', '4K', '2K', '4K', '1K'];
	const odd = ['1K', '2K', '3K', '1.5K', '4k', ' 2K ', '４Ｋ', 'high', 'HIGH', 'Basic', 'default'];
	return setting(fc.constantFrom(...own), fc.constantFrom(...odd, '2048'));
}

const count = setting(
	fc.constantFrom(1, 1, 2, 3, 14, 15),
	fc.constantFrom<unknown>(
		0,
		16,
		-1,
		1.5,
		'3',
		' 3 ',
		'３',
		'1',
		'16',
		'1e1',
		'0x2',
		'2.0',
		'three',
	),
);

const callbackHosts = fc.constantFrom(
	...[
		'example.com',
		'example.com.',
		'example.com:8443',
		'EXAMPLE.COM',
		'8.8.8.8',
		'1.1',
		'134744072',
	],
	...['localhost', 'LOCALHOST', 'localhost.', 'localhost..', 'localhost:5678', 'app.localhost'],
	...['n8n.local', 'N8N.LOCAL.', 'n8n.localdomain', 'db.internal', 'n8n.intranet', 'nas.lan'],
	...['router.home', 'mail.corp', 'intranet', 'notlocal.example', 'local.example.com', 'mylocal'],
	...['127.0.0.1', '127.1', '127.255.255.255', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1'],
	...['10.0.0.1', '10.255.255.255', '11.0.0.1', '9.255.255.255', '012.0.0.1', '0xa.0.0.1'],
	...['172.15.255.255', '172.16.0.1', '172.31.255.255', '172.32.0.1', '2886729729'],
	...['192.168.0.1', '192.167.255.255', '192.169.0.1', '3232235521', '192.0.0.1', '192.0.1.1'],
	...['100.63.255.255', '100.64.0.1', '100.127.255.255', '100.128.0.1', '169.254.169.254'],
	...[
		'169.253.1.1',
		'198.17.255.255',
		'198.18.0.1',
		'198.19.255.255',
		'198.20.0.1',
		'0.0.0.0',
		'0',
	],
	...['223.255.255.255', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
	...['[::1]', '[::]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::2]'],
	...['[::ffff:8.8.8.8]', '[::ffff:c0a8:1]', '[::127.0.0.1]', '[::8.8.8.8]', '[64:ff9b::7f00:1]'],
	...['[64:ff9b::1]', '[64:ff9b:1::1]', '[fc00::1]', '[fdff::1]', '[fe00::1]', '[fe80::1]'],
	...['[febf::1]', '[fec0::1]', '[ff02::1]', '[2001:4860:4860::8888]', '[2606::1]', '[::1:0:0:1]'],
	...[
		'①②⑦.⓪.⓪.①',
		'ｌｏｃａｌｈｏｓｔ',
		'例子.測試',
		'xn--fsqu00a.xn--0zwm56d',
		'a_b.example',
		'127.0.0.1.',
	],
);

const callbackUrls = fc
	.tuple(
		fc.constantFrom('https://', 'https://', 'https://', 'https://', 'HTTPS://', 'http://'),
		fc.constantFrom('', '', '', '', 'user:word@', 'example.com@'),
		callbackHosts,
		fc.constantFrom('', '/', '/hook', '/a b', '?x=1', '#x'),
	)
	.map((parts) => parts.join(''));

/** IPv4 and IPv6 addresses of every kind, in the spellings that URL parsers know. */
const addresses = fc.oneof(
	SHRINK_TO_FIRST,
	fc.ipV4().map((address) => `https://${address}/hook`),
	fc.ipV4Extended().map((address) => `https://${address}/hook`),
	fc.ipV6().map((address) => `https://[${address}]/hook`),
	fc
		.tuple(
			fc.constantFrom('::ffff:', '::', '64:ff9b::', 'fc00::', 'fe80::', '::fffe:', '2001:db8::'),
			fc.ipV4(),
		)
		.map(([prefix, address]) => `https://[${prefix}${address}]/hook`),
);

const callback = setting(
	fc.oneof(fc.constant('https://hook.example.com/seedream'), callbackUrls, callbackUrls, addresses),
	fc.constantFrom(
		...[2047, 2048, 2049].map((length) => `https://example.com/${'a'.repeat(length - 20)}`),
		' https://example.com/hook ',
		'https:example.com',
		'https:\\\\example.com',
		'https:///example.com',
		'https://exa\tmple.com/hook',
		'https://',
		'https://[::1',
		'https://256.1.1.1/',
		'https://example.com:99999/',
		'wss://example.com/hook',
		'ftp://example.com',
		'example.com/hook',
		'javascript:alert(1)',
	),
);

function rowInputs(system: System): fc.Arbitrary<RowInput> {
	const oddWord = fc.constantFrom('Fast', ' standard ', 'slow', 'on', 'AUTO', 'default');
	/** Rarely sets what the provider doesn't have, because nearly every row would be rejected. */
	const ifNamed = (name: Setting, values: fc.Arbitrary<unknown>) =>
		system.names[name] === undefined
			? fc.oneof(
					SHRINK_TO_FIRST,
					{ weight: 19, arbitrary: fc.constant(undefined) },
					{ weight: 1, arbitrary: values },
				)
			: values;
	const ifAccepted =
		system.model === TEXT_TO_IMAGE
			? fc.oneof(
					SHRINK_TO_FIRST,
					{ weight: 9, arbitrary: fc.constant('') },
					{ weight: 1, arbitrary: references },
				)
			: references;
	return fc.record({
		prompt: promptOf(system),
		references: ifAccepted,
		size: sizeOf(system),
		resolution: resolutionOf(system),
		count: ifNamed('count', count),
		promptOptimization: ifNamed(
			'promptOptimization',
			setting(fc.constantFrom('standard', 'fast'), oddWord),
		),
		imageSet: ifNamed('imageSet', setting(fc.constantFrom('disabled', 'auto'), oddWord)),
		maxImages: ifNamed('maxImages', count),
		watermark: ifNamed(
			'watermark',
			setting(fc.boolean(), fc.constantFrom('true', 'FALSE', 'yes', 1, 0)),
		),
		callback,
	});
}

// --- The comparison ---------------------------------------------------------------------------

const seenDifferences = new Map<string, number>();

function linksOf({ references: all }: ImageRequest): string[] {
	return all.map((reference) => (reference.kind === 'link' ? reference.url : 'a file'));
}

/** Removes differences without effect: one image, no references, and other spellings of a link. */
function comparable({ n, image_urls: links, ...body }: Body): Body {
	const urls = linksIn(links ?? []).map(encoded);
	return { ...body, ...(n !== undefined && n !== 1 && { n }), ...(urls.length > 0 && { urls }) };
}

function shortened(_key: string, value: unknown): unknown {
	return typeof value === 'string' && value.length > 200 ? `${value.slice(0, 200)}…` : value;
}

/** How the package and the sandbox disagree about a row; undefined if they agree. */
function disagreement(input: RowInput, system: System, onResult: (isAccepted: boolean) => void) {
	const checked = checkRequest(system.provider, rowOf(input, system));
	const raw = rawBody(input, system);
	const rejectedRaw = system.reject(raw)?.body.error.message;
	onResult(checked.ok);
	if (checked.ok) {
		const sent = requestBody(checked.value, linksOf(checked.value));
		const rejected = system.reject(sent)?.body.error.message;
		if (rejected !== undefined)
			return { what: 'the package sends what the sandbox rejects', rejected, sent };
		const wanted = rawBody(normalized(input), system);
		if (!isDeepStrictEqual(comparable(sent), comparable(wanted))) {
			return { what: 'the package sends something else than the row says', sent, wanted };
		}
		if (rejectedRaw === undefined) return undefined;
	} else if (rejectedRaw !== undefined) {
		return undefined;
	}
	const problems = checked.ok ? [] : checked.problems;
	const behind = differencesBehind({ input, system }, problems);
	for (const { name } of behind) seenDifferences.set(name, (seenDifferences.get(name) ?? 0) + 1);
	if (behind.length > 0) return undefined;
	return checked.ok
		? { what: 'the package accepts what the sandbox rejects', rejectedRaw, raw }
		: { what: 'the package rejects what the sandbox accepts', problems, raw };
}

describe.each(SYSTEMS.map((system): [string, System] => [system.name, system]))(
	'%s',
	(_name, system) => {
		it(`the package and the sandbox agree on ${ROWS} rows`, () => {
			let accepted = 0;
			let rejected = 0;
			fc.assert(
				fc.property(rowInputs(system), (input) => {
					const found = disagreement(input, system, (isAccepted) => {
						if (isAccepted) accepted += 1;
						else rejected += 1;
					});
					if (found) throw new Error(JSON.stringify(found, shortened));
				}),
				{ seed: SEED, numRuns: ROWS },
			);
			expect(accepted).toBeGreaterThan(ROWS / 10);
			expect(rejected).toBeGreaterThan(ROWS / 10);
		});
	},
);

describe('the intended difference occurs', () => {
	it.each(DIFFERENCES.map(({ name, reason }) => [name, reason]))('%s: %s', (name) => {
		expect(seenDifferences.get(name ?? '') ?? 0).toBeGreaterThan(0);
	});
});

import fc from 'fast-check';

import { SETTINGS, type ModelName, type RowInput, type Setting, type System } from './rows';

/** Random rows, close to the limits. */

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
	const lengths = promptLimits
		.flatMap((bound) => [bound - 1, bound, bound + 1])
		.filter((length) => length >= 0);
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

const links = (count: number): string[] => Array.from({ length: count }, (_, n) => link(n));

function referencesOf({ maxReferences: max }: System): fc.Arbitrary<unknown> {
	const counts = [1, 1, 1, 2, 3, 7, max - 3, max - 2, max - 1, max, max, max + 1];
	const many = fc
		.constantFrom(...counts.filter((count) => count > 0 && count <= max + 1))
		.map(links);
	return fc.oneof(
		SHRINK_TO_FIRST,
		{ weight: 8, arbitrary: fc.constantFrom(undefined, '', [], null) },
		{ weight: 14, arbitrary: many },
		{
			weight: 4,
			arbitrary: fc
				.tuple(fc.constantFrom(0, 0, 1, max - 1), fc.constantFrom(...ODD_LINKS))
				.map(([before, odd]) => [...links(before), odd]),
		},
		{
			weight: 1,
			arbitrary: fc.constantFrom(
				[link(1), link(1)],
				[...links(max), link(3)],
				link(1),
				`${link(1)}\n${link(2)}`,
				`${link(1)}, ${link(2)}`,
				JSON.stringify([link(1), link(2)]),
			),
		},
		{ weight: 1, arbitrary: wrongKind },
	);
}

const RATIOS = [
	...['auto', '1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '9:21', '21:9'],
	...['1:2', '2:1', '1:3'],
];

function sizeOf({ pixelLimits }: System): fc.Arbitrary<unknown> {
	const nearPixels = fc
		.tuple(
			fc.constantFrom(...(pixelLimits ?? [2560 * 1440])),
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
	const plain = pixelLimits ? fc.oneof(SHRINK_TO_FIRST, ratios, pixels) : ratios;
	return setting(plain, fc.oneof(SHRINK_TO_FIRST, odd, pixels));
}

function resolutionOf({ resolutions }: System): fc.Arbitrary<unknown> {
	const odd = ['1K', '2K', '3K', '1.5K', '4k', ' 2K ', '４Ｋ', '1.5k', '１．５K', '1,5K', 'auto'];
	const words = ['high', 'HIGH', 'Basic', 'default', '2048'];
	return setting(
		fc.constantFrom(...resolutions, ...resolutions, '1K'),
		fc.constantFrom(...odd, ...words),
	);
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

function modelOf({ models }: System): fc.Arbitrary<ModelName> {
	const [own] = models;
	return fc.oneof(
		SHRINK_TO_FIRST,
		{ weight: 3, arbitrary: fc.constant(own) },
		{ weight: 1, arbitrary: fc.constantFrom(...models) },
	);
}

const ODD_WORDS = ['Fast', ' standard ', 'slow', 'on', 'AUTO', 'default'];

const flag = setting(fc.boolean(), fc.constantFrom('true', 'FALSE', ' True ', 'yes', 1, 0));

const words = (...plain: string[]) =>
	setting(fc.constantFrom(...plain), fc.constantFrom(...ODD_WORDS));

function settingsOf(system: System): Record<Setting, fc.Arbitrary<unknown>> {
	return {
		size: sizeOf(system),
		resolution: resolutionOf(system),
		count,
		promptOptimization: words('standard', 'standard', 'fast'),
		imageSet: words('disabled', 'auto'),
		maxImages: count,
		watermark: flag,
		outputFormat: setting(
			fc.constantFrom('png', 'png', 'jpeg'),
			fc.constantFrom('PNG', ' jpeg ', 'ＰＮＧ', 'jpg', 'webp', 'default'),
		),
		background: setting(
			fc.constantFrom('transparent', 'transparent', 'opaque'),
			fc.constantFrom('Transparent', ' OPAQUE ', 'white', 'none', 'default'),
		),
		webSearch: flag,
		callback,
	};
}

/** Rows of the model, mostly valid. */
export function rowInputs(system: System): fc.Arbitrary<RowInput> {
	const references = referencesOf(system);
	const settings = settingsOf(system);
	for (const setting of SETTINGS) {
		if (system.names[setting] === undefined) settings[setting] = seldom(settings[setting]);
	}
	return fc.record({
		...settings,
		model: modelOf(system),
		prompt: promptOf(system),
		references: system.ignoresReferences ? seldom(references) : references,
	});
}

/** For what the model doesn't have: otherwise, nearly every row would be rejected. */
function seldom(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
	return fc.oneof(
		SHRINK_TO_FIRST,
		{ weight: 19, arbitrary: fc.constant(undefined) },
		{ weight: 1, arbitrary: values },
	);
}

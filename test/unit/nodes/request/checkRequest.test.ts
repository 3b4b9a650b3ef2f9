import type { ImageFile } from '../../../../nodes/Seedream/images/imageFile';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type {
	NodeVersion,
	ParameterName,
	Provider,
} from '../../../../nodes/Seedream/providers/provider';
import type { ImageFormatName } from '../../../../nodes/Seedream/providers/referenceLimits';
import { checkRequest, type RawRow } from '../../../../nodes/Seedream/request/checkRequest';
import { pluralize } from '../../../../nodes/Seedream/shared/format';
import { imageFile } from '../images/imageFiles';
import { rawRow } from './rawRow';

const REFERENCE = 'https://example.com/cat.png';
const NO_REFERENCES =
	"'Reference Image URLs' can't be used with Seedream 4.5 Text to Image, which doesn't accept reference images";
const DATA_URI = 'data:image/jpeg;base64,/9j/4AAQ';

interface System {
	provider: Provider;
	model: string;
	/** What a minimal row of this model needs besides a prompt. */
	minimum: Partial<RawRow>;
}

const EVOLINK_45: System = { provider: evoLink, model: 'doubao-seedream-4.5', minimum: {} };
const EVOLINK_40: System = { provider: evoLink, model: 'doubao-seedream-4.0', minimum: {} };
const APIMART_45: System = { provider: apiMart, model: 'doubao-seedance-4-5', minimum: {} };
const API_IN_ONE_TEXT: System = {
	provider: apiInOne,
	model: 'seedream/4.5-text-to-image',
	minimum: {},
};
const API_IN_ONE_EDIT: System = {
	provider: apiInOne,
	model: 'seedream/4.5-edit',
	minimum: { imageUrls: REFERENCE },
};

const SYSTEMS: Array<[string, System]> = [
	['EvoLink 4.5', EVOLINK_45],
	['EvoLink 4.0', EVOLINK_40],
	['APIMart 4.5', APIMART_45],
	['API in One 4.5 text to image', API_IN_ONE_TEXT],
	['API in One 4.5 edit', API_IN_ONE_EDIT],
];

function check({ provider, model, minimum }: System, fields: Partial<RawRow> = {}) {
	return checkRequest(provider, rawRow({ model, ...minimum, ...fields }));
}

function rejected(...problems: string[]) {
	return { ok: false, problems };
}

function links(count: number): string[] {
	return Array.from({ length: count }, (_, n) => `https://example.com/${n}.png`);
}

describe.each(SYSTEMS)('%s', (_name, system) => {
	it('accepts a minimal row and sets nothing that the row did not set', () => {
		expect(check(system)).toMatchObject({
			ok: true,
			value: {
				modelId: system.model,
				prompt: 'A quiet lake at sunrise',
				values: {},
				extraBody: {},
			},
		});
	});

	it.each([undefined, null, '', '   ', '\n'])('rejects the empty prompt %j', (prompt) => {
		expect(check(system, { prompt })).toEqual(rejected("'Prompt' is empty"));
	});

	it.each([{ text: 'a lake' }, [{ text: 'a lake' }], []])(
		'rejects the prompt %j, because its image would be useless but charged',
		(prompt) => {
			expect(check(system, { prompt })).toEqual({
				ok: false,
				problems: [expect.stringMatching(/^'Prompt' /)],
			});
		},
	);

	it('accepts a number as the prompt', () => {
		expect(check(system, { prompt: 1984 })).toMatchObject({ ok: true, value: { prompt: '1984' } });
	});

	it('sends the prompt as it is, including white space', () => {
		const prompt = '  A lake\n\tat sunrise  ';
		expect(check(system, { prompt })).toMatchObject({ ok: true, value: { prompt } });
	});

	it.each([
		'http://localhost:8080/webhook',
		'http://example.com/webhook',
		'HTTP://example.com/webhook',
		'ftp://example.com/webhook',
	])('rejects the callback URL %s, which is not HTTPS', (callbackUrl) => {
		expect(check(system, { parameters: { callbackUrl } })).toEqual(
			rejected("'Callback URL' must start with https://"),
		);
	});

	it.each([
		'localhost',
		'127.0.0.1',
		'127.255.255.254',
		'10.0.0.1',
		'10.255.255.255',
		'172.16.0.1',
		'172.31.255.255',
		'192.168.0.1',
		'192.168.255.255',
		'169.254.169.254',
		'0.0.0.0',
		'[::1]',
		'n8n.local',
		'n8n.localhost',
	])('rejects the internal callback host %s', (host) => {
		const callbackUrl = `https://${host}:8443/webhook`;
		expect(check(system, { parameters: { callbackUrl } })).toEqual(
			rejected(`'Callback URL' points to ${host}, which isn't reachable from the internet`),
		);
	});

	it.each(['https://2130706433/', 'https://0x7f.1/', 'https://127.1/'])(
		'rejects the callback host 127.0.0.1 written as %s',
		(callbackUrl) => {
			expect(check(system, { parameters: { callbackUrl } })).toEqual(
				rejected("'Callback URL' points to 127.0.0.1, which isn't reachable from the internet"),
			);
		},
	);

	it.each([
		'https://example.com',
		'https://172.15.0.1/webhook',
		'https://172.32.0.1/webhook',
		'https://192.169.0.1/webhook',
		'https://11.0.0.1/webhook',
		'https://local.example.com/webhook?row=1',
		`https://example.com/${'x'.repeat(2048 - 20)}`,
	])('accepts the callback URL %s', (callbackUrl) => {
		expect(check(system, { parameters: { callbackUrl: ` ${callbackUrl} ` } })).toMatchObject({
			ok: true,
			value: { values: { callbackUrl } },
		});
	});

	it('rejects a callback URL of 2049 characters and one that is not a URL', () => {
		const long = `https://example.com/${'x'.repeat(2049 - 20)}`;
		expect(check(system, { parameters: { callbackUrl: long } })).toEqual(
			rejected("'Callback URL' is 2,049 characters long (maximum 2,048)"),
		);
		expect(check(system, { parameters: { callbackUrl: 'webhook' } })).toEqual(
			rejected(`'Callback URL' is "webhook", which isn't a valid URL`),
		);
	});

	it('lists the ratios when the ratio is not one of them', () => {
		const parameter = check(system);
		if (!parameter.ok) throw new Error(parameter.problems.join());
		const ratio = parameter.value.model.parameters.aspectRatio;
		const options = ratio?.kind === 'choice' ? ratio.options.join(', ') : '';
		expect(check(system, { parameters: { aspectRatio: '7:3' } })).toEqual(
			rejected(`'Aspect Ratio' is "7:3" but must be one of ${options}`),
		);
	});

	it('reports every invalid field at once', () => {
		const checked = check(system, {
			prompt: '',
			imageUrls: ['cat.png', 'dog.png'],
			extraBody: '[1]',
			parameters: { aspectRatio: '7:3', resolution: '8K', callbackUrl: 'webhook' },
		});
		const labels = checked.ok
			? []
			: checked.problems.map((problem) => /^'(.+?)' /.exec(problem)?.[1]);
		expect(labels.sort()).toEqual(
			[
				'Aspect Ratio',
				'Callback URL',
				'Extra Body',
				'Prompt',
				'Reference Image URLs',
				// A model without references rejects them as a whole.
				...(system === API_IN_ONE_TEXT ? [] : ['Reference Image URLs']),
				system.provider === apiInOne ? 'Quality' : 'Resolution',
			].sort(),
		);
	});

	it.each(['HTTPS://example.com/a.png', 'http://example.com/a', 'https://a.example/%7Ea?b=c'])(
		'takes the reference %s where it takes any',
		(link) => {
			const expected =
				system === API_IN_ONE_TEXT
					? rejected(NO_REFERENCES)
					: { ok: true, value: { references: [{ kind: 'link', url: link }] } };
			expect(check(system, { imageUrls: link })).toMatchObject(expected);
		},
	);

	it.each(['cat.png', 'https://', 'https:///cat.png', 'ftp://example.com/cat.png', 'C:\\cat.png'])(
		'rejects the reference %j',
		(link) => {
			expect(check(system, { imageUrls: [link] })).toEqual(
				rejected(
					system === API_IN_ONE_TEXT
						? NO_REFERENCES
						: `'Reference Image URLs' contains "${link}", which isn't a link that starts with http:// or https://`,
				),
			);
		},
	);

	it('quotes only the start of a long reference that is not a link', () => {
		expect(check(system, { imageUrls: `image/png;base64,${'A'.repeat(5000)}` })).toEqual(
			rejected(
				system === API_IN_ONE_TEXT
					? NO_REFERENCES
					: `'Reference Image URLs' contains "image/png;base64,${'A'.repeat(43)}…", which isn't a link that starts with http:// or https://`,
			),
		);
	});
});

describe('the length of a prompt', () => {
	it.each<[string, System, number, number, string]>([
		['EvoLink 4.5', EVOLINK_45, 1, 2000, '2,000'],
		['EvoLink 4.0', EVOLINK_40, 1, 2000, '2,000'],
		['API in One text', API_IN_ONE_TEXT, 3, 5000, '5,000'],
		['API in One edit', API_IN_ONE_EDIT, 3, 5000, '5,000'],
	])('is counted in code points for %s', (_name, system, min, max, limit) => {
		for (const letter of ['x', '湖', '🌅']) {
			expect(check(system, { prompt: letter.repeat(min) })).toMatchObject({ ok: true });
			expect(check(system, { prompt: letter.repeat(max) })).toMatchObject({ ok: true });
			expect(check(system, { prompt: letter.repeat(max + 1) })).toEqual(
				rejected(`'Prompt' is ${limit.replace('000', '001')} characters long (maximum ${limit})`),
			);
		}
	});

	it.each(['湖', '🌅🌅', 'ab'])('is at least 3 for API in One, which %s is not', (prompt) => {
		for (const system of [API_IN_ONE_TEXT, API_IN_ONE_EDIT]) {
			expect(check(system, { prompt })).toEqual(
				rejected(`'Prompt' is ${pluralize([...prompt].length, 'character')} long (minimum 3)`),
			);
		}
	});

	it('is not checked for APIMart, which documents no limit', () => {
		expect(check(APIMART_45, { prompt: 'x'.repeat(50_000) })).toMatchObject({ ok: true });
	});
});

describe('the number of references', () => {
	it.each<[string, System, string]>([
		['EvoLink 4.5', EVOLINK_45, 'Seedream 4.5'],
		['EvoLink 4.0', EVOLINK_40, 'Seedream 4.0'],
		['APIMart 4.5', APIMART_45, 'Seedream 4.5'],
		['API in One edit', API_IN_ONE_EDIT, 'Seedream 4.5 Edit'],
	])('is at most 14 for %s', (_name, system, label) => {
		expect(check(system, { imageUrls: links(14) })).toMatchObject({
			ok: true,
			value: { references: links(14).map((url) => ({ kind: 'link', url })) },
		});
		expect(check(system, { imageUrls: links(15) })).toEqual(
			rejected(`'Reference Image URLs' contains 15 images, but ${label} accepts at most 14`),
		);
	});

	it('is at least one for API in One edit', () => {
		expect(check(API_IN_ONE_EDIT, { imageUrls: '' })).toEqual(
			rejected(
				"'Reference Image URLs' must contain at least 1 reference image for Seedream 4.5 Edit",
			),
		);
	});

	it('is zero for API in One text to image, which would ignore references but still charge', () => {
		expect(check(API_IN_ONE_TEXT, { imageUrls: links(1) })).toEqual(rejected(NO_REFERENCES));
	});
});

describe('a data URI', () => {
	it.each([
		['data:image/png;base64,iVBORw0KGgo=', 'data:image/png;base64,iVBORw0KGgo='],
		[DATA_URI, DATA_URI],
		['DATA:image/PNG;base64,iVBORw0KGgo=', 'data:image/png;base64,iVBORw0KGgo='],
	])('is accepted for APIMart: %s', (uri, url) => {
		expect(check(APIMART_45, { imageUrls: uri })).toMatchObject({
			ok: true,
			value: { references: [{ kind: 'link', url }] },
		});
	});

	it.each([
		'data:image/webp;base64,UklGRg==',
		'data:image/png,iVBORw0KGgo=',
		'data:image/png;base64,',
		'data:text/plain;base64,aGk=',
	])('that is not a JPEG or PNG in base64 is rejected for APIMart: %s', (uri) => {
		expect(check(APIMART_45, { imageUrls: [uri] }).ok).toBe(false);
	});

	it.each<[string, System]>([
		['EvoLink 4.5', EVOLINK_45],
		['EvoLink 4.0', EVOLINK_40],
		['API in One edit', API_IN_ONE_EDIT],
	])('is rejected for %s with the right reason', (_name, system) => {
		expect(check(system, { imageUrls: DATA_URI })).toEqual({
			ok: false,
			problems: [
				expect.stringMatching(
					/^'Reference Image URLs' contains "data:image\/jpeg;base64,\/9j\/4AAQ", which is a data URI, but Seedream 4\.[05]( Edit)? doesn't accept those\. /,
				),
			],
		});
	});
});

describe('the number of images', () => {
	const range = 'but must be a whole number from 1 to 15';

	it.each<[unknown, number | undefined]>([
		[1, undefined],
		['1', undefined],
		['', undefined],
		[null, undefined],
		['default', undefined],
		[2, 2],
		[' 3 ', 3],
		['３', 3],
		['4.0', 4],
		[15, 15],
	])('accepts %j for EvoLink', (imageCount, sent) => {
		for (const system of [EVOLINK_45, EVOLINK_40]) {
			const checked = check(system, { parameters: { imageCount } });
			expect(checked).toMatchObject({ ok: true });
			expect(checked.ok && checked.value.values.imageCount).toBe(sent);
		}
	});

	it.each([0, 16, -1, 1.5, '2.5', 'three', '1,5', NaN, Infinity, {}, true])(
		'rejects %p',
		(imageCount) => {
			for (const system of [EVOLINK_45, EVOLINK_40, APIMART_45]) {
				expect(check(system, { parameters: { imageCount } })).toEqual(
					rejected(`'Number of Images' is "${String(imageCount)}" ${range}`),
				);
			}
		},
	);

	it.each<[string, System]>([
		['EvoLink 4.5', EVOLINK_45],
		['EvoLink 4.0', EVOLINK_40],
		['APIMart 4.5', APIMART_45],
	])('plus the references is at most 15 for %s', (_name, system) => {
		const ask = (references: number, imageCount: number) =>
			check(system, { imageUrls: links(references), parameters: { imageCount } });
		expect(ask(14, 1)).toMatchObject({ ok: true });
		expect(ask(5, 10)).toMatchObject({ ok: true });
		expect(ask(1, 14)).toMatchObject({ ok: true });
		expect(ask(14, 2)).toEqual(
			rejected("'Number of Images' is 2, but with 14 reference images this model makes at most 1"),
		);
		expect(ask(2, 14)).toEqual(
			rejected("'Number of Images' is 14, but with 2 reference images this model makes at most 13"),
		);
	});
});

describe('the ratio', () => {
	const evoLinkRatios = 'auto 1:1 2:3 3:2 3:4 4:3 4:5 5:4 9:16 16:9 9:21 21:9';
	const apiInOneRatios = '1:1 4:3 3:4 16:9 9:16 2:3 3:2 21:9';

	it.each<[string, System, string, string]>([
		['EvoLink 4.5', EVOLINK_45, evoLinkRatios, '1:2'],
		['EvoLink 4.0', EVOLINK_40, evoLinkRatios, '1:2'],
		['APIMart 4.5', APIMART_45, '1:1 4:3 3:4 16:9 9:16 3:2 2:3 21:9 9:21 auto', '4:5'],
		['API in One text', API_IN_ONE_TEXT, apiInOneRatios, '9:21'],
		['API in One edit', API_IN_ONE_EDIT, apiInOneRatios, 'auto'],
	])('is one of the options of %s', (_name, system, ratios, foreign) => {
		const options = ratios.split(' ');
		const imageUrls = system === API_IN_ONE_TEXT ? '' : REFERENCE;
		for (const aspectRatio of options) {
			expect(check(system, { imageUrls, parameters: { aspectRatio } })).toMatchObject({
				ok: true,
				value: { values: { aspectRatio } },
			});
		}
		expect(check(system, { imageUrls, parameters: { aspectRatio: foreign } })).toEqual(
			rejected(`'Aspect Ratio' is "${foreign}" but must be one of ${options.join(', ')}`),
		);
	});
});

describe('the prompt optimization', () => {
	it.each<[string, System, string[], string, string]>([
		['EvoLink 4.5', EVOLINK_45, ['standard'], 'fast', 'must be standard'],
		['EvoLink 4.0', EVOLINK_40, ['standard', 'fast'], 'slow', 'must be one of standard, fast'],
		['APIMart 4.5', APIMART_45, ['standard', 'fast'], 'slow', 'must be one of standard, fast'],
	])('is one of the options of %s', (_name, system, options, foreign, message) => {
		for (const promptOptimization of options) {
			expect(check(system, { parameters: { promptOptimization } })).toMatchObject({
				ok: true,
				value: { values: { promptOptimization } },
			});
		}
		expect(check(system, { parameters: { promptOptimization: foreign } })).toEqual(
			rejected(`'Prompt Optimization' is "${foreign}" but ${message}`),
		);
	});
});

it('the output format may be written as the extension of files', () => {
	const row = rawRow({ model: 'doubao-seedream-5.0-flash', parameters: { outputFormat: 'JPG' } });
	expect(checkRequest(evoLink, row)).toMatchObject({
		ok: true,
		value: { values: { outputFormat: 'jpeg' } },
	});
});

it('settings that change nothing may be set for a model that lacks them', () => {
	const parameters = { background: 'opaque', sequentialImageGeneration: 'disabled' };
	const row = rawRow({ model: 'doubao-seedream-4.5', parameters });
	expect(checkRequest(evoLink, row)).toMatchObject({ ok: true, value: { values: {} } });
});

describe('the resolution', () => {
	it.each<[string, System, string[], string]>([
		['EvoLink 4.5', EVOLINK_45, ['2K', '4K'], `'Resolution' is "1K" but must be one of 2K, 4K`],
		[
			'EvoLink 4.0',
			EVOLINK_40,
			['1K', '2K', '4K'],
			`'Resolution' is "3K" but must be one of 1K, 2K, 4K`,
		],
		['APIMart 4.5', APIMART_45, ['2K', '4K'], `'Resolution' is "1K" but must be one of 2K, 4K`],
		[
			'API in One',
			API_IN_ONE_TEXT,
			['basic', 'high'],
			`'Quality' is "2K" but must be one of basic, high`,
		],
	])('is one of the options of %s', (_name, system, options, problem) => {
		for (const resolution of options) {
			expect(check(system, { parameters: { resolution } })).toMatchObject({
				ok: true,
				value: { values: { resolution } },
			});
		}
		const wrong = /"(.+?)"/.exec(problem)?.[1];
		expect(check(system, { parameters: { resolution: wrong } })).toEqual(rejected(problem));
	});
});

describe('values from a spreadsheet', () => {
	it.each<[System, ParameterName, unknown, unknown]>([
		[EVOLINK_45, 'aspectRatio', '16：9', '16:9'],
		[EVOLINK_45, 'aspectRatio', ' 16 : 9 ', '16:9'],
		[EVOLINK_45, 'aspectRatio', 'AUTO', 'auto'],
		[EVOLINK_45, 'aspectRatio', '2048×2048', '2048x2048'],
		[EVOLINK_45, 'aspectRatio', '2048 X 2048', '2048x2048'],
		[EVOLINK_45, 'aspectRatio', '2048*2048', '2048x2048'],
		[EVOLINK_45, 'aspectRatio', '２０４８ｘ２０４８', '2048x2048'],
		[EVOLINK_45, 'resolution', '4k', '4K'],
		[EVOLINK_45, 'resolution', '４Ｋ', '4K'],
		[EVOLINK_45, 'imageCount', '12', 12],
		[EVOLINK_40, 'promptOptimization', ' Fast', 'fast'],
		[APIMART_45, 'watermark', 'TRUE', true],
		[APIMART_45, 'watermark', ' true ', true],
		[APIMART_45, 'watermark', 'False', false],
		[API_IN_ONE_TEXT, 'resolution', 'HIGH', 'high'],
		[API_IN_ONE_TEXT, 'aspectRatio', '21：9', '21:9'],
	])('%#: another spelling is accepted', (system, name, value, sent) => {
		expect(check(system, { parameters: { [name]: value } })).toMatchObject({
			ok: true,
			value: { values: { [name]: sent } },
		});
	});

	it.each([undefined, null, '', '  ', 'default', 'Default', ' DEFAULT '])(
		'%j leaves a setting to the provider',
		(nothing) => {
			const parameters = { aspectRatio: nothing, resolution: nothing, imageCount: nothing };
			const more = { promptOptimization: nothing, maxImages: nothing, watermark: nothing };
			expect(check(APIMART_45, { parameters: { ...parameters, ...more } })).toMatchObject({
				ok: true,
				value: { values: {} },
			});
		},
	);

	it.each(['yes', 1, 'x', {}])('%j is rejected for the watermark', (watermark) => {
		expect(check(APIMART_45, { parameters: { watermark } })).toEqual(
			rejected(`'Watermark' is "${String(watermark)}" but must be true or false`),
		);
	});
});

describe('a size in pixels', () => {
	const range = 'but the model makes 3,686,400 to 16,777,216 pixels';

	it.each<[System, number, number]>([
		[EVOLINK_45, 2560, 1440],
		[EVOLINK_45, 1440, 2560],
		[EVOLINK_45, 4096, 4096],
		[EVOLINK_45, 8192, 512],
		[EVOLINK_45, 512, 8192],
		[EVOLINK_40, 1280, 720],
		[EVOLINK_40, 4096, 4096],
		[EVOLINK_40, 240, 3840],
	])('%#: is accepted at its limits', (system, width, height) => {
		const parameters = { aspectRatio: 'custom' };
		const size = `${width}x${height}`;
		expect(check(system, { parameters, width, height })).toMatchObject({
			ok: true,
			value: { values: { aspectRatio: size } },
		});
		expect(check(system, { parameters: { aspectRatio: size } })).toMatchObject({
			ok: true,
			value: { values: { aspectRatio: size } },
		});
	});

	it.each<[System, number, number, string]>([
		[EVOLINK_45, 2560, 1439, `2560×1439 (3,683,840 pixels), ${range}`],
		[EVOLINK_45, 4097, 4096, `4097×4096 (16,781,312 pixels), ${range}`],
		[EVOLINK_45, 0, 0, `0×0 (0 pixels), ${range}`],
		[
			EVOLINK_45,
			8193,
			512,
			'8193×512, which is too narrow: one side can be at most 16 times as long as the other',
		],
		[
			EVOLINK_45,
			512,
			8193,
			'512×8193, which is too narrow: one side can be at most 16 times as long as the other',
		],
		[
			EVOLINK_40,
			1280,
			719,
			'1280×719 (920,320 pixels), but the model makes 921,600 to 16,777,216 pixels',
		],
		[
			EVOLINK_40,
			4096,
			4097,
			'4096×4097 (16,781,312 pixels), but the model makes 921,600 to 16,777,216 pixels',
		],
	])('%#: is rejected beyond its limits', (system, width, height, problem) => {
		expect(check(system, { parameters: { aspectRatio: 'custom' }, width, height })).toEqual(
			rejected(`'Aspect Ratio' is ${problem}`),
		);
	});

	it.each([
		['', ''],
		['2048', ''],
		[undefined, 2048],
		['wide', 'high'],
	])('needs a width and a height: %j by %j is rejected', (width, height) => {
		expect(check(EVOLINK_45, { parameters: { aspectRatio: 'custom' }, width, height })).toEqual(
			rejected(
				"'Aspect Ratio' is a custom size, which needs whole numbers in 'Width' and 'Height'",
			),
		);
	});

	it('can be written in any case', () => {
		const fields = { parameters: { aspectRatio: ' Custom ' }, width: '2048', height: ' 2048 ' };
		expect(check(EVOLINK_45, fields)).toMatchObject({
			ok: true,
			value: { values: { aspectRatio: '2048x2048' } },
		});
	});

	it.each<[unknown, unknown]>([
		['wide', 2048],
		[2048, ''],
		[2048.5, 2048],
		[-2048, 2048],
		[undefined, undefined],
	])('of %j by %j is rejected', (width, height) => {
		expect(check(EVOLINK_45, { parameters: { aspectRatio: 'custom' }, width, height })).toEqual({
			ok: false,
			problems: [expect.stringMatching(/^'Aspect Ratio' /)],
		});
	});

	it.each([APIMART_45, API_IN_ONE_TEXT])(
		'%#: is rejected for models that only have ratios',
		(system) => {
			expect(check(system, { parameters: { aspectRatio: '2048x2048' } })).toEqual({
				ok: false,
				problems: [
					expect.stringMatching(/^'Aspect Ratio' is "2048x2048" but must be one of 1:1, /),
				],
			});
		},
	);

	it('is ignored while the ratio is not custom', () => {
		const fields = { parameters: { aspectRatio: '1:1' }, width: 1, height: 'tall' };
		expect(check(EVOLINK_45, fields)).toMatchObject({
			ok: true,
			value: { values: { aspectRatio: '1:1' } },
		});
	});
});

describe('a setting of APIMart that needs a reference image', () => {
	it.each<[string, RawRow['parameters'], string]>([
		[
			'the ratio "auto"',
			{ aspectRatio: 'auto' },
			`'Aspect Ratio' is "auto", which needs a reference image. Add one, or choose a ratio`,
		],
		[
			'several images',
			{ imageCount: 2 },
			"'Number of Images' must be 1 without a reference image. Add a reference image, or set it to 1",
		],
		[
			'an image set',
			{ sequentialImageGeneration: 'auto' },
			`'Sequential Image Generation' is "auto", which needs a reference image. Add one, or choose "disabled"`,
		],
	])('is rejected without one: %s', (_what, parameters, problem) => {
		expect(check(APIMART_45, { parameters })).toEqual(rejected(problem));
		expect(check(APIMART_45, { parameters, imageUrls: REFERENCE })).toMatchObject({ ok: true });
	});

	it('is reported together with the others', () => {
		const parameters = { aspectRatio: 'auto', imageCount: 2, sequentialImageGeneration: 'auto' };
		const checked = check(APIMART_45, { parameters });
		expect(checked.ok ? [] : checked.problems).toHaveLength(3);
	});
});

describe('the maximum number of images in a set', () => {
	const set = (maxImages: unknown, sequentialImageGeneration: unknown = 'auto') =>
		check(APIMART_45, {
			imageUrls: REFERENCE,
			parameters: { sequentialImageGeneration, maxImages },
		});

	it.each([1, 15, '15'])('accepts %j', (maxImages) => {
		expect(set(maxImages)).toMatchObject({
			ok: true,
			value: { values: { maxImages: Number(maxImages) } },
		});
	});

	it.each([0, 16, 'many'])('rejects %j', (maxImages) => {
		expect(set(maxImages)).toEqual(
			rejected(`'Max Images' is "${maxImages}" but must be a whole number from 1 to 15`),
		);
	});

	it.each(['default', 'disabled', undefined])('is rejected if the set is %j', (sequential) => {
		expect(set(4, sequential ?? '')).toEqual(
			rejected(`'Max Images' has no effect unless 'Sequential Image Generation' is "auto"`),
		);
	});
});

describe('the model', () => {
	const pick = (provider: Provider, model: unknown, imageUrls: unknown = '') =>
		checkRequest(provider, rawRow({ model, imageUrls }));

	it.each([
		['doubao-seedance-4-5', 'doubao-seedance-4-5'],
		['Doubao-Seedream-4.5', 'Doubao-Seedream-4.5'],
		['doubao-seedream-4.5', 'doubao-seedream-4.5'],
		[' doubao-seedream-4-5 ', 'doubao-seedream-4-5'],
	])('can be another ID of the same provider: %j', (model, sent) => {
		expect(pick(apiMart, model)).toMatchObject({
			ok: true,
			value: { modelId: sent, model: { id: 'doubao-seedance-4-5' } },
		});
	});

	it.each<[Provider, string, unknown, string]>([
		[evoLink, 'doubao-seedance-4-5', '', 'doubao-seedream-4.5'],
		[evoLink, 'seedream/4.5-edit', REFERENCE, 'doubao-seedream-4.5'],
		[evoLink, 'seedream/4.5-text-to-image', '', 'doubao-seedream-4.5'],
		[apiMart, 'seedream/4.5-edit', REFERENCE, 'doubao-seedance-4-5'],
		[apiInOne, 'doubao-seedream-4.5', '', 'seedream/4.5-text-to-image'],
		[apiInOne, 'doubao-seedream-4.5', REFERENCE, 'seedream/4.5-edit'],
		[apiInOne, 'doubao-seedance-4-5', REFERENCE, 'seedream/4.5-edit'],
	])('%#: of another provider selects the same version', (provider, model, imageUrls, sent) => {
		expect(pick(provider, model, imageUrls)).toMatchObject({ ok: true, value: { modelId: sent } });
	});

	it.each<[Provider, NodeVersion, unknown, string]>([
		[evoLink, 1, '', 'doubao-seedream-4.5'],
		[evoLink, 1.1, '', 'doubao-seedream-5.0-lite'],
		[apiMart, 1, '', 'doubao-seedance-4-5'],
		[apiMart, 1.1, '', 'seedream-5-0-lite'],
		[apiInOne, 1, '', 'seedream/4.5-text-to-image'],
		[apiInOne, 1.1, '', 'seedream/4.5-text-to-image'],
		[apiInOne, 1, REFERENCE, 'seedream/4.5-edit'],
		[apiInOne, 1.1, REFERENCE, 'seedream/4.5-edit'],
	])(
		'%#: is the default of the version of the node if none is given',
		(provider, nodeVersion, imageUrls, sent) => {
			for (const model of ['', undefined, null, 'auto', ' auto ']) {
				const raw = rawRow({ nodeVersion, model, imageUrls });
				expect(checkRequest(provider, raw)).toMatchObject({ ok: true, value: { modelId: sent } });
			}
		},
	);

	it.each<[Provider, string, string]>([
		[evoLink, 'EvoLink', 'doubao-seedream-9'],
		[apiMart, 'APIMart', 'doubao-seedream-4.9'],
		[apiInOne, 'API in One', 'doubao-seedream-4.9'],
		[apiInOne, 'API in One', 'toString'],
	])('%#: that %s does not have is rejected', (provider, label, model) => {
		expect(pick(provider, model)).toEqual(
			rejected(
				`'Model' is "${model}", which isn't a known ${label} model. Choose one from the list, or choose Custom and enter its ID in 'Custom Model'`,
			),
		);
	});

	it('can be a custom model', () => {
		const raw = rawRow({ model: 'custom', customModel: ' doubao-seedream-5.5 ' });
		expect(checkRequest(evoLink, raw)).toMatchObject({
			ok: true,
			value: { modelId: 'doubao-seedream-5.5' },
		});
	});
});

describe('a setting that the model does not have', () => {
	it.each<[System, ParameterName, unknown, string]>([
		[EVOLINK_45, 'watermark', true, "'Watermark' isn't available for EvoLink Seedream 4.5"],
		[EVOLINK_40, 'maxImages', 4, "'Max Images' isn't available for EvoLink Seedream 4.0"],
		[
			EVOLINK_45,
			'sequentialImageGeneration',
			'auto',
			"'Sequential Image Generation' isn't available for EvoLink Seedream 4.5",
		],
		[
			API_IN_ONE_TEXT,
			'imageCount',
			3,
			"'Number of Images' isn't available for API in One Seedream 4.5 Text to Image",
		],
		[
			API_IN_ONE_EDIT,
			'promptOptimization',
			'fast',
			"'Prompt Optimization' isn't available for API in One Seedream 4.5 Edit",
		],
	])(
		'%#: is rejected, because the image would be charged without it',
		(system, name, value, problem) => {
			expect(check(system, { parameters: { [name]: value } })).toEqual(rejected(problem));
		},
	);

	it.each<[ParameterName, unknown]>([
		['imageCount', 1],
		['imageCount', '1'],
		['imageCount', ''],
		['imageCount', undefined],
		['promptOptimization', 'default'],
		['sequentialImageGeneration', null],
		['maxImages', 1],
		['watermark', false],
	])('is ignored if %s is %j, which changes nothing', (name, value) => {
		expect(check(API_IN_ONE_TEXT, { parameters: { [name]: value } })).toMatchObject({
			ok: true,
			value: { values: {} },
		});
	});

	it.each<[ParameterName, unknown]>([
		['imageCount', ' 1 '],
		['imageCount', '１'],
		['promptOptimization', ' Default '],
		['watermark', 'FALSE'],
	])('is ignored if a spreadsheet spells %s as %j', (name, value) => {
		expect(check(API_IN_ONE_TEXT, { parameters: { [name]: value } })).toMatchObject({
			ok: true,
			value: { values: {} },
		});
	});
});

describe('the extra body', () => {
	it.each<[string, unknown, object]>([
		['an object', { seed: 7, nested: { a: [1] } }, { seed: 7, nested: { a: [1] } }],
		['JSON', '{"seed": 7}', { seed: 7 }],
		['JSON with white space', ' \n{"seed": 7}\n', { seed: 7 }],
		['an empty object', '{}', {}],
		['an empty text', '', {}],
		['white space', '  ', {}],
		['nothing', undefined, {}],
		['null', null, {}],
	])('can be %s', (_what, extraBody, merged) => {
		expect(check(EVOLINK_45, { extraBody })).toMatchObject({
			ok: true,
			value: { extraBody: merged },
		});
	});

	it.each(['{"seed": 7', 'seed=7', '[1]', '7', 'null', '"text"', 7, true, [1]])(
		'cannot be %j',
		(extraBody) => {
			expect(check(EVOLINK_45, { extraBody })).toEqual(
				rejected(`'Extra Body' must be a JSON object, e.g. {"seed": 7}`),
			);
		},
	);

	it.each([
		'{"style": "{{ $json.style }}"}',
		'{"style": "[object Object]"}',
		{ style: ['{{ style }}'] },
	])('cannot contain an unresolved template or a stringified object: %j', (extraBody) => {
		const checked = check(EVOLINK_45, { extraBody });
		expect(checked.ok ? [] : checked.problems).toEqual([
			expect.stringMatching(/^'Extra Body' contains /),
		]);
	});

	it('can contain nested objects', () => {
		const extraBody = '{"a":{"b":{"c":{}}}}';
		expect(check(EVOLINK_45, { extraBody })).toMatchObject({ ok: true });
	});

	it('cannot replace the model and the prompt', () => {
		const extraBody = { model: 'other', prompt: 'other', seed: 7 };
		expect(check(EVOLINK_45, { extraBody })).toEqual(
			rejected(
				`'Extra Body' can't contain "prompt". Use the 'Prompt' field instead`,
				`'Extra Body' can't contain "model". Use the 'Model' field instead`,
			),
		);
	});
});

/** Different files. */
function files(count: number, parts: Partial<ImageFile> = {}): ImageFile[] {
	return Array.from({ length: count }, (_, n) =>
		imageFile({ key: `file-${n}`, label: `the image in "data${n}"`, ...parts }),
	);
}

describe('images in binary fields', () => {
	it('are references that follow the links, in order', () => {
		const imageFiles = files(2);
		expect(check(EVOLINK_45, { imageUrls: links(2), imageFiles })).toMatchObject({
			ok: true,
			value: {
				references: [
					...links(2).map((url) => ({ kind: 'link', url })),
					...imageFiles.map((file) => ({ kind: 'file', file: { key: file.key } })),
				],
				sendBinaryAs: 'upload',
			},
		});
	});

	it.each<[string, System, string]>([
		['EvoLink 4.5', EVOLINK_45, 'Seedream 4.5'],
		['EvoLink 4.0', EVOLINK_40, 'Seedream 4.0'],
		['APIMart 4.5', APIMART_45, 'Seedream 4.5'],
		['API in One edit', API_IN_ONE_EDIT, 'Seedream 4.5 Edit'],
	])('and links are together at most 14 for %s', (_name, system, label) => {
		expect(check(system, { imageUrls: links(10), imageFiles: files(4) }).ok).toBe(true);
		expect(check(system, { imageUrls: '', imageFiles: files(14) }).ok).toBe(true);
		expect(check(system, { imageUrls: links(10), imageFiles: files(5) })).toEqual(
			rejected(
				`'Reference Image URLs' and 'Reference Image Fields' contain 15 images, but ${label} accepts at most 14`,
			),
		);
	});

	it.each([EVOLINK_45, EVOLINK_40, APIMART_45])(
		'%#: and the requested images are together at most 15',
		(system) => {
			const ask = (imageCount: number) =>
				check(system, {
					imageUrls: links(2),
					imageFiles: files(3),
					parameters: { imageCount },
				});
			expect(ask(10).ok).toBe(true);
			expect(ask(11)).toEqual(
				rejected(
					"'Number of Images' is 11, but with 5 reference images this model makes at most 10",
				),
			);
		},
	);

	it('are rejected for text to image', () => {
		expect(check(API_IN_ONE_TEXT, { imageFiles: files(1) })).toEqual(rejected(NO_REFERENCES));
	});

	it('count as the reference that an edit needs, and make Automatic select Edit', () => {
		for (const model of ['seedream/4.5-edit', 'auto']) {
			const raw = rawRow({ model, imageFiles: files(1) });
			expect(checkRequest(apiInOne, raw)).toMatchObject({
				ok: true,
				value: { modelId: 'seedream/4.5-edit' },
			});
		}
	});

	it('count as the reference that the ratio "auto" and several images need for APIMart', () => {
		const parameters = { aspectRatio: 'auto', imageCount: 2 };
		expect(check(APIMART_45, { parameters, imageFiles: files(1) }).ok).toBe(true);
	});

	it.each<[string, System, Partial<ImageFile>, string]>([
		[
			'a file that is not an image',
			EVOLINK_45,
			{ measured: undefined },
			"isn't an image in a supported format (JPEG, PNG, WEBP, BMP, TIFF, GIF)",
		],
		['a large file', EVOLINK_40, { bytes: 20 * 1024 ** 2 }, 'is 20 MB (maximum 10 MB)'],
		[
			'a small image',
			API_IN_ONE_EDIT,
			{ measured: { format: 'png', width: 14, height: 20 } },
			'is 14×20 pixels (minimum 15 per side)',
		],
		[
			'a narrow image',
			APIMART_45,
			{ measured: { format: 'png', width: 100, height: 301 } },
			'is too narrow at 100×301 pixels (maximum ratio 3:1)',
		],
	])('are rejected with the label of their own field: %s', (_what, system, parts, problem) => {
		expect(check(system, { imageFiles: files(1, parts) })).toEqual(
			rejected(`'Reference Image Fields' contains the image in "data0", which ${problem}`),
		);
	});

	it('are all reported, together with invalid links', () => {
		const [small, narrow] = [
			{ format: 'png', width: 14, height: 14 } as const,
			{ format: 'png', width: 100, height: 301 } as const,
		];
		const checked = check(APIMART_45, {
			imageUrls: ['cat.png'],
			imageFiles: [
				...files(1, { measured: small }),
				imageFile({ measured: narrow }),
				imageFile({ key: 'good' }),
			],
		});
		expect(checked).toEqual(
			rejected(
				`'Reference Image URLs' contains "cat.png", which isn't a link that starts with http:// or https://`,
				`'Reference Image Fields' contains the image in "data0", which is 14×14 pixels (minimum 15 per side)`,
				`'Reference Image Fields' contains the image in "data", which is too narrow at 100×301 pixels (maximum ratio 3:1)`,
			),
		);
	});

	it.each<[ImageFormatName, boolean]>([
		['jpeg', true],
		['png', true],
		['webp', true],
		['gif', true],
		['bmp', false],
		['tiff', false],
	])("of the format %s are accepted by EvoLink's upload: %s", (format, taken) => {
		const measured = { format, width: 1024, height: 768 };
		for (const system of [EVOLINK_45, EVOLINK_40]) {
			const checked = check(system, { imageFiles: files(1, { measured }) });
			expect(checked.ok ? [] : checked.problems).toEqual(
				taken
					? []
					: [
							`'Reference Image Fields' contains the image in "data0", which is a ${format.toUpperCase()} file. EvoLink only accepts JPEG, PNG, GIF, WEBP files from n8n: convert it, or use a link`,
						],
			);
		}
	});

	it.each<[Provider, string, number, string | undefined]>([
		[evoLink, 'doubao-seedream-5.0-pro', 30, undefined],
		[evoLink, 'doubao-seedream-5.0-pro', 30.1, 'which is 30.1 MB (maximum 30 MB)'],
		[evoLink, 'doubao-seedream-5.0-flash-layerize', 30, undefined],
		[evoLink, 'doubao-seedream-5.0-lite', 10, undefined],
		[evoLink, 'doubao-seedream-5.0-lite', 10.1, 'which is 10.1 MB (maximum 10 MB)'],
		[apiMart, 'seedream-5-0-flash', 20, undefined],
		[
			apiMart,
			'seedream-5-0-flash',
			20.1,
			'which is 20.1 MB. APIMart only accepts files of up to 20 MB from n8n: make it smaller, or use a link',
		],
		[apiMart, 'seedream-5-0-lite', 10.1, 'which is 10.1 MB (maximum 10 MB)'],
		[apiMart, 'seedream-5-0-lite', 20.1, 'which is 20.1 MB (maximum 10 MB)'],
	])(
		'%#: are at most as large as the model and the upload accept',
		(provider, model, megabytes, problem) => {
			const bytes = Math.floor(megabytes * 1024 ** 2);
			const checked = checkRequest(provider, rawRow({ model, imageFiles: files(1, { bytes }) }));
			expect(checked.ok ? [] : checked.problems).toEqual(
				problem === undefined
					? []
					: [`'Reference Image Fields' contains the image in "data0", ${problem}`],
			);
		},
	);

	it.each<[Provider, string, ImageFormatName, boolean]>([
		[evoLink, 'doubao-seedream-5.0-flash', 'heic', false],
		[evoLink, 'doubao-seedream-5.0-pro', 'heif', false],
		[evoLink, 'doubao-seedream-4.5', 'heic', false],
		[apiMart, 'seedream-5-0-pro', 'heic', false],
		[apiMart, 'seedream-5-0-pro', 'webp', true],
		[apiMart, 'seedream-5-0-lite', 'webp', false],
	])(
		'%#: of a format that the model or the upload does not accept are rejected',
		(provider, model, format, taken) => {
			const measured = { format, width: 1024, height: 768 };
			const checked = checkRequest(provider, rawRow({ model, imageFiles: files(1, { measured }) }));
			expect(checked.ok).toBe(taken);
			if (!checked.ok) expect(checked.problems).toEqual([expect.stringContaining('data0')]);
		},
	);

	it('need a public n8n if the provider only accepts links', () => {
		const imageFiles = files(2, { signedLink: () => undefined });
		const problem = (label: string) =>
			`'Reference Image Fields' contains ${label}, but API in One only accepts links, and this n8n has no public HTTPS address that it can serve the file from. Set one up, or put the image on a public server and use 'Reference Image URLs'`;
		expect(check(API_IN_ONE_EDIT, { imageFiles })).toEqual(
			rejected(problem('the image in "data0"'), problem('the image in "data1"')),
		);
	});

	it('need no public n8n if the provider accepts uploads', () => {
		for (const system of [EVOLINK_45, EVOLINK_40, APIMART_45]) {
			const imageFiles = files(1, { signedLink: () => undefined });
			expect(check(system, { imageFiles }).ok).toBe(true);
		}
	});

	it('are not checked against the limits of other models for a custom model', () => {
		const imageFiles = files(20, {
			bytes: 40 * 1024 ** 2,
			measured: { format: 'png', width: 9000, height: 10 },
		});
		const raw = rawRow({ model: 'custom', customModel: 'seedream-9', imageFiles });
		expect(checkRequest(evoLink, raw).ok).toBe(true);
	});
});

describe('a duplicate reference', () => {
	it.each([EVOLINK_45, EVOLINK_40, APIMART_45, API_IN_ONE_EDIT])('%#: is rejected', (system) => {
		const imageUrls = [REFERENCE, ...links(2), REFERENCE];
		expect(check(system, { imageUrls })).toEqual(
			rejected(`'Reference Image URLs' contains "${REFERENCE}" twice`),
		);
	});

	it('has the same spelling, including the case of its path', () => {
		const imageUrls = ['https://example.com/a.png', 'https://example.com/A.png'];
		expect(check(EVOLINK_45, { imageUrls }).ok).toBe(true);
	});

	it('is shortened in the message', () => {
		const long = `https://example.com/${'x'.repeat(100)}.png`;
		expect(check(EVOLINK_45, { imageUrls: [long, long] })).toEqual(
			rejected(`'Reference Image URLs' contains "${long.slice(0, 60)}…" twice`),
		);
	});

	it('can be the same n8n file', () => {
		const imageFiles = [
			imageFile({ label: 'the image in "front"' }),
			imageFile({ key: 'file-2', label: 'the image in "side"' }),
			imageFile({ label: 'the image in "back"' }),
		];
		for (const system of [EVOLINK_45, EVOLINK_40, APIMART_45]) {
			expect(check(system, { imageFiles })).toEqual(
				rejected(`'Reference Image Fields' contains the image in "back" twice`),
			);
		}
	});
});

describe('an empty reference', () => {
	it.each([EVOLINK_45, EVOLINK_40, APIMART_45, API_IN_ONE_EDIT])(
		'%#: is rejected, because a link is probably missing',
		(system) => {
			const [first, second] = links(2);
			expect(check(system, { imageUrls: [first, '', second, null] })).toEqual(
				rejected(
					"'Reference Image URLs' has no link in entry 2 of the list",
					"'Reference Image URLs' has no link in entry 4 of the list",
				),
			);
		},
	);

	it('is ignored if there are no others', () => {
		expect(check(EVOLINK_45, { imageUrls: ['', null] })).toMatchObject({
			ok: true,
			value: { references: [] },
		});
	});
});

describe('Ask for Count', () => {
	const ask = (prompt: string, imageCount: unknown, system = EVOLINK_45) =>
		check(system, { prompt, askForCount: true, parameters: { imageCount } });

	const askWhere = (askForCount: unknown) =>
		check(EVOLINK_45, { prompt: 'A lake ', askForCount, parameters: { imageCount: 3 } });

	it.each<[string, number, string]>([
		['A quiet lake', 2, 'A quiet lake\nGenerate 2 different images.'],
		['A quiet lake \n', 15, 'A quiet lake\nGenerate 15 different images.'],
		['Ein stiller See', 3, 'Ein stiller See\nGenerate 3 different images.'],
		['日出时的宁静湖泊', 3, '日出时的宁静湖泊\n请生成3张不同的图片。'],
		['🌅', 2, '🌅\nGenerate 2 different images.'],
	])('adds a sentence to %j for %i images', (prompt, imageCount, promptSent) => {
		for (const system of [EVOLINK_45, EVOLINK_40]) {
			expect(ask(prompt, imageCount, system)).toMatchObject({
				ok: true,
				value: { prompt, promptSent, values: { imageCount } },
			});
		}
	});

	it.each([1, '1', '', undefined, 'default'])('adds nothing for the number %j', (imageCount) => {
		expect(ask('A quiet lake', imageCount)).toMatchObject({
			ok: true,
			value: { prompt: 'A quiet lake', promptSent: 'A quiet lake' },
		});
	});

	it.each([false, 'false', '', undefined, null, 'default'])('is off for %j', (askForCount) => {
		expect(askWhere(askForCount)).toMatchObject({ ok: true, value: { promptSent: 'A lake ' } });
	});

	it.each([true, 'true', ' TRUE '])('is on for %j', (askForCount) => {
		expect(askWhere(askForCount)).toMatchObject({
			ok: true,
			value: { promptSent: 'A lake\nGenerate 3 different images.' },
		});
	});

	it.each(['yes', 1, {}])('rejects %j', (askForCount) => {
		expect(askWhere(askForCount)).toEqual(
			rejected(`'Ask for Count' is "${String(askForCount)}" but must be true or false`),
		);
	});

	it.each([
		['x', '\nGenerate 3 different images.'],
		['湖', '\n请生成3张不同的图片。'],
	])('keeps the prompt within its maximum length: %s', (letter, sentence) => {
		const max = 2000 - sentence.length;
		for (const system of [EVOLINK_45, EVOLINK_40]) {
			expect(ask(letter.repeat(max), 3, system)).toMatchObject({
				ok: true,
				value: { promptSent: letter.repeat(max) + sentence },
			});
			expect(ask(letter.repeat(max + 1), 3, system)).toEqual(
				rejected(
					"'Ask for Count' makes the prompt 2,001 characters long (maximum 2,000). Shorten the prompt",
				),
			);
			expect(ask(letter.repeat(2000), 1, system).ok).toBe(true);
		}
	});

	it('reports an empty or long prompt only once', () => {
		expect(ask(' ', 3)).toEqual(rejected("'Prompt' is empty"));
		expect(ask('x'.repeat(2001), 3)).toEqual(
			rejected("'Prompt' is 2,001 characters long (maximum 2,000)"),
		);
	});

	it('does not hide an invalid number', () => {
		expect(ask('A lake', 99)).toEqual(
			rejected(`'Number of Images' is "99" but must be a whole number from 1 to 15`),
		);
	});

	it.each<[string, System]>([
		['Seedream 4.5', APIMART_45],
		['Seedream 4.5 Text to Image', API_IN_ONE_TEXT],
		['Seedream 4.5 Edit', API_IN_ONE_EDIT],
	])('is rejected for %s, whose number of images is not an upper limit', (label, system) => {
		expect(check(system, { askForCount: true })).toEqual(
			rejected(`'Ask for Count' isn't available for ${label}`),
		);
		expect(check(system, { askForCount: false }).ok).toBe(true);
	});

	it('has no maximum length for a custom model', () => {
		const prompt = 'x'.repeat(10_000);
		const raw = rawRow({
			model: 'custom',
			customModel: 'seedream-9',
			prompt,
			askForCount: true,
			parameters: { imageCount: 20 },
		});
		expect(checkRequest(evoLink, raw)).toMatchObject({
			ok: true,
			value: { promptSent: `${prompt}\nGenerate 20 different images.` },
		});
	});
});

describe('Send Binary As', () => {
	it.each<[unknown, string]>([
		[undefined, 'upload'],
		[null, 'upload'],
		['', 'upload'],
		['default', 'upload'],
		['upload', 'upload'],
		['dataUri', 'dataUri'],
		[' DataURI ', 'dataUri'],
	])('reads %j as %s for APIMart', (sendBinaryAs, expected) => {
		expect(check(APIMART_45, { sendBinaryAs, imageFiles: files(1) })).toMatchObject({
			ok: true,
			value: { sendBinaryAs: expected },
		});
	});

	it.each<[unknown, string]>([
		['base64', '"base64" but must be upload or dataUri'],
		[true, '"true" but must be upload or dataUri'],
	])('rejects %j', (sendBinaryAs, problem) => {
		for (const [, system] of SYSTEMS) {
			expect(check(system, { sendBinaryAs })).toEqual(rejected(`'Send Binary As' is ${problem}`));
		}
	});

	it.each<[string, System]>([
		['Seedream 4.5', EVOLINK_45],
		['Seedream 4.0', EVOLINK_40],
		['Seedream 4.5 Text to Image', API_IN_ONE_TEXT],
		['Seedream 4.5 Edit', API_IN_ONE_EDIT],
	])('rejects a data URI for %s', (label, system) => {
		expect(check(system, { sendBinaryAs: 'dataUri' })).toEqual(
			rejected(
				`'Send Binary As' is "dataUri", but ${label} doesn't accept data URIs. Use "upload\"`,
			),
		);
		expect(check(system, { sendBinaryAs: 'upload' }).ok).toBe(true);
	});

	it.each<[string, Provider, Partial<ImageFile>]>([
		['no public address for signed links', apiInOne, { signedLink: () => undefined }],
		[
			'a format that the upload does not accept',
			evoLink,
			{ measured: { format: 'bmp', width: 100, height: 100 } },
		],
	])('accepts a data URI for a custom model, with %s', (_what, provider, parts) => {
		const raw = rawRow({
			model: 'custom',
			customModel: 'seedream-9',
			sendBinaryAs: 'dataUri',
			imageFiles: files(1, parts),
		});
		expect(checkRequest(provider, raw)).toMatchObject({
			ok: true,
			value: { sendBinaryAs: 'dataUri' },
		});
	});
});

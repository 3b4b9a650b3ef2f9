import type { ImageFile } from '../../../../nodes/Seedream/images/imageFile';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { ParameterName, Provider } from '../../../../nodes/Seedream/providers/provider';
import type { ImageFormatName } from '../../../../nodes/Seedream/providers/referenceLimits';
import { checkRequest, type RawRow } from '../../../../nodes/Seedream/request/checkRequest';
import { imageFile } from '../images/imageFiles';
import { rawRow } from './rawRow';

const REFERENCE = 'https://example.com/cat.png';
const NO_REFERENCES = 'Reference Image URLs: Seedream 4.5 Text to Image takes no reference images';
const DATA_URI = 'data:image/jpeg;base64,/9j/4AAQ';

interface System {
	provider: Provider;
	model: string;
	/** What the least row of this model needs besides a prompt. */
	least: Partial<RawRow>;
}

const EVOLINK_45: System = { provider: evoLink, model: 'doubao-seedream-4.5', least: {} };
const EVOLINK_40: System = { provider: evoLink, model: 'doubao-seedream-4.0', least: {} };
const APIMART_45: System = { provider: apiMart, model: 'doubao-seedance-4-5', least: {} };
const API_IN_ONE_TEXT: System = {
	provider: apiInOne,
	model: 'seedream/4.5-text-to-image',
	least: {},
};
const API_IN_ONE_EDIT: System = {
	provider: apiInOne,
	model: 'seedream/4.5-edit',
	least: { imageUrls: REFERENCE },
};

const SYSTEMS: Array<[string, System]> = [
	['EvoLink 4.5', EVOLINK_45],
	['EvoLink 4.0', EVOLINK_40],
	['APIMart 4.5', APIMART_45],
	['API in One 4.5 text to image', API_IN_ONE_TEXT],
	['API in One 4.5 edit', API_IN_ONE_EDIT],
];

function check({ provider, model, least }: System, fields: Partial<RawRow> = {}) {
	return checkRequest(provider, rawRow({ model, ...least, ...fields }));
}

function refused(...problems: string[]) {
	return { ok: false, problems };
}

function links(count: number): string[] {
	return Array.from({ length: count }, (_, n) => `https://example.com/${n}.png`);
}

describe.each(SYSTEMS)('%s', (_name, system) => {
	it('takes the least row and sets nothing that the row did not set', () => {
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

	it.each([undefined, null, '', '   ', '\n'])('refuses the empty prompt %j', (prompt) => {
		expect(check(system, { prompt })).toEqual(refused('Prompt: is empty'));
	});

	it.each([{ text: 'a lake' }, [{ text: 'a lake' }], []])(
		'refuses %j for a prompt: the image would be paid and show something else',
		(prompt) => {
			expect(check(system, { prompt })).toEqual({
				ok: false,
				problems: [expect.stringMatching(/^Prompt: /)],
			});
		},
	);

	it('takes a number for a prompt as text', () => {
		expect(check(system, { prompt: 1984 })).toMatchObject({ ok: true, value: { prompt: '1984' } });
	});

	it('sends the prompt as it is, white space and all', () => {
		const prompt = '  A lake\n\tat sunrise  ';
		expect(check(system, { prompt })).toMatchObject({ ok: true, value: { prompt } });
	});

	it.each([
		'http://localhost:8080/webhook',
		'http://example.com/webhook',
		'HTTP://example.com/webhook',
		'ftp://example.com/webhook',
	])('refuses the callback address %s, which is not HTTPS', (callbackUrl) => {
		expect(check(system, { parameters: { callbackUrl } })).toEqual(
			refused('Callback URL: must start with https://'),
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
	])('refuses to be called back at %s', (host) => {
		const callbackUrl = `https://${host}:8443/webhook`;
		expect(check(system, { parameters: { callbackUrl } })).toEqual(
			refused(`Callback URL: ${host} is not reachable from the internet`),
		);
	});

	it.each(['https://2130706433/', 'https://0x7f.1/', 'https://127.1/'])(
		'refuses 127.0.0.1 also as %s',
		(callbackUrl) => {
			expect(check(system, { parameters: { callbackUrl } })).toEqual(
				refused('Callback URL: 127.0.0.1 is not reachable from the internet'),
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
	])('can be called back at %s', (callbackUrl) => {
		expect(check(system, { parameters: { callbackUrl: ` ${callbackUrl} ` } })).toMatchObject({
			ok: true,
			value: { values: { callbackUrl } },
		});
	});

	it('refuses a callback address of 2049 characters and one that is none', () => {
		const long = `https://example.com/${'x'.repeat(2049 - 20)}`;
		expect(check(system, { parameters: { callbackUrl: long } })).toEqual(
			refused('Callback URL: is longer than 2048 characters'),
		);
		expect(check(system, { parameters: { callbackUrl: 'webhook' } })).toEqual(
			refused('Callback URL: "webhook" is not a link'),
		);
	});

	it('names the options when a ratio is not one of them', () => {
		const parameter = check(system);
		if (!parameter.ok) throw new Error(parameter.problems.join());
		const ratio = parameter.value.model.parameters.aspectRatio;
		const options = ratio?.kind === 'choice' ? ratio.options.join(', ') : '';
		expect(check(system, { parameters: { aspectRatio: '7:3' } })).toEqual(
			refused(`Aspect Ratio: "7:3" is not one of ${options}`),
		);
	});

	it('names every problem at once', () => {
		const checked = check(system, {
			prompt: '',
			imageUrls: ['cat.png', 'dog.png'],
			extraBody: '[1]',
			parameters: { aspectRatio: '7:3', resolution: '8K', callbackUrl: 'webhook' },
		});
		const labels = checked.ok ? [] : checked.problems.map((problem) => problem.split(':')[0]);
		expect(labels.sort()).toEqual(
			[
				'Aspect Ratio',
				'Callback URL',
				'Extra Body',
				'Prompt',
				'Reference Image URLs',
				// A model without references need not say what is wrong with each of them.
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
					? refused(NO_REFERENCES)
					: { ok: true, value: { references: [{ kind: 'link', url: link }] } };
			expect(check(system, { imageUrls: link })).toMatchObject(expected);
		},
	);

	it.each(['cat.png', 'https://', 'https:///cat.png', 'ftp://example.com/cat.png', 'C:\\cat.png'])(
		'refuses %j for a reference',
		(link) => {
			expect(check(system, { imageUrls: [link] })).toEqual(
				refused(
					system === API_IN_ONE_TEXT
						? NO_REFERENCES
						: `Reference Image URLs: "${link}" is not a link that starts with http:// or https://`,
				),
			);
		},
	);

	it('shows only the start of a long reference that is no link', () => {
		expect(check(system, { imageUrls: `image/png;base64,${'A'.repeat(5000)}` })).toEqual(
			refused(
				system === API_IN_ONE_TEXT
					? NO_REFERENCES
					: `Reference Image URLs: "image/png;base64,${'A'.repeat(43)}…" is not a link that starts with http:// or https://`,
			),
		);
	});
});

describe('the length of a prompt', () => {
	it.each<[string, System, number, number, string]>([
		['EvoLink 4.5', EVOLINK_45, 1, 2000, '2000'],
		['EvoLink 4.0', EVOLINK_40, 1, 2000, '2000'],
		['API in One text', API_IN_ONE_TEXT, 3, 5000, '5000'],
		['API in One edit', API_IN_ONE_EDIT, 3, 5000, '5000'],
	])('at %s is counted in characters a person sees as one', (_name, system, least, most, limit) => {
		for (const letter of ['x', '湖', '🌅']) {
			expect(check(system, { prompt: letter.repeat(least) })).toMatchObject({ ok: true });
			expect(check(system, { prompt: letter.repeat(most) })).toMatchObject({ ok: true });
			expect(check(system, { prompt: letter.repeat(most + 1) })).toEqual(
				refused(`Prompt: has ${most + 1} characters, the most is ${limit}`),
			);
		}
	});

	it.each(['湖', '🌅🌅', 'ab'])('at API in One is at least 3, which %s is not', (prompt) => {
		for (const system of [API_IN_ONE_TEXT, API_IN_ONE_EDIT]) {
			expect(check(system, { prompt })).toEqual(
				refused(`Prompt: has ${[...prompt].length} characters, the least is 3`),
			);
		}
	});

	it('is left to APIMart, which names no limit', () => {
		expect(check(APIMART_45, { prompt: 'x'.repeat(50_000) })).toMatchObject({ ok: true });
	});
});

describe('the number of references', () => {
	it.each<[string, System, string]>([
		['EvoLink 4.5', EVOLINK_45, 'Seedream 4.5'],
		['EvoLink 4.0', EVOLINK_40, 'Seedream 4.0'],
		['APIMart 4.5', APIMART_45, 'Seedream 4.5'],
		['API in One edit', API_IN_ONE_EDIT, 'Seedream 4.5 Edit'],
	])('at %s is at most 14', (_name, system, label) => {
		expect(check(system, { imageUrls: links(14) })).toMatchObject({
			ok: true,
			value: { references: links(14).map((url) => ({ kind: 'link', url })) },
		});
		expect(check(system, { imageUrls: links(15) })).toEqual(
			refused(`Reference Image URLs: 15 reference images are more than the 14 that ${label} takes`),
		);
	});

	it('is at least one for an edit', () => {
		expect(check(API_IN_ONE_EDIT, { imageUrls: '' })).toEqual(
			refused('Reference Image URLs: Seedream 4.5 Edit needs at least 1 reference image'),
		);
	});

	it('is none for an image from text, which would ignore them and cost all the same', () => {
		expect(check(API_IN_ONE_TEXT, { imageUrls: links(1) })).toEqual(refused(NO_REFERENCES));
	});
});

describe('a data URI', () => {
	it.each([
		['data:image/png;base64,iVBORw0KGgo=', 'data:image/png;base64,iVBORw0KGgo='],
		[DATA_URI, DATA_URI],
		['DATA:image/PNG;base64,iVBORw0KGgo=', 'data:image/png;base64,iVBORw0KGgo='],
	])('is a reference at APIMart: %s', (uri, url) => {
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
	])('that is no JPEG or PNG in base64 is refused at APIMart: %s', (uri) => {
		expect(check(APIMART_45, { imageUrls: [uri] }).ok).toBe(false);
	});

	it.each<[string, System]>([
		['EvoLink 4.5', EVOLINK_45],
		['EvoLink 4.0', EVOLINK_40],
		['API in One edit', API_IN_ONE_EDIT],
	])('is refused at %s, for the reason that counts', (_name, system) => {
		expect(check(system, { imageUrls: DATA_URI })).toEqual({
			ok: false,
			problems: [
				expect.stringMatching(
					/^Reference Image URLs: "data:image\/jpeg;base64,\/9j\/4AAQ" is an image written into the request, which Seedream 4\.[05]( Edit)? does not take: /,
				),
			],
		});
	});
});

describe('the number of images', () => {
	const range = 'is not a whole number from 1 to 15';

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
	])('EvoLink takes %j', (imageCount, sent) => {
		for (const system of [EVOLINK_45, EVOLINK_40]) {
			const checked = check(system, { parameters: { imageCount } });
			expect(checked).toMatchObject({ ok: true });
			expect(checked.ok && checked.value.values.imageCount).toBe(sent);
		}
	});

	it.each([0, 16, -1, 1.5, '2.5', 'three', '1,5', NaN, Infinity, {}, true])(
		'%p is refused',
		(imageCount) => {
			for (const system of [EVOLINK_45, EVOLINK_40, APIMART_45]) {
				expect(check(system, { parameters: { imageCount } })).toEqual(
					refused(`Number of Images: "${String(imageCount)}" ${range}`),
				);
			}
		},
	);

	it.each<[string, System]>([
		['EvoLink 4.5', EVOLINK_45],
		['EvoLink 4.0', EVOLINK_40],
		['APIMart 4.5', APIMART_45],
	])('and of references are together at most 15 at %s', (_name, system) => {
		const ask = (references: number, imageCount: number) =>
			check(system, { imageUrls: links(references), parameters: { imageCount } });
		expect(ask(14, 1)).toMatchObject({ ok: true });
		expect(ask(5, 10)).toMatchObject({ ok: true });
		expect(ask(1, 14)).toMatchObject({ ok: true });
		expect(ask(14, 2)).toEqual(
			refused(
				'Number of Images: 14 reference images and 2 images asked for are more than the 15 this model allows together',
			),
		);
		expect(ask(2, 14)).toEqual(
			refused(
				'Number of Images: 2 reference images and 14 images asked for are more than the 15 this model allows together',
			),
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
	])('at %s is one of its own', (_name, system, ratios, foreign) => {
		const options = ratios.split(' ');
		const imageUrls = system === API_IN_ONE_TEXT ? '' : REFERENCE;
		for (const aspectRatio of options) {
			expect(check(system, { imageUrls, parameters: { aspectRatio } })).toMatchObject({
				ok: true,
				value: { values: { aspectRatio } },
			});
		}
		expect(check(system, { imageUrls, parameters: { aspectRatio: foreign } })).toEqual(
			refused(`Aspect Ratio: "${foreign}" is not one of ${options.join(', ')}`),
		);
	});
});

describe('prompt optimization', () => {
	it.each<[string, System, string[], string]>([
		['EvoLink 4.5', EVOLINK_45, ['standard'], 'fast'],
		['EvoLink 4.0', EVOLINK_40, ['standard', 'fast'], 'slow'],
		['APIMart 4.5', APIMART_45, ['standard', 'fast'], 'slow'],
	])('at %s', (_name, system, options, foreign) => {
		for (const promptOptimization of options) {
			expect(check(system, { parameters: { promptOptimization } })).toMatchObject({
				ok: true,
				value: { values: { promptOptimization } },
			});
		}
		expect(check(system, { parameters: { promptOptimization: foreign } })).toEqual(
			refused(`Prompt Optimization: "${foreign}" is not one of ${options.join(', ')}`),
		);
	});
});

describe('resolution', () => {
	it.each<[string, System, string[], string]>([
		['EvoLink 4.5', EVOLINK_45, ['2K', '4K'], 'Resolution: "1K" is not one of 2K, 4K'],
		['EvoLink 4.0', EVOLINK_40, ['1K', '2K', '4K'], 'Resolution: "3K" is not one of 1K, 2K, 4K'],
		['APIMart 4.5', APIMART_45, ['2K', '4K'], 'Resolution: "1K" is not one of 2K, 4K'],
		['API in One', API_IN_ONE_TEXT, ['basic', 'high'], 'Quality: "2K" is not one of basic, high'],
	])('at %s', (_name, system, options, problem) => {
		for (const resolution of options) {
			expect(check(system, { parameters: { resolution } })).toMatchObject({
				ok: true,
				value: { values: { resolution } },
			});
		}
		const wrong = /"(.+?)"/.exec(problem)?.[1];
		expect(check(system, { parameters: { resolution: wrong } })).toEqual(refused(problem));
	});
});

describe('the spellings of a spreadsheet', () => {
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
	])('%#: %s', (system, name, value, sent) => {
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

	it.each(['yes', 1, 'x', {}])('%j is no answer to whether there is a watermark', (watermark) => {
		expect(check(APIMART_45, { parameters: { watermark } })).toEqual(
			refused(`Watermark: "${String(watermark)}" is neither true nor false`),
		);
	});
});

describe('a size in pixels', () => {
	const tooFew = 'the model makes 3,686,400 to 16,777,216';

	it.each<[System, number, number]>([
		[EVOLINK_45, 2560, 1440],
		[EVOLINK_45, 1440, 2560],
		[EVOLINK_45, 4096, 4096],
		[EVOLINK_45, 8192, 512],
		[EVOLINK_45, 512, 8192],
		[EVOLINK_40, 1280, 720],
		[EVOLINK_40, 4096, 4096],
		[EVOLINK_40, 240, 3840],
	])('%#: is taken at its bounds', (system, width, height) => {
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
		[EVOLINK_45, 2560, 1439, `2560×1439 has 3,683,840 pixels, ${tooFew}`],
		[EVOLINK_45, 4097, 4096, `4097×4096 has 16,781,312 pixels, ${tooFew}`],
		[EVOLINK_45, 0, 0, `0×0 has 0 pixels, ${tooFew}`],
		[EVOLINK_45, 8193, 512, '8193×512 is too narrow: one side may be at most 16 times the other'],
		[EVOLINK_45, 512, 8193, '512×8193 is too narrow: one side may be at most 16 times the other'],
		[EVOLINK_40, 1280, 719, '1280×719 has 920,320 pixels, the model makes 921,600 to 16,777,216'],
		[
			EVOLINK_40,
			4096,
			4097,
			'4096×4097 has 16,781,312 pixels, the model makes 921,600 to 16,777,216',
		],
	])('%#: is refused beyond its bounds', (system, width, height, problem) => {
		expect(check(system, { parameters: { aspectRatio: 'custom' }, width, height })).toEqual(
			refused(`Aspect Ratio: ${problem}`),
		);
	});

	it.each([
		['', ''],
		['2048', ''],
		[undefined, 2048],
		['wide', 'high'],
	])('needs both sides: not %j by %j', (width, height) => {
		expect(check(EVOLINK_45, { parameters: { aspectRatio: 'custom' }, width, height })).toEqual(
			refused('Aspect Ratio: a custom size needs whole numbers in Width and Height'),
		);
	});

	it('is written in any case', () => {
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
	])('of %j by %j is refused', (width, height) => {
		expect(check(EVOLINK_45, { parameters: { aspectRatio: 'custom' }, width, height })).toEqual({
			ok: false,
			problems: [expect.stringMatching(/^Aspect Ratio: /)],
		});
	});

	it.each([APIMART_45, API_IN_ONE_TEXT])('%#: is refused where only ratios are known', (system) => {
		expect(check(system, { parameters: { aspectRatio: '2048x2048' } })).toEqual({
			ok: false,
			problems: [expect.stringMatching(/^Aspect Ratio: "2048x2048" is not one of 1:1, /)],
		});
	});

	it('does not matter while the ratio is not custom', () => {
		const fields = { parameters: { aspectRatio: '1:1' }, width: 1, height: 'tall' };
		expect(check(EVOLINK_45, fields)).toMatchObject({
			ok: true,
			value: { values: { aspectRatio: '1:1' } },
		});
	});
});

describe('what APIMart can only do with a reference image', () => {
	it.each<[string, RawRow['parameters'], string]>([
		[
			'the ratio "auto"',
			{ aspectRatio: 'auto' },
			'Aspect Ratio: "auto" takes the ratio of a reference image: add one, or choose a ratio',
		],
		[
			'several images',
			{ imageCount: 2 },
			'Number of Images: without a reference image this provider makes one image only: add a reference image, or ask for one image',
		],
		[
			'an image set',
			{ sequentialImageGeneration: 'auto' },
			'Sequential Image Generation: an image set needs at least one reference image',
		],
	])('is %s', (_what, parameters, problem) => {
		expect(check(APIMART_45, { parameters })).toEqual(refused(problem));
		expect(check(APIMART_45, { parameters, imageUrls: REFERENCE })).toMatchObject({ ok: true });
	});

	it('is named in one go', () => {
		const parameters = { aspectRatio: 'auto', imageCount: 2, sequentialImageGeneration: 'auto' };
		const checked = check(APIMART_45, { parameters });
		expect(checked.ok ? [] : checked.problems).toHaveLength(3);
	});
});

describe('the size of an image set', () => {
	const set = (maxImages: unknown, sequentialImageGeneration: unknown = 'auto') =>
		check(APIMART_45, {
			imageUrls: REFERENCE,
			parameters: { sequentialImageGeneration, maxImages },
		});

	it.each([1, 15, '15'])('is taken: %j', (maxImages) => {
		expect(set(maxImages)).toMatchObject({
			ok: true,
			value: { values: { maxImages: Number(maxImages) } },
		});
	});

	it.each([0, 16, 'many'])('is refused: %j', (maxImages) => {
		expect(set(maxImages)).toEqual(
			refused(`Max Images: "${maxImages}" is not a whole number from 1 to 15`),
		);
	});

	it.each(['default', 'disabled', undefined])('has no effect on a set that is %j', (sequential) => {
		expect(set(4, sequential ?? '')).toEqual(
			refused('Max Images: has no effect unless Sequential Image Generation is set to "auto"'),
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
	])('may be another id of the same provider: %j', (model, sent) => {
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
	])('%#: of another provider means the same version here', (provider, model, imageUrls, sent) => {
		expect(pick(provider, model, imageUrls)).toMatchObject({ ok: true, value: { modelId: sent } });
	});

	it.each<[Provider, unknown, string]>([
		[evoLink, '', 'doubao-seedream-4.5'],
		[apiMart, '', 'doubao-seedance-4-5'],
		[apiInOne, '', 'seedream/4.5-text-to-image'],
		[apiInOne, REFERENCE, 'seedream/4.5-edit'],
	])('%#: when none is named is the newest that fits the row', (provider, imageUrls, sent) => {
		for (const model of ['', undefined, null, 'auto', ' auto ']) {
			expect(pick(provider, model, imageUrls)).toMatchObject({
				ok: true,
				value: { modelId: sent },
			});
		}
	});

	it.each<[Provider, string, string]>([
		[evoLink, 'EvoLink', 'doubao-seedream-9'],
		[apiMart, 'APIMart', 'doubao-seedream-4.0'],
		[apiInOne, 'API in One', 'doubao-seedream-4.0'],
		[apiInOne, 'API in One', 'toString'],
	])('%#: that %s does not have is refused', (provider, label, model) => {
		expect(pick(provider, model)).toEqual(
			refused(
				`Model: "${model}" is not a model of ${label} that this node knows: choose one from the list, or choose Custom and type it into Custom Model`,
			),
		);
	});

	it('may be typed by hand', () => {
		const raw = rawRow({ model: 'custom', customModel: ' doubao-seedream-5.0-pro ' });
		expect(checkRequest(evoLink, raw)).toMatchObject({
			ok: true,
			value: { modelId: 'doubao-seedream-5.0-pro' },
		});
	});
});

describe('a setting that the model does not have', () => {
	it.each<[System, ParameterName, unknown, string]>([
		[EVOLINK_45, 'watermark', true, 'Watermark: EvoLink Seedream 4.5 does not have this setting'],
		[EVOLINK_40, 'maxImages', 4, 'Max Images: EvoLink Seedream 4.0 does not have this setting'],
		[
			EVOLINK_45,
			'sequentialImageGeneration',
			'auto',
			'Sequential Image Generation: EvoLink Seedream 4.5 does not have this setting',
		],
		[
			API_IN_ONE_TEXT,
			'imageCount',
			3,
			'Number of Images: API in One Seedream 4.5 Text to Image does not have this setting',
		],
		[
			API_IN_ONE_EDIT,
			'promptOptimization',
			'fast',
			'Prompt Optimization: API in One Seedream 4.5 Edit does not have this setting',
		],
	])('%#: is refused, for the image would be paid without it', (system, name, value, problem) => {
		expect(check(system, { parameters: { [name]: value } })).toEqual(refused(problem));
	});

	it.each<[ParameterName, unknown]>([
		['imageCount', 1],
		['imageCount', '1'],
		['imageCount', ''],
		['imageCount', undefined],
		['promptOptimization', 'default'],
		['sequentialImageGeneration', null],
		['maxImages', 1],
		['watermark', false],
	])('does not matter when %s is %j, which asks for nothing', (name, value) => {
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
	])('does not matter when a spreadsheet spells %s as %j', (name, value) => {
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
	])('may be %s', (_what, extraBody, merged) => {
		expect(check(EVOLINK_45, { extraBody })).toMatchObject({
			ok: true,
			value: { extraBody: merged },
		});
	});

	it.each(['{"seed": 7', 'seed=7', '[1]', '7', 'null', '"text"', 7, true, [1]])(
		'may not be %j',
		(extraBody) => {
			expect(check(EVOLINK_45, { extraBody })).toEqual(
				refused('Extra Body: must be a JSON object, e.g. {"seed": 7}'),
			);
		},
	);

	it.each([
		'{"style": "{{ $json.style }}"}',
		'{"style": "[object Object]"}',
		{ style: ['{{ style }}'] },
	])('may not hold what was never filled in: %j', (extraBody) => {
		const checked = check(EVOLINK_45, { extraBody });
		expect(checked.ok ? [] : checked.problems).toEqual([
			expect.stringMatching(/^Extra Body: holds /),
		]);
	});

	it('may hold objects in objects', () => {
		const extraBody = '{"a":{"b":{"c":{}}}}';
		expect(check(EVOLINK_45, { extraBody })).toMatchObject({ ok: true });
	});

	it('may not change the model or the prompt that were checked', () => {
		const extraBody = { model: 'other', prompt: 'other', seed: 7 };
		expect(check(EVOLINK_45, { extraBody })).toEqual(
			refused(
				'Extra Body: may not hold "prompt": use the field of that name',
				'Extra Body: may not hold "model": use the field of that name',
			),
		);
	});
});

/** So many files, each of its own. */
function files(count: number, parts: Partial<ImageFile> = {}): ImageFile[] {
	return Array.from({ length: count }, (_, n) =>
		imageFile({ key: `file-${n}`, label: `the image in "data${n}"`, ...parts }),
	);
}

describe('images that sit in n8n', () => {
	it('are references behind the links, in their order', () => {
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
	])('and links are together at most 14 at %s', (_name, system, label) => {
		expect(check(system, { imageUrls: links(10), imageFiles: files(4) }).ok).toBe(true);
		expect(check(system, { imageUrls: '', imageFiles: files(14) }).ok).toBe(true);
		expect(check(system, { imageUrls: links(10), imageFiles: files(5) })).toEqual(
			refused(`Reference Image URLs: 15 reference images are more than the 14 that ${label} takes`),
		);
	});

	it.each([EVOLINK_45, EVOLINK_40, APIMART_45])(
		'%#: and the images asked for are together at most 15',
		(system) => {
			const ask = (imageCount: number) =>
				check(system, {
					imageUrls: links(2),
					imageFiles: files(3),
					parameters: { imageCount },
				});
			expect(ask(10).ok).toBe(true);
			expect(ask(11)).toEqual(
				refused(
					'Number of Images: 5 reference images and 11 images asked for are more than the 15 this model allows together',
				),
			);
		},
	);

	it('are no use to an image from text', () => {
		expect(check(API_IN_ONE_TEXT, { imageFiles: files(1) })).toEqual(refused(NO_REFERENCES));
	});

	it('are what an edit needs, and make "auto" one', () => {
		for (const model of ['seedream/4.5-edit', 'auto']) {
			const raw = rawRow({ model, imageFiles: files(1) });
			expect(checkRequest(apiInOne, raw)).toMatchObject({
				ok: true,
				value: { modelId: 'seedream/4.5-edit' },
			});
		}
	});

	it('are what the ratio "auto" and several images need at APIMart', () => {
		const parameters = { aspectRatio: 'auto', imageCount: 2 };
		expect(check(APIMART_45, { parameters, imageFiles: files(1) }).ok).toBe(true);
	});

	it.each<[string, System, Partial<ImageFile>, string]>([
		[
			'a file that is no image',
			EVOLINK_45,
			{ measured: undefined },
			'is not an image in one of these formats: JPEG, PNG, WEBP, BMP, TIFF, GIF',
		],
		['a large file', EVOLINK_40, { bytes: 20 * 1024 ** 2 }, 'has 20 MB, the most is 10 MB'],
		[
			'a small image',
			API_IN_ONE_EDIT,
			{ measured: { format: 'png', width: 14, height: 20 } },
			'has 14×20 pixels, each side needs at least 15',
		],
		[
			'a narrow image',
			APIMART_45,
			{ measured: { format: 'png', width: 100, height: 301 } },
			'has 100×301 pixels, one side may be at most 3 times the other',
		],
	])('are refused under their own field: %s', (_what, system, parts, problem) => {
		expect(check(system, { imageFiles: files(1, parts) })).toEqual(
			refused(`Reference Image Fields: the image in "data0" ${problem}`),
		);
	});

	it('are all named, with the links that are wrong as well', () => {
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
			refused(
				'Reference Image URLs: "cat.png" is not a link that starts with http:// or https://',
				'Reference Image Fields: the image in "data0" has 14×14 pixels, each side needs at least 15',
				'Reference Image Fields: the image in "data" has 100×301 pixels, one side may be at most 3 times the other',
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
	])("of the format %s get through EvoLink's upload: %s", (format, taken) => {
		const measured = { format, width: 1024, height: 768 };
		for (const system of [EVOLINK_45, EVOLINK_40]) {
			const checked = check(system, { imageFiles: files(1, { measured }) });
			expect(checked.ok ? [] : checked.problems).toEqual(
				taken
					? []
					: [
							`Reference Image Fields: the image in "data0" is a ${format.toUpperCase()} file, EvoLink only takes JPEG, PNG, GIF, WEBP files from n8n: convert it, or use a link`,
						],
			);
		}
	});

	it('need an n8n that the internet can reach where the provider takes links only', () => {
		const imageFiles = files(2, { signedLink: () => undefined });
		const words = (label: string) =>
			`Reference Image Fields: API in One takes links only, and this n8n has no public HTTPS address under which it could hand out ${label}: give this n8n such an address, or put the image on a public server and use Reference Image URLs`;
		expect(check(API_IN_ONE_EDIT, { imageFiles })).toEqual(
			refused(words('the image in "data0"'), words('the image in "data1"')),
		);
	});

	it('need no such address where the provider keeps files', () => {
		for (const system of [EVOLINK_45, EVOLINK_40, APIMART_45]) {
			const imageFiles = files(1, { signedLink: () => undefined });
			expect(check(system, { imageFiles }).ok).toBe(true);
		}
	});

	it('are not judged by the table of another model when the model was typed by hand', () => {
		const imageFiles = files(20, {
			bytes: 40 * 1024 ** 2,
			measured: { format: 'png', width: 9000, height: 10 },
		});
		const raw = rawRow({ model: 'custom', customModel: 'seedream-9', imageFiles });
		expect(checkRequest(evoLink, raw).ok).toBe(true);
	});
});

describe('a reference that is there twice', () => {
	it.each([EVOLINK_45, EVOLINK_40, APIMART_45, API_IN_ONE_EDIT])('%#: is refused', (system) => {
		const imageUrls = [REFERENCE, ...links(2), REFERENCE];
		expect(check(system, { imageUrls })).toEqual(
			refused(`Reference Image URLs: "${REFERENCE}" is there twice`),
		);
	});

	it('is one that is spelled the same: the case of a path matters', () => {
		const imageUrls = ['https://example.com/a.png', 'https://example.com/A.png'];
		expect(check(EVOLINK_45, { imageUrls }).ok).toBe(true);
	});

	it('is shown by its start when it is long', () => {
		const long = `https://example.com/${'x'.repeat(100)}.png`;
		expect(check(EVOLINK_45, { imageUrls: [long, long] })).toEqual(
			refused(`Reference Image URLs: "${long.slice(0, 60)}…" is there twice`),
		);
	});

	it('may also be the same file of n8n', () => {
		const imageFiles = [
			imageFile({ label: 'the image in "front"' }),
			imageFile({ key: 'file-2', label: 'the image in "side"' }),
			imageFile({ label: 'the image in "back"' }),
		];
		for (const system of [EVOLINK_45, EVOLINK_40, APIMART_45]) {
			expect(check(system, { imageFiles })).toEqual(
				refused('Reference Image Fields: the image in "back" is there twice'),
			);
		}
	});
});

describe('a reference that is empty', () => {
	it.each([EVOLINK_45, EVOLINK_40, APIMART_45, API_IN_ONE_EDIT])(
		'%#: is refused, for somebody meant a link to be there',
		(system) => {
			const [first, second] = links(2);
			expect(check(system, { imageUrls: [first, '', second, null] })).toEqual(
				refused(
					'Reference Image URLs: entry 2 of the list is empty',
					'Reference Image URLs: entry 4 of the list is empty',
				),
			);
		},
	);

	it('is none where nothing else is there', () => {
		expect(check(EVOLINK_45, { imageUrls: ['', null] })).toMatchObject({
			ok: true,
			value: { references: [] },
		});
	});
});

describe('asking for the number of images', () => {
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

	it.each([false, 'false', '', undefined, null, 'default'])('is off with %j', (askForCount) => {
		expect(askWhere(askForCount)).toMatchObject({ ok: true, value: { promptSent: 'A lake ' } });
	});

	it.each([true, 'true', ' TRUE '])('is on with %j', (askForCount) => {
		expect(askWhere(askForCount)).toMatchObject({
			ok: true,
			value: { promptSent: 'A lake\nGenerate 3 different images.' },
		});
	});

	it.each(['yes', 1, {}])('is refused with %j', (askForCount) => {
		expect(askWhere(askForCount)).toEqual(
			refused(`Ask for Count: "${String(askForCount)}" is neither true nor false`),
		);
	});

	it.each([
		['x', '\nGenerate 3 different images.'],
		['湖', '\n请生成3张不同的图片。'],
	])('must leave the prompt of %s within its length', (letter, sentence) => {
		const most = 2000 - sentence.length;
		for (const system of [EVOLINK_45, EVOLINK_40]) {
			expect(ask(letter.repeat(most), 3, system)).toMatchObject({
				ok: true,
				value: { promptSent: letter.repeat(most) + sentence },
			});
			expect(ask(letter.repeat(most + 1), 3, system)).toEqual(
				refused(
					'Ask for Count: with the sentence it adds, the prompt has 2001 characters, the most is 2000',
				),
			);
			expect(ask(letter.repeat(2000), 1, system).ok).toBe(true);
		}
	});

	it('says only once that a prompt is empty or too long', () => {
		expect(ask(' ', 3)).toEqual(refused('Prompt: is empty'));
		expect(ask('x'.repeat(2001), 3)).toEqual(
			refused('Prompt: has 2001 characters, the most is 2000'),
		);
	});

	it('does not hide a number that is wrong', () => {
		expect(ask('A lake', 99)).toEqual(
			refused('Number of Images: "99" is not a whole number from 1 to 15'),
		);
	});

	it.each<[string, System]>([
		['Seedream 4.5', APIMART_45],
		['Seedream 4.5 Text to Image', API_IN_ONE_TEXT],
		['Seedream 4.5 Edit', API_IN_ONE_EDIT],
	])('is refused at %s, which counts by itself', (label, system) => {
		expect(check(system, { askForCount: true })).toEqual(
			refused(`Ask for Count: ${label} does not have this setting`),
		);
		expect(check(system, { askForCount: false }).ok).toBe(true);
	});

	it('has no length to keep for a model typed by hand', () => {
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

describe('the way of the files', () => {
	it.each<[unknown, string]>([
		[undefined, 'upload'],
		[null, 'upload'],
		['', 'upload'],
		['default', 'upload'],
		['upload', 'upload'],
		['dataUri', 'dataUri'],
		[' DataURI ', 'dataUri'],
	])('with %j is %s at APIMart', (sendBinaryAs, way) => {
		expect(check(APIMART_45, { sendBinaryAs, imageFiles: files(1) })).toMatchObject({
			ok: true,
			value: { sendBinaryAs: way },
		});
	});

	it.each<[unknown, string]>([
		['base64', '"base64" is neither upload nor dataUri'],
		[true, '"true" is neither upload nor dataUri'],
	])('is not %j', (sendBinaryAs, problem) => {
		for (const [, system] of SYSTEMS) {
			expect(check(system, { sendBinaryAs })).toEqual(refused(`Send Binary As: ${problem}`));
		}
	});

	it.each<[string, System]>([
		['Seedream 4.5', EVOLINK_45],
		['Seedream 4.0', EVOLINK_40],
		['Seedream 4.5 Text to Image', API_IN_ONE_TEXT],
		['Seedream 4.5 Edit', API_IN_ONE_EDIT],
	])('is not a data URI at %s', (label, system) => {
		expect(check(system, { sendBinaryAs: 'dataUri' })).toEqual(
			refused(`Send Binary As: ${label} takes no images written into the request`),
		);
		expect(check(system, { sendBinaryAs: 'upload' }).ok).toBe(true);
	});

	it.each<[string, Provider, Partial<ImageFile>]>([
		['no address to sign links with', apiInOne, { signedLink: () => undefined }],
		[
			'a format that storage does not take',
			evoLink,
			{ measured: { format: 'bmp', width: 100, height: 100 } },
		],
	])('can be a data URI for a model typed by hand, with %s', (_what, provider, parts) => {
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

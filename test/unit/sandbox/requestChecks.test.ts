import { apiInOne } from '../../sandbox/providers/apiInOne';
import { apiMart } from '../../sandbox/providers/apiMart';
import { apiMartImageCount } from '../../sandbox/providers/apiMartCreate';
import { evoLink } from '../../sandbox/providers/evoLink';
import { evoLinkImageCount } from '../../sandbox/providers/evoLinkCreate';
import { checkCreate } from '../../sandbox/providers/provider';
import type { ErrorResponse } from '../../sandbox/responses';

type Fields = Record<string, unknown>;

const links = (count: number): string[] =>
	Array.from({ length: count }, (_, index) => `https://example.com/${index}.png`);

const jpeg = 'data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ==';

/** From APIMart and API in One. */
const INVALID_REQUEST = {
	status: 400,
	body: { error: { code: 400, type: 'invalid_request_error' } },
};

function paramOf(errorResponse: ErrorResponse | undefined): string | undefined {
	return errorResponse?.body.error.param;
}

describe.each(['doubao-seedream-4.5', 'doubao-seedream-4.0'])(
	'creates at EvoLink with %s',
	(model) => {
		const check = (fields: Fields) => checkCreate(evoLink, { model, prompt: 'a lake', ...fields });

		it.each<[string, Fields]>([
			['the minimal body', {}],
			['2000 code points, each two UTF-16 units', { prompt: '😀'.repeat(2000) }],
			['n 1', { n: 1 }],
			['n 15', { n: 15 }],
			...[
				'auto',
				'1:1',
				'2:3',
				'3:2',
				'3:4',
				'4:3',
				'4:5',
				'5:4',
				'9:16',
				'16:9',
				'21:9',
				'9:21',
			].map((size): [string, Fields] => [`size ${size}`, { size }]),
			['the fewest pixels of 4.5', { size: '2560x1440' }],
			['the most pixels', { size: '4096x4096' }],
			['16 times as wide', { size: '16384x1024' }],
			['quality 2K', { quality: '2K' }],
			['quality 4K', { quality: '4K' }],
			['prompt_priority standard', { prompt_priority: 'standard' }],
			['14 references', { image_urls: links(14) }],
			['14 references and n 15, whose sum is capped', { image_urls: links(14), n: 15 }],
			['a callback', { callback_url: 'https://example.com/hook' }],
			[
				'a callback of 2048 characters',
				{ callback_url: `https://example.com/${'a'.repeat(2028)}` },
			],
			['unknown fields', { seed: 5 }],
		])('accepts a create with %s', (_name, fields) => {
			expect(check(fields)).toBeUndefined();
		});

		it.each<[string, Fields, string]>([
			['no prompt', { prompt: undefined }, 'prompt'],
			['an empty prompt', { prompt: '' }, 'prompt'],
			['a prompt that is not a string', { prompt: 5 }, 'prompt'],
			['2001 code points', { prompt: '湖'.repeat(2001) }, 'prompt'],
			['n 0', { n: 0 }, 'n'],
			['n 16', { n: 16 }, 'n'],
			['n 1.5', { n: 1.5 }, 'n'],
			['n as a string', { n: '2' }, 'n'],
			['an unknown ratio', { size: '1:2' }, 'size'],
			['too many pixels', { size: '4097x4096' }, 'size'],
			['too wide a size', { size: '16400x1024' }, 'size'],
			['too tall a size', { size: '1000x16777' }, 'size'],
			['an incomplete pixel size', { size: '2048x' }, 'size'],
			['quality 3K', { quality: '3K' }, 'quality'],
			['prompt_priority slow', { prompt_priority: 'slow' }, 'prompt_priority'],
			['15 references', { image_urls: links(15) }, 'image_urls'],
			['a string of references', { image_urls: 'https://example.com/1.png' }, 'image_urls'],
			['a data URI', { image_urls: [jpeg] }, 'image_urls.0'],
			['a file URL', { image_urls: ['file:///etc/passwd'] }, 'image_urls.0'],
			['a reference that is not a URL', { image_urls: [...links(1), 'cat.png'] }, 'image_urls.1'],
			['a callback over http', { callback_url: 'http://example.com/hook' }, 'callback_url'],
			[
				'a callback of 2049 characters',
				{ callback_url: `https://example.com/${'a'.repeat(2029)}` },
				'callback_url',
			],
			...[
				'127.0.0.1',
				'0x7f.1',
				'2130706433',
				'0177.0.0.1',
				'10.1.2.3',
				'172.16.0.1',
				'172.31.255.255',
				'192.168.1.1',
				'169.254.169.254',
				'0.0.0.0',
				'[::1]',
				'[::ffff:127.0.0.1]',
				'[::ffff:a00:1]',
				'[fd00::1]',
				'[fe80::1]',
				'localhost',
				'LOCALHOST.',
				'app.localhost',
				'printer.local',
				'intranet',
			].map((host): [string, Fields, string] => [
				`a callback to ${host}`,
				{ callback_url: `https://${host}/hook` },
				'callback_url',
			]),
		])('rejects a create with %s', (_name, fields, param) => {
			const errorResponse = check(fields);
			expect(errorResponse).toMatchObject({
				status: 400,
				body: { error: { code: 'invalid_request', type: 'invalid_request_error' } },
			});
			expect(paramOf(errorResponse)).toBe(param);
		});

		it('EvoLink accepts an allowed callback host, even over http', () => {
			const body = { model, prompt: 'a lake', callback_url: 'http://127.0.0.1:5678/hook' };
			expect(checkCreate(evoLink, body, ['127.0.0.1:5678'])).toBeUndefined();
			expect(paramOf(checkCreate(evoLink, body, ['127.0.0.1:80']))).toBe('callback_url');
		});
	},
);

describe('the models of EvoLink', () => {
	it.each<[string, Fields, string]>([
		['quality 1K', { quality: '1K' }, 'quality'],
		['prompt_priority fast', { prompt_priority: 'fast' }, 'prompt_priority'],
		['1280x720', { size: '1280x720' }, 'size'],
	])('Seedream 4.0 accepts %s and 4.5 does not', (_name, fields, param) => {
		const body = { prompt: 'a lake', ...fields };
		expect(checkCreate(evoLink, { model: 'doubao-seedream-4.0', ...body })).toBeUndefined();
		expect(paramOf(checkCreate(evoLink, { model: 'doubao-seedream-4.5', ...body }))).toBe(param);
	});

	it.each([
		['doubao-seedream-4.5', '2559x1440'],
		['doubao-seedream-4.0', '1279x720'],
	])('%s rejects %s, which has too few pixels', (model, size) => {
		expect(paramOf(checkCreate(evoLink, { model, prompt: 'a lake', size }))).toBe('size');
	});

	it('EvoLink responds with 403 to an unknown model and with 400 to none', () => {
		expect(checkCreate(evoLink, { model: 'gpt-image', prompt: 'a lake' })).toMatchObject({
			status: 403,
			body: {
				error: { code: 'model_access_denied', message: expect.stringContaining('gpt-image') },
			},
		});
		expect(paramOf(checkCreate(evoLink, { prompt: 'a lake' }))).toBe('model');
		expect(checkCreate(evoLink, [])?.status).toBe(400);
	});

	it.each<[string, number, number, number]>([
		['a lake', 4, 0, 1],
		['generate 3 different images', 1, 0, 1],
		['generate 3 different images', 2, 0, 2],
		['generate 3 different images', 4, 0, 3],
		['Three variations of a lake', 4, 0, 3],
		['4 pictures', 15, 0, 4],
		['生成2张不同的图片', 4, 0, 2],
		['三张', 4, 0, 3],
		['十二张', 15, 0, 12],
		['一张 16:9 4K image', 4, 0, 1],
		['a 16:9 image', 15, 0, 1],
		['10 images', 10, 8, 7],
		['10 images', 10, 14, 1],
	])(
		'EvoLink: the prompt "%s" with n %d and %d references generates %d',
		(prompt, n, references, images) => {
			expect(evoLinkImageCount(prompt, n, references)).toBe(images);
		},
	);
});

describe('creates at APIMart', () => {
	const minimal = { model: 'doubao-seedance-4-5', prompt: 'a lake' };
	const check = (fields: Fields) => checkCreate(apiMart, { ...minimal, ...fields });

	it.each<[string, Fields]>([
		['the minimal body', {}],
		...['Doubao-Seedream-4.5', 'doubao-seedream-4.5', 'doubao-seedream-4-5'].map(
			(model): [string, Fields] => [model, { model }],
		),
		...['1:1', '4:3', '3:4', '16:9', '9:16', '3:2', '2:3', '21:9', '9:21'].map(
			(size): [string, Fields] => [`size ${size}`, { size }],
		),
		['auto with a reference', { size: 'auto', image_urls: links(1) }],
		['resolution 2K', { resolution: '2K' }],
		['resolution 4K', { resolution: '4K' }],
		['n 15', { n: 15 }],
		['n 3 without references, although only one is generated', { n: 3 }],
		['14 references and n 1', { image_urls: links(14), n: 1 }],
		['a jpeg data URI', { image_urls: [jpeg] }],
		['a png data URI', { image_urls: ['data:image/png;base64,iVBORw0KGgo='] }],
		['an http URL', { image_urls: ['http://example.com/1.png'] }],
		['mode fast', { optimize_prompt_options: { mode: 'fast' } }],
		['max_images 15', { sequential_image_generation_options: { max_images: 15 } }],
		['watermark', { watermark: true }],
		['a webhook', { webhook: 'https://example.com' }],
		['a webhook of 2048 characters', { webhook: `https://example.com/${'a'.repeat(2028)}` }],
		['unknown fields', { seed: 5 }],
	])('accepts a create with %s', (_name, fields) => {
		expect(check(fields)).toBeUndefined();
	});

	it.each<[string, Fields]>([
		['no model', { model: undefined }],
		['an unknown model', { model: 'doubao-seedream-4.0' }],
		['no prompt', { prompt: undefined }],
		['an empty prompt', { prompt: '' }],
		['an unknown ratio', { size: '4:5' }],
		['a pixel size', { size: '2048x2048' }],
		['auto without references', { size: 'auto' }],
		['auto with an empty list', { size: 'auto', image_urls: [] }],
		['resolution 1K', { resolution: '1K' }],
		['n 0', { n: 0 }],
		['n 16', { n: 16 }],
		['n as a string', { n: '1' }],
		['15 references', { image_urls: links(15) }],
		['14 references and n 2', { image_urls: links(14), n: 2 }],
		['a gif data URI', { image_urls: ['data:image/gif;base64,R0lGOD=='] }],
		['base64 without its prefix', { image_urls: ['/9j/4AAQSkZJRgABAQ=='] }],
		['mode slow', { optimize_prompt_options: { mode: 'slow' } }],
		['sequential on', { sequential_image_generation: 'on' }],
		['max_images 16', { sequential_image_generation_options: { max_images: 16 } }],
		['watermark as a string', { watermark: 'true' }],
		['a webhook that is not a URL', { webhook: 'here' }],
		['a webhook of 2049 characters', { webhook: `https://example.com/${'a'.repeat(2029)}` }],
	])('rejects a create with %s', (_name, fields) => {
		expect(check(fields)).toMatchObject(INVALID_REQUEST);
	});

	it.each<[Fields, number]>([
		[{ n: 3 }, 1],
		[{ n: 3, image_urls: links(1) }, 3],
		[{ image_urls: links(2) }, 1],
		[
			{
				sequential_image_generation: 'auto',
				sequential_image_generation_options: { max_images: 4 },
				image_urls: links(1),
			},
			4,
		],
		[
			{
				sequential_image_generation: 'auto',
				sequential_image_generation_options: { max_images: 4 },
			},
			1,
		],
		[{ sequential_image_generation_options: { max_images: 4 }, image_urls: links(1) }, 1],
	])('APIMart: the fields %j generate %d', (fields, images) => {
		const model = { severalNeedReferences: true };
		expect(apiMartImageCount({ ...minimal, ...fields }, model)).toBe(images);
	});
});

describe('creates at API in One', () => {
	const check = (fields: Fields) => checkCreate(apiInOne, { prompt: 'a lake', ...fields });
	const edit = 'seedream/4.5-edit';

	it.each<[string, Fields]>([
		['the minimal body', {}],
		['3 characters', { prompt: 'abc' }],
		['5000 code points', { prompt: '😀'.repeat(5000) }],
		['text to image', { model: 'seedream/4.5-text-to-image' }],
		['edit with 1 reference', { model: edit, image_urls: links(1) }],
		['edit with 14', { model: edit, image_urls: links(14) }],
		...['1:1', '4:3', '3:4', '16:9', '9:16', '2:3', '3:2', '21:9'].map(
			(ratio): [string, Fields] => [ratio, { aspect_ratio: ratio }],
		),
		['basic', { quality: 'basic' }],
		['high', { quality: 'high' }],
		['a callback of 2048 characters', { callback_url: `https://a.example/${'a'.repeat(2030)}` }],
		['unknown fields', { n: 5 }],
	])('accepts a create with %s', (_name, fields) => {
		expect(check(fields)).toBeUndefined();
	});

	it.each<[string, Fields]>([
		['no prompt', { prompt: undefined }],
		['2 characters', { prompt: 'ab' }],
		['2 code points, each two UTF-16 units', { prompt: '😀😀' }],
		['5001 characters', { prompt: 'a'.repeat(5001) }],
		['an unknown model', { model: 'seedream/4.0' }],
		['edit without references', { model: edit }],
		['edit with an empty list', { model: edit, image_urls: [] }],
		['15 references', { model: edit, image_urls: links(15) }],
		['a data URI', { model: edit, image_urls: [jpeg] }],
		['9:21', { aspect_ratio: '9:21' }],
		['auto', { aspect_ratio: 'auto' }],
		['quality 2K', { quality: '2K' }],
		['a callback that is not a URL', { callback_url: 'here' }],
		['a callback of 2049 characters', { callback_url: `https://a.example/${'a'.repeat(2031)}` }],
	])('rejects a create with %s', (_name, fields) => {
		expect(check(fields)).toMatchObject(INVALID_REQUEST);
	});
});

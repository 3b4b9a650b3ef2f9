import { checkApiInOneCreate } from '../../sandbox/providers/apiInOne';
import { apiMartImageCount, checkApiMartCreate } from '../../sandbox/providers/apiMart';
import { checkEvoLinkCreate, evoLinkImageCount } from '../../sandbox/providers/evoLink';
import type { Refusal } from '../../sandbox/responses';

type Fields = Record<string, unknown>;

const links = (count: number): string[] =>
	Array.from({ length: count }, (_, index) => `https://example.com/${index}.png`);

const jpeg = 'data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ==';

function paramOf(refusal: Refusal | undefined): string | undefined {
	return refusal?.body.error.param;
}

describe.each(['doubao-seedream-4.5', 'doubao-seedream-4.0'])('EvoLink %s', (model) => {
	const check = (fields: Fields) => checkEvoLinkCreate({ model, prompt: 'a lake', ...fields });

	it.each<[string, Fields]>([
		['the least', {}],
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
		['the least pixels of 4.5', { size: '2560x1440' }],
		['the most pixels', { size: '4096x4096' }],
		['16 times as wide', { size: '16384x1024' }],
		['quality 2K', { quality: '2K' }],
		['quality 4K', { quality: '4K' }],
		['prompt_priority standard', { prompt_priority: 'standard' }],
		['14 references', { image_urls: links(14) }],
		['14 references and n 15: the sum is capped', { image_urls: links(14), n: 15 }],
		['a callback', { callback_url: 'https://example.com/hook' }],
		['a callback of 2048', { callback_url: `https://example.com/${'a'.repeat(2028)}` }],
		['fields it does not know', { seed: 5 }],
	])('accepts %s', (_name, fields) => {
		expect(check(fields)).toBeUndefined();
	});

	it.each<[string, Fields, string]>([
		['no prompt', { prompt: undefined }, 'prompt'],
		['an empty prompt', { prompt: '' }, 'prompt'],
		['a prompt that is no text', { prompt: 5 }, 'prompt'],
		['2001 code points', { prompt: '湖'.repeat(2001) }, 'prompt'],
		['n 0', { n: 0 }, 'n'],
		['n 16', { n: 16 }, 'n'],
		['n 1.5', { n: 1.5 }, 'n'],
		['n as text', { n: '2' }, 'n'],
		['a ratio it lacks', { size: '1:2' }, 'size'],
		['too many pixels', { size: '4097x4096' }, 'size'],
		['too wide', { size: '16400x1024' }, 'size'],
		['too tall', { size: '1000x16777' }, 'size'],
		['half a pixel size', { size: '2048x' }, 'size'],
		['quality 3K', { quality: '3K' }, 'quality'],
		['prompt_priority slow', { prompt_priority: 'slow' }, 'prompt_priority'],
		['15 references', { image_urls: links(15) }, 'image_urls'],
		['one reference as text', { image_urls: 'https://example.com/1.png' }, 'image_urls'],
		['a data URI', { image_urls: [jpeg] }, 'image_urls.0'],
		['a file URL', { image_urls: ['file:///etc/passwd'] }, 'image_urls.0'],
		['no URL', { image_urls: [...links(1), 'cat.png'] }, 'image_urls.1'],
		['a callback over http', { callback_url: 'http://example.com/hook' }, 'callback_url'],
		[
			'a callback of 2049',
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
	])('refuses %s', (_name, fields, param) => {
		const refusal = check(fields);
		expect(refusal).toMatchObject({
			status: 400,
			body: { error: { code: 'invalid_request', type: 'invalid_request_error' } },
		});
		expect(paramOf(refusal)).toBe(param);
	});

	it('lets an allowed callback host through, over http too', () => {
		const body = { model, prompt: 'a lake', callback_url: 'http://127.0.0.1:5678/hook' };
		expect(checkEvoLinkCreate(body, ['127.0.0.1:5678'])).toBeUndefined();
		expect(paramOf(checkEvoLinkCreate(body, ['127.0.0.1:80']))).toBe('callback_url');
	});
});

describe('EvoLink, where the models differ', () => {
	it.each<[string, Fields, string]>([
		['quality 1K', { quality: '1K' }, 'quality'],
		['prompt_priority fast', { prompt_priority: 'fast' }, 'prompt_priority'],
		['1280x720', { size: '1280x720' }, 'size'],
	])('4.0 takes %s and 4.5 does not', (_name, fields, param) => {
		const body = { prompt: 'a lake', ...fields };
		expect(checkEvoLinkCreate({ model: 'doubao-seedream-4.0', ...body })).toBeUndefined();
		expect(paramOf(checkEvoLinkCreate({ model: 'doubao-seedream-4.5', ...body }))).toBe(param);
	});

	it.each([
		['doubao-seedream-4.5', '2559x1440'],
		['doubao-seedream-4.0', '1279x720'],
	])('%s refuses %s: too few pixels', (model, size) => {
		expect(paramOf(checkEvoLinkCreate({ model, prompt: 'a lake', size }))).toBe('size');
	});

	it('answers 403 for a model it does not know and 400 for none', () => {
		expect(checkEvoLinkCreate({ model: 'gpt-image', prompt: 'a lake' })).toMatchObject({
			status: 403,
			body: {
				error: { code: 'model_access_denied', message: expect.stringContaining('gpt-image') },
			},
		});
		expect(paramOf(checkEvoLinkCreate({ prompt: 'a lake' }))).toBe('model');
		expect(checkEvoLinkCreate([])?.status).toBe(400);
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
	])('"%s", n %d and %d references make %d', (prompt, n, references, images) => {
		expect(evoLinkImageCount(prompt, n, references)).toBe(images);
	});
});

describe('APIMart', () => {
	const least = { model: 'doubao-seedance-4-5', prompt: 'a lake' };
	const check = (fields: Fields) => checkApiMartCreate({ ...least, ...fields });

	it.each<[string, Fields]>([
		['the least', {}],
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
		['n 3 without references: only one comes', { n: 3 }],
		['14 references and n 1', { image_urls: links(14), n: 1 }],
		['a jpeg data URI', { image_urls: [jpeg] }],
		['a png data URI', { image_urls: ['data:image/png;base64,iVBORw0KGgo='] }],
		['an http URL', { image_urls: ['http://example.com/1.png'] }],
		['mode fast', { optimize_prompt_options: { mode: 'fast' } }],
		['max_images 15', { sequential_image_generation_options: { max_images: 15 } }],
		['watermark', { watermark: true }],
		['a webhook', { webhook: 'https://example.com' }],
		['fields it does not know', { seed: 5 }],
	])('accepts %s', (_name, fields) => {
		expect(check(fields)).toBeUndefined();
	});

	it.each<[string, Fields]>([
		['no model', { model: undefined }],
		['a model it lacks', { model: 'doubao-seedream-4.0' }],
		['no prompt', { prompt: undefined }],
		['an empty prompt', { prompt: '' }],
		['a ratio it lacks', { size: '4:5' }],
		['a pixel size', { size: '2048x2048' }],
		['auto without references', { size: 'auto' }],
		['auto with an empty list', { size: 'auto', image_urls: [] }],
		['resolution 1K', { resolution: '1K' }],
		['n 0', { n: 0 }],
		['n 16', { n: 16 }],
		['n as text', { n: '1' }],
		['15 references', { image_urls: links(15) }],
		['14 references and n 2', { image_urls: links(14), n: 2 }],
		['a gif data URI', { image_urls: ['data:image/gif;base64,R0lGOD=='] }],
		['base64 without its prefix', { image_urls: ['/9j/4AAQSkZJRgABAQ=='] }],
		['mode slow', { optimize_prompt_options: { mode: 'slow' } }],
		['sequential on', { sequential_image_generation: 'on' }],
		['max_images 16', { sequential_image_generation_options: { max_images: 16 } }],
		['watermark as text', { watermark: 'true' }],
		['a webhook that is no URL', { webhook: 'here' }],
	])('refuses %s', (_name, fields) => {
		expect(check(fields)).toMatchObject({
			status: 400,
			body: { error: { code: 400, type: 'invalid_request_error' } },
		});
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
	])('%j makes %d', (fields, images) => {
		expect(apiMartImageCount({ ...least, ...fields })).toBe(images);
	});
});

describe('API in One', () => {
	const check = (fields: Fields) => checkApiInOneCreate({ prompt: 'a lake', ...fields });
	const edit = 'seedream/4.5-edit';

	it.each<[string, Fields]>([
		['the least', {}],
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
		['fields it does not know', { n: 5 }],
	])('accepts %s', (_name, fields) => {
		expect(check(fields)).toBeUndefined();
	});

	it.each<[string, Fields]>([
		['no prompt', { prompt: undefined }],
		['2 characters', { prompt: 'ab' }],
		['2 code points of 4 units', { prompt: '😀😀' }],
		['5001 characters', { prompt: 'a'.repeat(5001) }],
		['a model it lacks', { model: 'seedream/4.0' }],
		['edit without references', { model: edit }],
		['edit with an empty list', { model: edit, image_urls: [] }],
		['15 references', { model: edit, image_urls: links(15) }],
		['a data URI', { model: edit, image_urls: [jpeg] }],
		['9:21', { aspect_ratio: '9:21' }],
		['auto', { aspect_ratio: 'auto' }],
		['quality 2K', { quality: '2K' }],
		['a callback that is no URL', { callback_url: 'here' }],
	])('refuses %s', (_name, fields) => {
		expect(check(fields)).toMatchObject({
			status: 400,
			body: { error: { code: 400, type: 'invalid_request_error' } },
		});
	});
});

import type { IBinaryData } from 'n8n-workflow';
import sharp from 'sharp';

import { startSandbox, type Sandbox } from '../sandbox/sandbox';
import { startEngine, type Engine, type NodeResult, type NodeRun } from './engine';
import { REFERENCE, sandboxCredentials, systems } from './systems';

let engine: Engine;
let sandbox: Sandbox;
let photo: Buffer;

beforeAll(async () => {
	engine = await startEngine();
	photo = await image(640, 480).jpeg().toBuffer();
});

afterAll(() => engine.close());

beforeEach(async () => {
	sandbox = await startSandbox({ taskSeconds: 0.1 });
});

afterEach(async () => await sandbox.close());

function image(width: number, height: number) {
	return sharp({ create: { width, height, channels: 3, background: '#385' } });
}

async function generate(
	parameters: NodeRun['parameters'],
	files: NodeRun['files'],
	options: Partial<NodeRun> = {},
): Promise<NodeResult> {
	return await engine.run({
		node: 'seedreamGenerate',
		parameters: { prompt: 'A lake', imageFields: 'data', downloadImages: false, ...parameters },
		rows: files?.map(() => ({})) ?? [{}],
		files,
		credentials: sandboxCredentials(sandbox),
		...options,
	});
}

const stored = async (content = photo) => await engine.storeFile(content, 'image/jpeg');
const inMemory = (content = photo): IBinaryData => ({
	data: content.toString('base64'),
	mimeType: 'image/jpeg',
});
const bodies = () =>
	sandbox.requests.flatMap(({ step, body }) =>
		step === 'create' ? [body as { prompt: string; image_urls?: string[] }] : [],
	);

const uploading = systems.filter(({ provider }) => provider !== 'apiInOne');

describe.each(uploading)('an image that sits in n8n, at $title', ({ provider, parameters }) => {
	it('is uploaded, byte for byte, and stands behind the links', async () => {
		const { items } = await generate({ ...parameters, imageUrls: REFERENCE }, [
			{ data: await stored() },
		]);

		const [upload] = sandbox.uploads();
		expect(items[0]?.json.status).toBe('completed');
		expect(sandbox.uploads()).toHaveLength(1);
		expect(upload).toMatchObject({ provider, bytes: photo.length, format: 'jpeg', width: 640 });
		expect(bodies()[0]?.image_urls).toEqual([REFERENCE, upload?.url]);
	});

	it('is uploaded once for all the rows that use it', async () => {
		const file = await stored();
		const { items } = await generate(parameters, Array(6).fill({ data: file }));

		const [upload] = sandbox.uploads();
		expect(items.map(({ json }) => json.status)).toEqual(Array(6).fill('completed'));
		expect(sandbox.uploads()).toHaveLength(1);
		expect(bodies().map(({ image_urls: urls }) => urls)).toEqual(Array(6).fill([upload?.url]));
	});

	it('gets there from memory too, from several fields and in their order', async () => {
		const second = await image(300, 200).png().toBuffer();
		await generate({ ...parameters, imageFields: 'front, back' }, [
			{ back: inMemory(second), front: inMemory() },
		]);

		const formats = bodies()[0]?.image_urls?.map(
			(url) => sandbox.uploads().find((upload) => upload.url === url)?.format,
		);
		expect(formats).toEqual(['jpeg', 'png']);
	});

	it('gets there although the first upload fails', async () => {
		sandbox.setIntercept(({ step, attempt }) =>
			step === 'upload' && attempt === 1
				? { kind: 'answer', status: 503, body: '<html>busy</html>' }
				: undefined,
		);
		const { items } = await generate(parameters, [{ data: await stored() }]);
		expect(items[0]?.json.status).toBe('completed');
	});

	it('costs nothing when it cannot be uploaded', async () => {
		sandbox.setIntercept(({ step }) =>
			step === 'upload' ? { kind: 'answer', status: 413, body: {} } : undefined,
		);
		const { error } = await generate(parameters, [{ data: await stored() }]);

		expect(error?.message).toMatch(/^A reference image could not be uploaded: /);
		expect(error?.description).toContain('Nothing was charged.');
		expect(bodies()).toEqual([]);
	});

	it('is uploaded once although Retry On Fail runs the node again', async () => {
		sandbox.setIntercept(({ step, attempt }) =>
			step === 'create' && attempt === 1 ? { kind: 'answer', status: 400, body: {} } : undefined,
		);
		const { items } = await generate(parameters, [{ data: await stored() }], { tries: 2 });

		expect(items[0]?.json.status).toBe('completed');
		expect(sandbox.uploads()).toHaveLength(1);
	});
});

it('comes from an expression that gives binary data', async () => {
	await generate({ imageFields: '={{ $binary.photo }}' }, [{ photo: await stored() }]);
	expect(bodies()[0]?.image_urls).toEqual([sandbox.uploads()[0]?.url]);
});

it('is written into the request at APIMart, if the user wants that', async () => {
	const parameters = { provider: 'apiMart', additionalFields: { sendBinaryAs: 'dataUri' } };
	const { items } = await generate(parameters, [{ data: await stored() }]);

	expect(items[0]?.json.status).toBe('completed');
	expect(sandbox.uploads()).toEqual([]);
	expect(bodies()[0]?.image_urls).toEqual([`data:image/jpeg;base64,${photo.toString('base64')}`]);
});

describe('API in One, which takes links only', () => {
	const parameters = { provider: 'apiInOne', model: 'auto' };

	it('gets a signed link to this n8n where it has a public address', async () => {
		const { items } = await generate(parameters, [{ data: await stored() }], {
			publicUrl: 'https://n8n.example.com',
		});

		expect(items[0]?.json).toMatchObject({ status: 'completed', model: 'seedream/4.5-edit' });
		expect(bodies()[0]?.image_urls).toEqual([
			expect.stringMatching(/^https:\/\/n8n\.example\.com\/rest\/binary-data\/signed\?token=\S+$/),
		]);
	});

	it.each(['http://n8n.example.com', 'https://localhost:5678', 'https://10.0.0.7', undefined])(
		'says what to do where the address is %s, before anything is sent',
		async (publicUrl) => {
			const { error } = await generate(parameters, [{ data: await stored() }], { publicUrl });

			expect(error?.message).toBe(
				'Reference Image Fields: API in One takes links only, and this n8n has no public HTTPS address under which it could hand out the image in "data": give this n8n such an address, or put the image on a public server and use Reference Image URLs',
			);
			expect(sandbox.requests).toEqual([]);
		},
	);
});

describe('an image that cannot be used', () => {
	it.each([
		['is too small', async () => await image(14, 100).png().toBuffer(), /14×100 pixels/],
		['is too narrow', async () => await image(100, 1700).png().toBuffer(), /16 times the other/],
		['is no image', async () => Buffer.from('<html>404</html>'), /is not an image/],
		[
			'cannot be uploaded',
			async () => await image(64, 64).tiff().toBuffer(),
			/is a TIFF file, EvoLink only takes/,
		],
	])('is refused before anything is sent when it %s', async (_what, content, words) => {
		const { error } = await generate({}, [{ data: await stored(await content()) }]);
		expect(error?.message).toMatch(/^Reference Image Fields: the image in "data" /);
		expect(error?.message).toMatch(words);
		expect(sandbox.requests).toEqual([]);
	});

	it('is named with its row and field when it is not there', async () => {
		const { error } = await generate({}, [{ data: await stored() }, undefined]);
		expect(error?.message).toBe('Row 2: Reference Image Fields: the row has no file in "data"');
		expect(sandbox.requests).toEqual([]);
	});
});

describe('Check References', () => {
	const parameters = {
		imageFields: '',
		imageUrls: '={{ $json.link }}',
		options: { checkReferences: true },
	};

	it('refuses dead links, pages and images beyond the limits, before anything is spent', async () => {
		const links = {
			good: sandbox.addFile(photo, 'image/jpeg'),
			dead: `${sandbox.origin}/uploads/nothing`,
			page: sandbox.addFile(Buffer.from('<html>'), 'image/jpeg'),
			narrow: sandbox.addFile(await image(20, 400).png().toBuffer(), 'image/png'),
		};
		const { items } = await generate(parameters, undefined, {
			rows: Object.values(links).map((link) => ({ link })),
			onError: 'continueRegularOutput',
		});

		expect(items.map(({ json }) => json.status)).toEqual([
			'completed',
			'failed',
			'failed',
			'failed',
		]);
		expect(items.slice(1).map(({ json }) => json.error)).toEqual([
			expect.objectContaining({
				message: `Reference Image URLs: ${links.dead} answers with HTTP 404`,
			}),
			expect.objectContaining({ message: expect.stringContaining('is not an image') }),
			expect.objectContaining({ message: expect.stringContaining('20×400 pixels') }),
		]);
		expect(bodies()).toHaveLength(1);
	});
});

describe('the number of images at EvoLink', () => {
	const rows = [{ prompt: 'A lake' }, { prompt: '一片湖水' }, { prompt: 'A hill' }];
	const parameters = { prompt: '={{ $json.prompt }}', imageFields: '', imageCount: 3 };

	it('is asked for in the language of the prompt, if the user wants that', async () => {
		const { items, hints } = await generate(
			{ ...parameters, additionalFields: { askForCount: true } },
			undefined,
			{ rows },
		);

		expect(bodies().map(({ prompt }) => prompt)).toEqual([
			'A lake\nGenerate 3 different images.',
			'一片湖水\n请生成3张不同的图片。',
			'A hill\nGenerate 3 different images.',
		]);
		expect(items.map(({ json }) => json.prompt)).toEqual(
			rows.flatMap(({ prompt }) => [prompt, prompt, prompt]),
		);
		expect(hints).toEqual([
			expect.objectContaining({ message: expect.stringMatching(/^9 images in .* UTC\.$/) }),
		]);
	});

	it('is hinted at when fewer came', async () => {
		const { items, hints } = await generate(parameters, undefined, { rows });

		expect(items).toHaveLength(3);
		expect(hints).toEqual([
			expect.objectContaining({
				message: expect.stringContaining('Fewer images came than were asked for in rows 1, 2, 3.'),
			}),
		]);
	});
});

describe('uploads', () => {
	const colours = ['#385', '#853', '#538'];
	const photos = async () =>
		await Promise.all(
			colours.map(async (background) =>
				sharp({ create: { width: 640, height: 480, channels: 3, background } })
					.jpeg()
					.toBuffer(),
			),
		);

	it.each(uploading)(
		'go up under names made from their content: $title',
		async ({ parameters }) => {
			const [first, second] = await photos();
			const files = [first, second, first].map(async (content) => ({
				data: await stored(content),
			}));
			const { items } = await generate(parameters, await Promise.all(files));

			expect(items.map(({ json }) => json.status)).toEqual(Array(3).fill('completed'));
			const uploads = sandbox.uploads();
			expect(new Set(uploads.map(({ fileName }) => fileName)).size).toBe(2);
			for (const { fileName, sha256 } of uploads) {
				expect(fileName).toBe(`reference-${sha256.slice(0, 32)}.jpg`);
			}
		},
	);

	it.each(uploading)(
		'of two files with one link refuse both rows: $title',
		async ({ parameters }) => {
			const link = 'https://files.example.com/the-same.jpg';
			sandbox.setIntercept(({ step }) =>
				step === 'upload'
					? { kind: 'answer', status: 200, body: { url: link, data: { file_url: link } } }
					: undefined,
			);
			const [first, second] = await photos();
			const { items } = await generate(
				parameters,
				[{ data: await stored(first) }, { data: await stored(second) }],
				{ onError: 'continueRegularOutput' },
			);

			expect(items.map(({ json }) => json.error)).toEqual(
				Array(2).fill(expect.objectContaining({ code: 'upload_not_unique', charged: 'no' })),
			);
			expect(sandbox.tasks()).toEqual([]);
		},
	);

	const [evoLink] = uploading;

	it.each([
		['40001', 200, /too large/],
		['40002', 400, /does not take files of this type/],
		['40003', 200, /keeps too many files of yours already/],
	])('that are refused with code %s and HTTP %s say why', async (code, status, says) => {
		sandbox.setIntercept(({ step }) =>
			step === 'upload'
				? { kind: 'answer', status, body: { success: false, code: Number(code), msg: 'refused' } }
				: undefined,
		);
		const { error } = await generate(evoLink?.parameters ?? {}, [{ data: await stored() }]);

		expect(error?.message).toMatch(says);
		expect(error?.message).toContain('refused');
		expect(error?.description).toContain('Nothing was charged.');
		expect(sandbox.uploads()).toEqual([]);
	});

	it('may come back with nothing but the link of a download', async () => {
		const link = 'https://files.example.com/early.jpg';
		sandbox.setIntercept(({ step }) =>
			step === 'upload'
				? { kind: 'answer', status: 200, body: { success: true, data: { download_url: link } } }
				: undefined,
		);
		await generate(evoLink?.parameters ?? {}, [{ data: await stored() }]);
		expect(bodies()[0]?.image_urls).toEqual([link]);
	});
});

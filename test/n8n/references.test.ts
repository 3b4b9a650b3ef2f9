import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IBinaryData } from 'n8n-workflow';
import sharp from 'sharp';

import type { ExecutionOptions, NodeResult } from './engine';
import {
	CONTINUE,
	engine,
	forEachProvider,
	respondWith,
	systemsOf,
	testNode,
	type Fixture,
} from './fixture';
import { REFERENCE } from './systems';

/** Reference images: files in n8n, uploaded or linked, and the checks before anything is sent. */

let photo: Buffer;

beforeAll(async () => {
	photo = await image(640, 480).jpeg().toBuffer();
});

function image(width: number, height: number, background = '#385') {
	return sharp({ create: { width, height, channels: 3, background } });
}

async function generate(
	fixture: Fixture,
	parameters: ExecutionOptions['parameters'],
	files: ExecutionOptions['files'],
	options: Partial<ExecutionOptions> = {},
): Promise<NodeResult> {
	return await fixture.run('seedreamGenerate', {
		parameters: { prompt: 'A lake', imageFields: 'data', downloadImages: false, ...parameters },
		rows: files?.map(() => ({})) ?? [{}],
		files,
		...options,
	});
}

const stored = async (content = photo) => await (await engine()).storeFile(content, 'image/jpeg');
const inMemory = (content = photo): IBinaryData => ({
	data: content.toString('base64'),
	mimeType: 'image/jpeg',
});
const bodies = (fixture: Fixture) =>
	fixture.requests('create').map(({ body }) => body as { prompt: string; image_urls?: string[] });

/** A real one, as a phone takes it. */
const heic = async () => await readFile(join(__dirname, '../fixtures/images/plain.heic'));

const CHECKED_LINKS = { imageFields: '', options: { checkReferences: true } };

const forEachUploading = (title: string, test: (fixture: Fixture) => Promise<void>) =>
	forEachProvider(title, test, {}, systemsOf('evoLink', 'apiMart'));

describe('a reference file in n8n', () => {
	forEachUploading('is uploaded byte for byte and added after the links', async (fixture) => {
		const { parameters } = fixture.system;
		const { items } = await generate(fixture, { ...parameters, imageUrls: REFERENCE }, [
			{ data: await stored() },
		]);

		const [upload] = fixture.sandbox.uploads();
		expect(items[0]?.json.status).toBe('completed');
		expect(fixture.sandbox.uploads()).toHaveLength(1);
		expect(upload).toMatchObject({
			provider: fixture.system.provider,
			bytes: photo.length,
			format: 'jpeg',
			width: 640,
		});
		expect(bodies(fixture)[0]?.image_urls).toEqual([REFERENCE, upload?.url]);
	});

	forEachUploading('is uploaded once for all rows that use it', async (fixture) => {
		const { parameters } = fixture.system;
		const file = await stored();
		const { items } = await generate(fixture, parameters, Array(6).fill({ data: file }));

		const [upload] = fixture.sandbox.uploads();
		expect(items.map(({ json }) => json.status)).toEqual(Array(6).fill('completed'));
		expect(fixture.sandbox.uploads()).toHaveLength(1);
		expect(bodies(fixture).map(({ image_urls: urls }) => urls)).toEqual(
			Array(6).fill([upload?.url]),
		);
	});

	forEachUploading(
		'is uploaded from memory too, from several fields and in their order',
		async (fixture) => {
			const { parameters } = fixture.system;
			const second = await image(300, 200).png().toBuffer();
			await generate(fixture, { ...parameters, imageFields: 'front, back' }, [
				{ back: inMemory(second), front: inMemory() },
			]);

			const formats = bodies(fixture)[0]?.image_urls?.map(
				(url) => fixture.sandbox.uploads().find((upload) => upload.url === url)?.format,
			);
			expect(formats).toEqual(['jpeg', 'png']);
		},
	);

	forEachUploading('is uploaded again if the first attempt fails', async (fixture) => {
		const { parameters } = fixture.system;
		fixture.sandbox.setIntercept(({ step, attempt }) =>
			step === 'upload' && attempt === 1 ? respondWith(503, '<html>busy</html>') : undefined,
		);
		const { items } = await generate(fixture, parameters, [{ data: await stored() }]);
		expect(items[0]?.json.status).toBe('completed');
	});

	forEachUploading("costs nothing if it can't be uploaded", async (fixture) => {
		const { parameters } = fixture.system;
		fixture.sandbox.setIntercept(({ step }) => (step === 'upload' ? respondWith(413) : undefined));
		const { error } = await generate(fixture, parameters, [{ data: await stored() }]);

		expect(error?.message).toMatch(/^The node couldn't upload a reference image: /);
		expect(error?.description).toContain("You weren't charged.");
		expect(bodies(fixture)).toEqual([]);
	});

	forEachUploading(
		'is uploaded once, even when Retry On Fail runs the node again',
		async (fixture) => {
			const { parameters } = fixture.system;
			fixture.sandbox.setIntercept(({ step, attempt }) =>
				step === 'create' && attempt === 1 ? respondWith(400) : undefined,
			);
			const { items } = await generate(fixture, parameters, [{ data: await stored() }], {
				tries: 2,
			});

			expect(items[0]?.json.status).toBe('completed');
			expect(fixture.sandbox.uploads()).toHaveLength(1);
		},
	);
});

testNode(
	'a reference file may come from an expression that returns binary data',
	async (fixture) => {
		await generate(fixture, { imageFields: '={{ $binary.photo }}' }, [{ photo: await stored() }]);
		expect(bodies(fixture)[0]?.image_urls).toEqual([fixture.sandbox.uploads()[0]?.url]);
	},
);

testNode('a reference file is sent as a data URI to APIMart on request', async (fixture) => {
	const parameters = { provider: 'apiMart', additionalFields: { sendBinaryAs: 'dataUri' } };
	const { items } = await generate(fixture, parameters, [{ data: await stored() }]);

	expect(items[0]?.json.status).toBe('completed');
	expect(fixture.sandbox.uploads()).toEqual([]);
	expect(bodies(fixture)[0]?.image_urls).toEqual([
		`data:image/jpeg;base64,${photo.toString('base64')}`,
	]);
});

describe('reference files at API in One, which takes links only', () => {
	const parameters = { provider: 'apiInOne', model: 'auto' };

	testNode('become signed links to this n8n if it has a public address', async (fixture) => {
		const { items } = await generate(fixture, parameters, [{ data: await stored() }], {
			publicUrl: 'https://n8n.example.com',
		});

		expect(items[0]?.json).toMatchObject({ status: 'completed', model: 'seedream/4.5-edit' });
		expect(bodies(fixture)[0]?.image_urls).toEqual([
			expect.stringMatching(/^https:\/\/n8n\.example\.com\/rest\/binary-data\/signed\?token=\S+$/),
		]);
	});

	const ADDRESSES = [
		'http://n8n.example.com',
		'https://localhost:5678',
		'https://10.0.0.7',
		undefined,
	];
	for (const publicUrl of ADDRESSES) {
		testNode(
			`are rejected before anything is sent if n8n's address is ${publicUrl}`,
			async (fixture) => {
				const { error } = await generate(fixture, parameters, [{ data: await stored() }], {
					publicUrl,
				});

				expect(error?.message).toBe(
					`'Reference Image Fields' contains the image in "data", but API in One only accepts links, and this n8n has no public HTTPS address that it can serve the file from. Set one up, or put the image on a public server and use 'Reference Image URLs'`,
				);
				expect(fixture.sandbox.requests).toEqual([]);
			},
		);
	}
});

describe('an unusable reference file', () => {
	const UNUSABLE: Array<[string, () => Promise<Buffer>, RegExp]> = [
		['is too small', async () => await image(14, 100).png().toBuffer(), /14×100 pixels/],
		['is too narrow', async () => await image(100, 1700).png().toBuffer(), /maximum ratio 16:1/],
		[
			'is no image',
			async () => Buffer.from('<html>404</html>'),
			/isn't an image in a supported format/,
		],
		[
			'cannot be uploaded',
			async () => await image(64, 64).tiff().toBuffer(),
			/is a TIFF file. EvoLink only accepts/,
		],
	];
	for (const [what, content, message] of UNUSABLE) {
		testNode(`is rejected before anything is sent if it ${what}`, async (fixture) => {
			const { error } = await generate(fixture, {}, [{ data: await stored(await content()) }]);
			expect(error?.message).toMatch(
				/^'Reference Image Fields' contains the image in "data", which /,
			);
			expect(error?.message).toMatch(message);
			expect(fixture.sandbox.requests).toEqual([]);
		});
	}

	testNode('is named with its row and field if it is missing', async (fixture) => {
		const { error } = await generate(fixture, {}, [{ data: await stored() }, undefined]);
		expect(error?.message).toBe(
			`Row 2: 'Reference Image Fields' contains "data", but the row has no binary field with that name`,
		);
		expect(fixture.sandbox.requests).toEqual([]);
	});
});

/** The models whose references may be HEIC files. */
const TAKES_HEIC = [
	{ provider: 'evoLink', model: 'doubao-seedream-5.0-flash', label: 'EvoLink' },
	{ provider: 'evoLink', model: 'doubao-seedream-5.0-pro', label: 'EvoLink' },
	{ provider: 'apiMart', model: 'seedream-5-0-flash', label: 'APIMart' },
	{ provider: 'apiMart', model: 'seedream-5-0-pro', label: 'APIMart' },
];

describe('a HEIC reference', () => {
	for (const { label, ...parameters } of TAKES_HEIC) {
		testNode(
			`is rejected as a file before anything is sent, with advice (${parameters.model})`,
			async (fixture) => {
				const file = await (await engine()).storeFile(await heic(), 'image/heic');
				const { error } = await generate(fixture, parameters, [{ data: file }]);

				expect(error?.message).toMatch(
					new RegExp(
						`^'Reference Image Fields' contains the image in "data", which is a HEIC file. ${label} only accepts (?:\\w+, )+\\w+ files from n8n: convert it, or use a link$`,
					),
				);
				expect(fixture.sandbox.requests).toEqual([]);
			},
		);
	}

	testNode('is rejected as a file for a model that takes no HEIC', async (fixture) => {
		const file = await (await engine()).storeFile(await heic(), 'image/heic');
		const { error } = await generate(fixture, { model: 'doubao-seedream-5.0-lite' }, [
			{ data: file },
		]);

		expect(error?.message).toBe(
			`'Reference Image Fields' contains the image in "data", which is a HEIC file (the format of iPhone photos), but the model accepts only JPEG, PNG, WEBP, BMP, TIFF, GIF`,
		);
		expect(fixture.sandbox.requests).toEqual([]);
	});

	testNode('is accepted as a link by Seedream 5.0 Flash and not by 4.5', async (fixture) => {
		const link = fixture.sandbox.addFile(await heic(), 'image/heic');
		const models = ['doubao-seedream-5.0-flash', 'doubao-seedream-4.5'];
		const { items } = await generate(
			fixture,
			{ ...CHECKED_LINKS, imageUrls: link, model: '={{ $json.model }}' },
			undefined,
			{ rows: models.map((model) => ({ model })), ...CONTINUE },
		);

		expect(items.map(({ json }) => json.status)).toEqual(['completed', 'failed']);
		expect(items[1]?.json.error).toMatchObject({
			message: `'Reference Image URLs' contains ${link}, which is a HEIC file (the format of iPhone photos), but the model accepts only JPEG, PNG, WEBP, BMP, TIFF, GIF`,
			charged: 'no',
		});
		expect(bodies(fixture)).toEqual([{ model: models[0], prompt: 'A lake', image_urls: [link] }]);
	});
});

describe('a reference file of 25 MB', () => {
	const MEGABYTES = 25;
	const large = async () => {
		const bytes = Buffer.alloc(MEGABYTES * 1024 * 1024);
		photo.copy(bytes);
		return { data: await stored(bytes) };
	};

	testNode("is within Seedream 5.0 Flash's limit, and EvoLink gets all of it", async (fixture) => {
		const { items } = await generate(fixture, { model: 'doubao-seedream-5.0-flash' }, [
			await large(),
		]);

		expect(items[0]?.json.status).toBe('completed');
		expect(fixture.sandbox.uploads()).toMatchObject([{ bytes: MEGABYTES * 1024 * 1024 }]);
	});

	testNode("is above APIMart's limit for files from n8n, so nothing is sent", async (fixture) => {
		const parameters = { provider: 'apiMart', model: 'seedream-5-0-flash' };
		const { error } = await generate(fixture, parameters, [await large()]);

		expect(error?.message).toBe(
			`'Reference Image Fields' contains the image in "data", which is 25 MB. APIMart only accepts files of up to 20 MB from n8n: make it smaller, or use a link`,
		);
		expect(fixture.sandbox.requests).toEqual([]);
	});

	testNode("is above Seedream 4.5's own limit, so nothing is sent", async (fixture) => {
		const { error } = await generate(fixture, {}, [await large()]);

		expect(error?.message).toBe(
			`'Reference Image Fields' contains the image in "data", which is 25 MB (maximum 10 MB)`,
		);
		expect(fixture.sandbox.requests).toEqual([]);
	});
});

describe('Check References', () => {
	const parameters = { ...CHECKED_LINKS, imageUrls: '={{ $json.link }}' };

	testNode(
		'rejects dead links, pages and images beyond the limits before any create request',
		async (fixture) => {
			const links = {
				good: fixture.sandbox.addFile(photo, 'image/jpeg'),
				dead: `${fixture.sandbox.origin}/uploads/nothing`,
				page: fixture.sandbox.addFile(Buffer.from('<html>'), 'image/jpeg'),
				narrow: fixture.sandbox.addFile(await image(20, 400).png().toBuffer(), 'image/png'),
			};
			const { items } = await generate(fixture, parameters, undefined, {
				rows: Object.values(links).map((link) => ({ link })),
				...CONTINUE,
			});

			expect(items.map(({ json }) => json.status)).toEqual([
				'completed',
				'failed',
				'failed',
				'failed',
			]);
			expect(items.slice(1).map(({ json }) => json.error)).toEqual([
				expect.objectContaining({
					message: `'Reference Image URLs' contains ${links.dead}, which returned HTTP 404`,
				}),
				expect.objectContaining({ message: expect.stringContaining("which isn't an image") }),
				expect.objectContaining({ message: expect.stringContaining('20×400 pixels') }),
			]);
			expect(bodies(fixture)).toHaveLength(1);
		},
	);
});

describe('Number of Images at EvoLink', () => {
	const rows = [{ prompt: 'A lake' }, { prompt: '一片湖水' }, { prompt: 'A hill' }];
	const parameters = { prompt: '={{ $json.prompt }}', imageFields: '', imageCount: 3 };

	testNode('is added to the prompt in its language on request', async (fixture) => {
		const { items, hints } = await generate(
			fixture,
			{ ...parameters, additionalFields: { askForCount: true } },
			undefined,
			{ rows },
		);

		expect(bodies(fixture).map(({ prompt }) => prompt)).toEqual([
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

	testNode('leads to a hint if fewer images are returned', async (fixture) => {
		const { items, hints } = await generate(fixture, parameters, undefined, { rows });

		expect(items).toHaveLength(3);
		expect(hints).toEqual([
			expect.objectContaining({
				message: expect.stringContaining('Rows 1, 2, 3 returned fewer images than requested.'),
			}),
		]);
	});
});

describe('uploads of reference files', () => {
	const colours = ['#385', '#853', '#538'];
	const photos = async () =>
		await Promise.all(
			colours.map(async (background) => await image(640, 480, background).jpeg().toBuffer()),
		);

	forEachUploading('have names derived from their content', async (fixture) => {
		const { parameters } = fixture.system;
		const [first, second] = await photos();
		const files = [first, second, first].map(async (content) => ({
			data: await stored(content),
		}));
		const { items } = await generate(fixture, parameters, await Promise.all(files));

		expect(items.map(({ json }) => json.status)).toEqual(Array(3).fill('completed'));
		const uploads = fixture.sandbox.uploads();
		expect(new Set(uploads.map(({ fileName }) => fileName)).size).toBe(2);
		for (const { fileName, sha256 } of uploads) {
			expect(fileName).toBe(`reference-${sha256.slice(0, 32)}.jpg`);
		}
	});

	forEachUploading('that return one link for two files fail both rows', async (fixture) => {
		const { parameters } = fixture.system;
		const link = 'https://files.example.com/the-same.jpg';
		fixture.sandbox.setIntercept(({ step }) =>
			step === 'upload' ? respondWith(200, { url: link, data: { file_url: link } }) : undefined,
		);
		const [first, second] = await photos();
		const { items } = await generate(
			fixture,
			parameters,
			[{ data: await stored(first) }, { data: await stored(second) }],
			CONTINUE,
		);

		expect(items.map(({ json }) => json.error)).toEqual(
			Array(2).fill(expect.objectContaining({ code: 'upload_not_unique', charged: 'no' })),
		);
		expect(fixture.sandbox.tasks()).toEqual([]);
	});

	const REJECTIONS = [
		['40001', 200, /too large/],
		['40002', 400, /doesn't accept files of this type/],
		['40003', 200, /already stores too many of your files/],
	] as const;
	for (const [code, status, message] of REJECTIONS) {
		testNode(`rejected with code ${code} and HTTP ${status} say why`, async (fixture) => {
			fixture.sandbox.setIntercept(({ step }) =>
				step === 'upload'
					? respondWith(status, { success: false, code: Number(code), msg: 'refused' })
					: undefined,
			);
			const { error } = await generate(fixture, {}, [{ data: await stored() }]);

			expect(error?.message).toMatch(message);
			expect(error?.message).toContain('refused');
			expect(error?.description).toContain("You weren't charged.");
			expect(fixture.sandbox.uploads()).toEqual([]);
		});
	}

	testNode('may return only a download link', async (fixture) => {
		const link = 'https://files.example.com/early.jpg';
		fixture.sandbox.setIntercept(({ step }) =>
			step === 'upload'
				? respondWith(200, { success: true, data: { download_url: link } })
				: undefined,
		);
		await generate(fixture, {}, [{ data: await stored() }]);
		expect(bodies(fixture)[0]?.image_urls).toEqual([link]);
	});
});

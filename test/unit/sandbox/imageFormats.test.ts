import sharp from 'sharp';

import { labelOf } from '../../sandbox/paddedImages';
import {
	startSandbox,
	type ProviderName,
	type Sandbox,
	type SandboxOptions,
} from '../../sandbox/sandbox';
import { download, send, sendCreate, START_TIME } from './client';

const FLASH = 'doubao-seedream-5.0-flash';

let clock = START_TIME;
let sandbox: Sandbox;

async function start(options: SandboxOptions = {}) {
	sandbox = await startSandbox({ taskSeconds: 10, now: () => clock, ...options });
}

afterEach(async () => sandbox.close());

/** The only image of a finished task. */
async function imageOf(provider: ProviderName, fields: Record<string, unknown>) {
	const create = await sendCreate(sandbox, provider, fields);
	expect(create.data).toMatchObject(create.status < 300 ? {} : { error: undefined });
	clock += 10_000;
	const link = sandbox.tasks().at(-1)?.images[0] ?? '';
	const { headers, data } = await download(link);
	return { link, type: headers['content-type'], data, metadata: await sharp(data).metadata() };
}

it.each<[ProviderName, string, Record<string, unknown>, 'png' | 'jpeg']>([
	['evoLink', 'doubao-seedream-4.5', {}, 'png'],
	['evoLink', 'doubao-seedream-5.0-lite', {}, 'jpeg'],
	['evoLink', 'doubao-seedream-5.0-lite', { model_params: { output_format: 'png' } }, 'png'],
	['evoLink', FLASH, {}, 'jpeg'],
	['evoLink', 'doubao-seedream-5.0-pro', { output_format: 'png' }, 'png'],
	['apiMart', 'seedream-4-0', {}, 'png'],
	['apiMart', 'seedream-5-0-lite', { output_format: 'png' }, 'png'],
	['apiMart', 'seedream-5-0-flash', {}, 'jpeg'],
	['apiMart', 'seedream-5-0-pro', { output_format: 'png' }, 'png'],
	['apiMart', 'seedream-5-5', {}, 'jpeg'],
])('%s %s with %j makes a %s', async (provider, model, fields, format) => {
	const extension = format === 'jpeg' ? 'jpg' : 'png';
	for (const imageBytes of [undefined, 50_000]) {
		await start(imageBytes === undefined ? {} : { imageBytes });
		const size = model === 'doubao-seedream-4.5' ? {} : { size: '4:3' };
		const image = await imageOf(provider, { model, ...size, ...fields });
		expect([image.link.split('/').at(-1), image.type]).toEqual([
			`0.${extension}`,
			`image/${format}`,
		]);
		expect(image.metadata).toMatchObject({ format, hasAlpha: false });
		const wrong = image.link.replace(/\w+$/, format === 'jpeg' ? 'png' : 'jpg');
		expect((await download(wrong)).status).toBe(404);
		await sandbox.close();
	}
});

it.each([20_000, 65_535 + 2_500, 1_000_000])(
	'a padded JPEG has exactly %d bytes',
	async (bytes) => {
		await start({ imageBytes: bytes });
		const { data, metadata } = await imageOf('evoLink', { model: FLASH, size: '16:9' });
		expect(data).toHaveLength(bytes);
		expect(metadata).toMatchObject({ width: 1312, height: 736 });
		const { channels } = await sharp(data).stats();
		expect(channels[0]).toMatchObject({ min: 0, max: 0 });
		expect(labelOf(data.subarray(0, 200))).toBe(`${sandbox.tasks()[0]?.id}/0`);
	},
);

it('padded JPEGs of neighboring sizes differ by one byte', async () => {
	const sizes = [0, 1, 2, 3, 4, 5, 6, 7].map((more) => 2 * 65_537 + 2_300 + more);
	for (const imageBytes of sizes) {
		await start({ imageBytes });
		expect((await imageOf('evoLink', { model: FLASH })).data).toHaveLength(imageBytes);
		await sandbox.close();
	}
});

describe('a transparent background', () => {
	const fields = { model: FLASH, size: '1:1', output_format: 'png', background: 'transparent' };

	/** Transparent on its left side. */
	const halfClear = () =>
		sharp({ create: { width: 20, height: 20, channels: 4, background: '#00000000' } })
			.composite([
				{
					input: { create: { width: 10, height: 20, channels: 4, background: 'teal' } },
					left: 10,
					top: 0,
				},
			])
			.png();

	const opaque = (channels: 3 | 4) =>
		sharp({ create: { width: 20, height: 20, channels, background: 'teal' } });

	it.each<[ProviderName, string]>([
		['evoLink', FLASH],
		['apiMart', 'seedream-5-0-pro'],
	])(
		'a transparent background of %s keeps the transparency of the reference',
		async (provider, model) => {
			await start();
			const reference = sandbox.addFile(await halfClear().toBuffer(), 'image/png');
			const { data, metadata } = await imageOf(provider, {
				...fields,
				model,
				image_urls: [reference],
			});
			expect(metadata).toMatchObject({ format: 'png', hasAlpha: true, width: 1024, height: 1024 });
			const alpha = await sharp(data).extractChannel('alpha').raw().toBuffer();
			const row = 500 * 1024;
			expect([alpha[row + 100], alpha[row + 900]]).toEqual([0, 255]);
		},
	);

	it('a transparent background needs a reference that is a PNG with transparency', async () => {
		await start();
		const isAccepted = async (bytes: Buffer) => {
			const image_urls = [sandbox.addFile(bytes, 'image/png')];
			const { status, data } = await sendCreate(sandbox, 'evoLink', { ...fields, image_urls });
			if (status !== 200) expect([status, data.error.code]).toEqual([400, 'invalid_request']);
			return status === 200;
		};
		expect(await isAccepted(await halfClear().toBuffer())).toBe(true);
		expect(await isAccepted(await halfClear().png({ palette: true }).toBuffer())).toBe(true);
		expect(await isAccepted(await opaque(3).png().toBuffer())).toBe(false);
		expect(await isAccepted(await opaque(4).png().toBuffer())).toBe(false);
		expect(await isAccepted(await halfClear().webp().toBuffer())).toBe(false);
		expect(sandbox.tasks()).toHaveLength(2);
		expect(sandbox.account('evoLink').reserved).toBe(2 * 1.1016);
	});

	it('a transparent image is a valid reference for another one', async () => {
		await start();
		const first = await imageOf('evoLink', {
			...fields,
			image_urls: ['https://example.invalid/cat.png'],
		});
		expect(first.metadata.hasAlpha).toBe(true);
		const second = await imageOf('evoLink', { ...fields, image_urls: [first.link] });
		expect((await sharp(second.data).stats()).isOpaque).toBe(false);
	});

	it('a padded image with a transparent background has the exact bytes', async () => {
		await start({ imageBytes: 5000 });
		const image_urls = ['https://example.invalid/cat.png'];
		const { data, metadata } = await imageOf('evoLink', { ...fields, image_urls });
		expect([data.length, metadata.hasAlpha]).toEqual([5000, true]);
		expect((await sharp(data).stats()).isOpaque).toBe(false);
	});

	it('a missing reference fails the task instead of the create', async () => {
		await start();
		const image_urls = [`${sandbox.origin}/uploads/nowhere.png`];
		expect((await sendCreate(sandbox, 'evoLink', { ...fields, image_urls })).status).toBe(200);
		clock += 10_000;
		const { data } = await send(sandbox, 'evoLink', `tasks/${sandbox.tasks()[0]?.id}`);
		expect(data.error.code).toBe('image_processing_error');
	});
});

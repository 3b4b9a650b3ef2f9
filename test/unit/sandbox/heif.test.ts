import sharp from 'sharp';

import { readImageMetadata } from '../../sandbox/imageMetadata';
import { startSandbox, type ProviderName, type Sandbox } from '../../sandbox/sandbox';
import { send, sendCreate, START_TIME } from './client';

const number = (value: number, bytes = 4): Buffer => {
	const buffer = Buffer.alloc(bytes);
	buffer.writeUIntBE(value, 0, bytes);
	return buffer;
};

const box = (type: string, ...content: Buffer[]): Buffer => {
	const data = Buffer.concat(content);
	return Buffer.concat([number(8 + data.length), Buffer.from(type, 'latin1'), data]);
};

const VERSION = Buffer.alloc(4);

const sizeBox = (width: number, height: number) =>
	box('ispe', VERSION, number(width), number(height));

const fileType = (...brands: string[]) =>
	box('ftyp', Buffer.from(brands[0] ?? ''), VERSION, Buffer.from(brands.slice(1).join('')));

/** Only what says how large the picture is. The tiles and the thumbnail have smaller sizes. */
function heif(width: number, height: number, brands = ['heic', 'mif1', 'heic']): Buffer {
	const sizes = [sizeBox(512, 512), sizeBox(width, height), sizeBox(320, 240)];
	const meta = box('meta', VERSION, box('hdlr', VERSION), box('iprp', box('ipco', ...sizes)));
	return Buffer.concat([fileType(...brands), meta, box('mdat', Buffer.alloc(100))]);
}

it.each<[string, Buffer, object | undefined]>([
	['a HEIC', heif(4032, 3024), { format: 'heif', width: 4032, height: 3024 }],
	['a HEIF', heif(800, 600, ['mif1', 'heic']), { format: 'heif', width: 800, height: 600 }],
	['no size', Buffer.concat([fileType('heic'), box('mdat')]), undefined],
	['a film', heif(800, 600, ['isom', 'mp42']), undefined],
	['a cut HEIC', heif(800, 600).subarray(0, 40), undefined],
])('the metadata of %s are read from its boxes', async (_name, bytes, expected) => {
	const metadata = await readImageMetadata(bytes);
	if (expected === undefined) expect(metadata).toBeUndefined();
	else expect(metadata).toEqual({ ...expected, bytes: bytes.length });
});

it('an AVIF is not a HEIF', async () => {
	const image = sharp({ create: { width: 40, height: 30, channels: 3, background: 'teal' } });
	expect(await readImageMetadata(await image.avif().toBuffer())).toMatchObject({
		format: 'avif',
		width: 40,
		height: 30,
	});
});

describe('a reference in the format HEIC', () => {
	let clock = START_TIME;
	let sandbox: Sandbox;

	beforeEach(async () => {
		sandbox = await startSandbox({ taskSeconds: 10, now: () => clock, imageBytes: 5000 });
	});

	afterEach(async () => sandbox.close());

	async function errorOf(provider: ProviderName, model: string, bytes: Buffer) {
		const image_urls = [sandbox.addFile(bytes, 'image/heic')];
		const { status } = await sendCreate(sandbox, provider, { model, image_urls });
		expect(status).toBe(200);
		clock += 10_000;
		const { data } = await send(sandbox, provider, `tasks/${sandbox.tasks().at(-1)?.id}`);
		return (data.data ?? data).error?.code;
	}

	it.each<[ProviderName, string, string | undefined]>([
		['evoLink', 'doubao-seedream-5.0-flash', undefined],
		['evoLink', 'doubao-seedream-5.0-pro', undefined],
		['evoLink', 'doubao-seedream-5.0-lite', 'image_processing_error'],
		['evoLink', 'doubao-seedream-5.0-pro-layerize', 'image_processing_error'],
		['apiMart', 'seedream-5-0-pro', 'task_failed'],
	])('a reference in the format HEIC for %s %s ends with %s', async (provider, model, code) => {
		expect(await errorOf(provider, model, heif(4032, 3024))).toBe(code);
	});

	it('a reference in the format HEIC has the same limits as others', async () => {
		const flash = 'doubao-seedream-5.0-flash';
		expect(await errorOf('evoLink', flash, heif(9700, 600))).toBe('image_dimension_mismatch');
		expect(await errorOf('evoLink', flash, heif(6001, 6000))).toBe('image_dimension_mismatch');
	});
});

import axios from 'axios';
import sharp from 'sharp';

import type { ImageMetadata } from '../../sandbox/imageMetadata';
import { APIMART_REFERENCES } from '../../sandbox/providers/apiMartModels';
import { EVOLINK_REFERENCES } from '../../sandbox/providers/evoLinkModels';
import { checkReference, type ReferenceLimits } from '../../sandbox/referenceLimits';
import { startSandbox, type ProviderName, type Sandbox } from '../../sandbox/sandbox';
import { download, HOUR_MS, PROVIDERS, send, sendCreate, START_TIME } from './client';

const MB = 1024 * 1024;

/** The fields of an edit besides its references. */
const EDIT_FIELDS: Record<ProviderName, Record<string, unknown>> = {
	evoLink: { model: 'doubao-seedream-4.5', prompt: 'at night', size: '1:1' },
	apiMart: { model: 'doubao-seedance-4-5', prompt: 'at night' },
	apiInOne: { model: 'seedream/4.5-edit', prompt: 'at night' },
};

/** Shared, because it takes a while. */
let tooManyPixels: Promise<Buffer> | undefined;

const draw = (width: number, height: number, background = 'teal') =>
	sharp({ create: { width, height, channels: 3, background } });

/** 24 bits per pixel, rows padded to a multiple of four bytes. */
function bmp(width: number, height: number): Buffer {
	const row = Math.ceil((width * 3) / 4) * 4;
	const file = Buffer.alloc(54 + row * Math.abs(height), 0x80);
	file.fill(0, 0, 54).write('BM', 'latin1');
	file.writeUInt32LE(file.length, 2);
	file.writeUInt32LE(54, 10);
	file.writeUInt32LE(40, 14);
	file.writeInt32LE(width, 18);
	file.writeInt32LE(height, 22);
	file.writeUInt16LE(1, 26);
	file.writeUInt16LE(24, 28);
	return file;
}

/** Of Seedream 4.5. */
const LIMITS: Record<ProviderName, ReferenceLimits> = {
	evoLink: EVOLINK_REFERENCES,
	apiMart: APIMART_REFERENCES,
	apiInOne: EVOLINK_REFERENCES,
};

describe('checkReference', () => {
	const check = (provider: ProviderName, metadata: Partial<ImageMetadata>) =>
		checkReference(provider, LIMITS[provider], {
			format: 'png',
			width: 800,
			height: 600,
			bytes: 5000,
			...metadata,
		});

	describe.each(PROVIDERS)('%s', (provider) => {
		const stretch = provider === 'apiMart' ? 3 : 16;
		const codes =
			provider === 'evoLink'
				? { processing: 'image_processing_error', dimensions: 'image_dimension_mismatch' }
				: { processing: 'task_failed', dimensions: 'task_failed' };

		it.each<[string, Partial<ImageMetadata>]>([
			['10 MB', { bytes: 10 * MB }],
			['sides of 15', { width: 15, height: 15 }],
			['6000×6000', { width: 6000, height: 6000 }],
			['the widest allowed ratio', { width: 100 * stretch, height: 100 }],
			['the tallest allowed ratio', { width: 100, height: 100 * stretch }],
		])('accepts a reference with %s', (_name, metadata) => {
			expect(check(provider, metadata)).toBeUndefined();
		});

		it.each<[string, Partial<ImageMetadata>, keyof typeof codes]>([
			['a byte more than 10 MB', { bytes: 10 * MB + 1 }, 'processing'],
			['the format heif', { format: 'heif' }, 'processing'],
			['the format svg', { format: 'svg' }, 'processing'],
			['a width of 14', { width: 14, height: 20 }, 'dimensions'],
			['a height of 14', { width: 20, height: 14 }, 'dimensions'],
			['6000×6001', { width: 6000, height: 6001 }, 'dimensions'],
			['too wide a ratio', { width: 100 * stretch + 1, height: 100 }, 'dimensions'],
			['too tall a ratio', { width: 100, height: 100 * stretch + 1 }, 'dimensions'],
		])('rejects a reference with %s', (_name, metadata, code) => {
			expect(check(provider, metadata)?.code).toBe(codes[code]);
		});
	});

	it.each<[ProviderName, string[]]>([
		['evoLink', ['jpeg', 'png', 'webp', 'bmp', 'tiff', 'gif']],
		['apiMart', ['jpeg', 'png']],
		['apiInOne', ['jpeg', 'png', 'webp', 'bmp', 'tiff', 'gif']],
	])('%s accepts references in the formats %j', (provider, formats) => {
		const all = ['jpeg', 'png', 'webp', 'bmp', 'tiff', 'gif', 'heif', 'svg'];
		const taken = all.filter((format) => check(provider, { format }) === undefined);
		expect(taken).toEqual(formats);
	});
});

describe('references of a task', () => {
	let clock = START_TIME;
	let sandbox: Sandbox;

	beforeEach(async () => {
		sandbox = await startSandbox({ taskSeconds: 10, now: () => clock });
	});

	afterEach(async () => sandbox.close());

	const add = (bytes: Buffer) => sandbox.addFile(bytes, 'application/octet-stream');

	async function edit(provider: ProviderName, references: string[], fields = {}) {
		const body = { ...EDIT_FIELDS[provider], image_urls: references, ...fields };
		expect((await send(sandbox, provider, 'images/generations', body)).status).toBe(200);
		clock += 10_000;
		const task = sandbox.tasks().at(-1);
		if (task === undefined) throw new Error('There is no task');
		return task.id;
	}

	/** The error of the finished task; undefined if it's completed. */
	async function errorOf(provider: ProviderName, references: string[], fields = {}) {
		const id = await edit(provider, references, fields);
		const { data } = await send(sandbox, provider, `tasks/${id}`);
		return provider === 'evoLink' ? data.error : data.data.error;
	}

	describe.each(PROVIDERS)('%s', (provider) => {
		const code = provider === 'evoLink' ? 'image_processing_error' : 'task_failed';
		const failure = (message: RegExp, name = code) => ({
			code: name,
			message: expect.stringMatching(message),
			type: 'task_error',
		});

		it.each(['jpeg', 'png', 'webp', 'tiff', 'gif', 'bmp'] as const)(
			'detects the format of a %s reference from its bytes',
			async (format) => {
				const bytes =
					format === 'bmp' ? bmp(40, -30) : await draw(40, 30).toFormat(format).toBuffer();
				const error = await errorOf(provider, [add(bytes)]);
				const isAccepted = provider !== 'apiMart' || format === 'jpeg' || format === 'png';
				expect(error).toEqual(isAccepted ? undefined : failure(/^image_urls\.0: .*format/));
			},
		);

		it.each<[string, () => Promise<Buffer> | Buffer, RegExp]>([
			['text', () => Buffer.from('<html>not found</html>'), /cannot be read/],
			['nothing', () => Buffer.alloc(0), /cannot be read/],
			['avif', () => draw(40, 30).avif().toBuffer(), /format/],
			[
				'half a png',
				async () => (await draw(900, 900).png().toBuffer()).subarray(0, -400),
				/damaged/,
			],
			[
				'half a jpeg',
				async () => (await draw(900, 900).jpeg().toBuffer()).subarray(0, -2000),
				/damaged/,
			],
		])('fails a task with the reference %s without a charge', async (_name, make, message) => {
			const good = add(await draw(40, 30).png().toBuffer());
			expect(await errorOf(provider, [good, add(await make())])).toEqual(
				failure(new RegExp(`^image_urls\\.1: .*${message.source}`)),
			);
			expect(sandbox.account(provider)).toEqual({ balance: 10_000, reserved: 0, charged: 0 });
		});

		it('fails a task whose reference exceeds the limits of sides, ratio, pixels or bytes', async () => {
			const dimensions = provider === 'evoLink' ? 'image_dimension_mismatch' : code;
			const small = await draw(14, 20).png().toBuffer();
			const wide = await draw(provider === 'apiMart' ? 61 : 321, 20)
				.png()
				.toBuffer();
			tooManyPixels ??= draw(6000, 6001).png().toBuffer();
			const large = await tooManyPixels;
			const heavy = Buffer.concat([await draw(40, 30).png().toBuffer(), Buffer.alloc(10 * MB)]);
			expect(await errorOf(provider, [add(small)])).toEqual(failure(/14 px/, dimensions));
			expect(await errorOf(provider, [add(wide)])).toEqual(failure(/width\/height/, dimensions));
			expect(await errorOf(provider, [add(large)])).toEqual(failure(/6000×6000/, dimensions));
			expect(await errorOf(provider, [add(heavy)])).toEqual(failure(/10 MB/));
		});

		it('fails a task with an unknown link of the sandbox, but does not download from other hosts', async () => {
			const paths = ['/uploads/nowhere.png', '/images/nowhere/0.png', '/cat.png'];
			for (const path of paths) {
				expect(await errorOf(provider, [`${sandbox.origin}${path}`])).toEqual(
					failure(/nothing is found/),
				);
			}
			expect(await errorOf(provider, ['https://example.invalid/cat.png'])).toBeUndefined();
			expect(sandbox.requests.every(({ step }) => step !== 'download')).toBe(true);
		});

		it('accepts a generated image as a reference until its link expires', async () => {
			const first = await edit(provider, ['https://example.invalid/cat.png']);
			const link = `${sandbox.origin}/images/${first}/0.png`;
			expect(await errorOf(provider, [link])).toBeUndefined();
			clock += 24 * HOUR_MS;
			expect(await errorOf(provider, [link])).toEqual(failure(/nothing is found/));
		});

		it('accepts an upload as a reference for 72 hours', async () => {
			const form = new FormData();
			const png = new Uint8Array(await draw(40, 30).png().toBuffer());
			form.append('file', new Blob([png]), 'cat.png');
			const headers = { authorization: `Bearer ${sandbox.keys.evoLink}` };
			const url = `${sandbox.filesBaseUrl}/api/v1/files/upload/stream`;
			const link = (await axios.post(url, form, { headers })).data.data.file_url;
			expect(await errorOf(provider, [link])).toBeUndefined();
			clock += 72 * HOUR_MS;
			expect(await errorOf(provider, [link])).toEqual(failure(/nothing is found/));
		});
	});

	it('APIMart checks the bytes of a data URI, not its declared type', async () => {
		const uri = (bytes: Buffer) => `data:image/jpeg;base64,${bytes.toString('base64')}`;
		expect(await errorOf('apiMart', [uri(await draw(60, 20).png().toBuffer())])).toBeUndefined();
		const failed = { code: 'task_failed', message: expect.stringContaining('image_urls.0') };
		for (const bytes of [
			await draw(61, 20).png().toBuffer(),
			await draw(60, 20).webp().toBuffer(),
			Buffer.from('abc'),
		]) {
			expect(await errorOf('apiMart', [uri(bytes)])).toMatchObject(failed);
		}
	});

	it('API in One ignores the references of a text-to-image task', async () => {
		const fields = { model: 'seedream/4.5-text-to-image' };
		expect(await errorOf('apiInOne', [add(Buffer.from('abc'))], fields)).toBeUndefined();
	});

	it('a failure requested by the prompt takes precedence over one of a reference', async () => {
		const fields = { prompt: 'x [[fail:content_policy_violation]]' };
		expect(await errorOf('evoLink', [add(Buffer.from('abc'))], fields)).toMatchObject({
			code: 'content_policy_violation',
		});
	});

	it('two creates with the same Idempotency-Key create one task even while references are checked', async () => {
		const references = [add(await draw(900, 900).png().toBuffer())];
		const responses = await Promise.all(
			[1, 2].map(() =>
				sendCreate(
					sandbox,
					'evoLink',
					{ ...EDIT_FIELDS.evoLink, image_urls: references },
					{ 'idempotency-key': 'the-same-for-both' },
				),
			),
		);
		expect(responses.map(({ status }) => status).sort()).toEqual([200, 409]);
		expect(sandbox.tasks()).toHaveLength(1);
	});

	it('an image shows the first reference that can be decoded in its lower right corner', async () => {
		const fields = { model: 'doubao-seedream-4.0', quality: '1K' };
		const references = [
			'https://example.invalid/cat.png',
			add(bmp(40, 30)),
			add(await draw(30, 40, '#ff0000').webp({ lossless: true }).toBuffer()),
			add(await draw(40, 30, '#00ff00').png().toBuffer()),
		];
		const id = await edit('evoLink', references, fields);
		const colorAt = async (task: string, left: number, top: number) => {
			const { data } = await download(`${sandbox.origin}/images/${task}/0.png`);
			const pixel = { left, top, width: 1, height: 1 };
			return [...(await sharp(data).extract(pixel).raw().toBuffer())];
		};
		expect(await colorAt(id, 950, 950)).toEqual([255, 0, 0]);
		const plain = await edit('evoLink', ['https://example.invalid/cat.png'], fields);
		expect(await colorAt(plain, 950, 950)).toEqual(await colorAt(plain, 5, 5));
	});
});

import { createHash } from 'node:crypto';
import sharp from 'sharp';

import { layersOf } from '../../sandbox/layers';
import { drawFlat, PromptImageRenderer } from '../../sandbox/promptImages';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../sandbox/sandbox';
import type { Task } from '../../sandbox/tasks';
import { download, send, sendCreate, START_TIME } from './client';
import { TASK } from './task';

const LAYERIZE = 'doubao-seedream-5.0-flash-layerize';

interface LayerResult {
	url?: string;
	image_url?: string;
	z_index: number;
	name: string;
	bounding_box?: { x: number; y: number; width: number; height: number } | number[];
	description?: string;
}

let clock = START_TIME;
let sandbox: Sandbox;

async function start(options: SandboxOptions = {}) {
	sandbox = await startSandbox({ taskSeconds: 10, now: () => clock, ...options });
}

beforeEach(() => start());

afterEach(async () => sandbox.close());

/** With images that take almost no time to make. */
async function startPadded() {
	await sandbox.close();
	await start({ imageBytes: 5000 });
}

const draw = (width: number, height: number) =>
	sharp({ create: { width, height, channels: 3, background: 'teal' } });

async function split(fields: Record<string, unknown> = {}) {
	const create = await sendCreate(sandbox, 'evoLink', {
		model: LAYERIZE,
		image_urls: ['https://example.invalid/cat.png'],
		quality: '1K',
		...fields,
	});
	expect(create.status).toBe(200);
	clock += 10_000;
	const { data } = await send(sandbox, 'evoLink', `tasks/${create.data.id}`);
	return data;
}

const linkOf = ({ url, image_url }: LayerResult) => url ?? image_url ?? '';

function boxOf({ bounding_box: box }: LayerResult) {
	if (!Array.isArray(box)) return box;
	const [left = 0, top = 0, right = 0, bottom = 0] = box;
	return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Composes what the provider delivered, in the order of z_index. */
async function compose(results: readonly LayerResult[]): Promise<Buffer> {
	const [base, ...layers] = [...results].sort((a, b) => a.z_index - b.z_index);
	if (base === undefined) throw new Error('There is no base');
	const overlays = await Promise.all(
		layers.map(async (layer) => {
			const { x = 0, y = 0 } = boxOf(layer) ?? {};
			return { input: (await download(linkOf(layer))).data, left: x, top: y };
		}),
	);
	return await sharp((await download(linkOf(base))).data)
		.composite(overlays)
		.removeAlpha()
		.raw()
		.toBuffer();
}

const pixelsOf = (image: Buffer) => sharp(image).removeAlpha().raw().toBuffer();

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('the layers of a picture', () => {
	it.each([1, 3, 16])('%d layers and their base add up to the flat picture', async (count) => {
		const pixels = { width: 1000, height: 940 };
		const task: Task = {
			...TASK,
			pixels,
			layers: layersOf(pixels, count),
			images: count + 1,
			delivered: count + 1,
		};
		const renderer = new PromptImageRenderer();
		const [base, ...layers] = await Promise.all(
			(task.layers ?? []).map((_, index) => renderer.render(task, index)),
		);
		const overlays = layers.map((input, index) => ({
			input,
			left: task.layers?.[index + 1]?.box?.x ?? 0,
			top: task.layers?.[index + 1]?.box?.y ?? 0,
		}));
		const flat = await pixelsOf(await drawFlat(task));
		const sum = (input: typeof overlays) =>
			sharp(base).composite(input).removeAlpha().raw().toBuffer();
		expect(hashOf(await sum(overlays))).toBe(hashOf(flat));
		expect(hashOf(await sum(overlays.slice(1)))).not.toBe(hashOf(flat));
		if (count > 1) expect(hashOf(await sum(overlays.toReversed()))).not.toBe(hashOf(flat));
	});

	it('layers have boxes of their own size, with transparent corners and no empty edge', async () => {
		const { result_data: results } = await split({ output_format: 'png' });
		const [base, ...layers] = results as LayerResult[];
		expect([base?.name, base?.bounding_box]).toEqual(['Background', undefined]);
		const canvas = await sharp((await download(linkOf(base as LayerResult))).data).metadata();
		expect(canvas).toMatchObject({ format: 'png', width: 1024, height: 1024 });
		for (const layer of layers) {
			const box = boxOf(layer);
			const { data } = await download(linkOf(layer));
			const { format, width, height } = await sharp(data).metadata();
			expect({ format, width, height }).toEqual({
				format: 'png',
				width: box?.width,
				height: box?.height,
			});
			expect((await sharp(data).stats()).isOpaque).toBe(false);
			const trimmed = await sharp(data)
				.trim({ threshold: 0 })
				.toBuffer({ resolveWithObject: true });
			expect(trimmed.info).toMatchObject({ width, height });
		}
	});
});

describe('a task that splits a picture', () => {
	it('a task that splits a picture lists links in another order than z_index', async () => {
		await startPadded();
		const { id, status, results, result_data: described } = await split();
		const layers = described as LayerResult[];
		expect(status).toBe('completed');
		expect(layers.map(({ z_index: z }) => z)).toEqual([0, 1, 2, 3]);
		expect(layers.map(({ name }) => name)).toEqual(['Background', 'Strip 1', 'Strip 2', 'Strip 3']);
		const links = layers.map(linkOf);
		expect(results).toEqual(links.toReversed());
		expect(links).toEqual(
			['0.jpg', '1.png', '2.png', '3.png'].map((file) => `${sandbox.origin}/images/${id}/${file}`),
		);
		expect(sandbox.tasks()[0]?.images).toEqual(links);
		expect(layers.some(({ description }) => description !== undefined)).toBe(true);
		expect(layers.every(({ description }) => description !== undefined)).toBe(false);
	});

	it('tasks that split a picture vary the names of the link and the form of the box', async () => {
		await startPadded();
		const forms = new Set<string>();
		while (forms.size < 4) {
			const [, layer] = (await split()).result_data as LayerResult[];
			const link = layer?.url === undefined ? 'image_url' : 'url';
			forms.add(`${link} ${Array.isArray(layer?.bounding_box) ? 'edges' : 'size'}`);
		}
		expect(forms.size).toBe(4);
	});

	it.each<[string, number]>([
		['', 4],
		['[[layers:1]]', 2],
		['[[layers:16]]', 17],
		['[[layers:17]]', 4],
	])('the prompt "%s" splits a picture into %d images', async (prompt, images) => {
		await startPadded();
		const { results } = await split(prompt === '' ? {} : { prompt });
		expect(results).toHaveLength(images);
		for (const link of results) expect((await download(link)).data).toHaveLength(5000);
	});

	it('moderation can stop layers', async () => {
		await startPadded();
		const {
			status,
			error,
			results,
			result_data: layers,
		} = await split({ prompt: '[[stopped:2]]' });
		expect([status, error.code]).toEqual(['failed', 'content_policy_violation']);
		expect([results.length, layers.length]).toEqual([2, 2]);
		expect(sandbox.account('evoLink').charged).toBe(2 * 1.1016);
	});

	it('layers in the ratio of the reference add up, and show it', async () => {
		const reference = await draw(1200, 800).png().toBuffer();
		const image_urls = [sandbox.addFile(reference, 'image/png')];
		const fields = { quality: 'auto', output_format: 'png', prompt: '[[layers:2]]', image_urls };
		const { result_data: layers } = await split(fields);
		const sum = await compose(layers);
		expect(sum).toHaveLength(1200 * 800 * 3);
		const corner = ((800 - 60) * 1200 + 1200 - 60) * 3;
		expect([...sum.subarray(corner, corner + 3)]).toEqual([0, 128, 128]);
	});

	it.each<[string, () => Promise<Buffer>, string]>([
		['a side of 511', () => draw(511, 600).png().toBuffer(), 'image_dimension_mismatch'],
		['the format webp', () => draw(600, 600).webp().toBuffer(), 'image_processing_error'],
	])('a reference with %s cannot be split', async (_name, make, code) => {
		await startPadded();
		const image_urls = [sandbox.addFile(await make(), 'image/png')];
		expect(await split({ image_urls })).toMatchObject({ status: 'failed', error: { code } });
	});

	it('a reference with sides of 512 can be split', async () => {
		await startPadded();
		const image_urls = [sandbox.addFile(await draw(512, 512).jpeg().toBuffer(), 'image/jpeg')];
		expect((await split({ image_urls })).status).toBe('completed');
	});
});

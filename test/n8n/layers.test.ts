import type { IBinaryData, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import sharp from 'sharp';
import { z } from 'zod';

import { layersOf } from '../sandbox/layers';
import { drawFlat } from '../sandbox/promptImages';
import { EVOLINK_REFERENCES } from '../sandbox/providers/evoLinkModels';
import type { SandboxRequest } from '../sandbox/sandbox';
import { CONTINUE, engine, fieldOf, respondWith, testNode, type Fixture } from './fixture';
import { REFERENCE } from './systems';

/** Models that split an image into layers, and backgrounds that stay transparent. */

const CANVAS = { width: 1024, height: 1024 };
const CREDITS_PER_LAYER = 1.1016;

const LAYERS: INodeParameters = {
	provider: 'evoLink',
	model: 'doubao-seedream-5.0-flash-layerize',
	prompt: '={{ $json.prompt }}',
	resolution: '1K',
	imageUrls: REFERENCE,
	additionalFields: { outputFormat: 'png' },
};

const WITH_FILE = { options: { layersFile: true } };

async function split(
	fixture: Fixture,
	layers: number,
	parameters: INodeParameters = {},
	options: Parameters<Fixture['run']>[1] = {},
) {
	return await fixture.run('seedreamGenerate', {
		parameters: { ...LAYERS, ...parameters },
		rows: [{ prompt: `Split it [[layers:${layers}]]` }],
		...options,
	});
}

const layerSchema = z.object({
	index: z.number(),
	name: z.string().optional(),
	box: z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }).optional(),
});

const contentSchema = z.object({
	canvas: z.object({ width: z.number(), height: z.number() }),
	layers: z.array(layerSchema.extend({ file: z.string().optional(), url: z.string() })),
});

type PlacedLayer = z.infer<typeof layerSchema> & { file: IBinaryData };

const NO_FILE: IBinaryData = { data: '', mimeType: '' };

const read = async (file: IBinaryData = NO_FILE) => await (await engine()).readFile(file);

/** The layers of items that each have one. */
function placedLayers(items: readonly INodeExecutionData[]): PlacedLayer[] {
	return items.map(({ json, binary }) => ({
		...layerSchema.parse(json.layer),
		file: binary?.data ?? NO_FILE,
	}));
}

/** Puts the layers together, each at its own place. */
async function compose(layers: readonly PlacedLayer[]): Promise<Buffer> {
	const [base, ...others] = layers;
	const overlays = others.map(async ({ file, box }) => {
		const input = await read(file);
		const { width, height } = await sharp(input).metadata();
		expect({ width, height }).toEqual({ width: box?.width, height: box?.height });
		return { input, left: box?.x ?? 0, top: box?.y ?? 0 };
	});
	return await sharp(await read(base?.file))
		.composite(await Promise.all(overlays))
		.removeAlpha()
		.raw()
		.toBuffer();
}

/** The picture that the sandbox cut into these layers. */
async function pictureOf({ sandbox }: Fixture, layers: number): Promise<Buffer> {
	const [task] = sandbox.tasks();
	if (!task) throw new Error('There is no task');
	const flat = await drawFlat({
		...task,
		images: layers + 1,
		delivered: layers + 1,
		pixels: CANVAS,
		layers: layersOf(CANVAS, layers),
		references: [REFERENCE],
		format: 'png',
		referenceLimits: EVOLINK_REFERENCES,
		price: { perTask: 0, perImage: CREDITS_PER_LAYER },
		creditsReserved: 0,
		durationMs: 0,
	});
	return await sharp(flat).removeAlpha().raw().toBuffer();
}

async function contentOf(file: IBinaryData | undefined) {
	return contentSchema.parse(JSON.parse((await read(file)).toString()));
}

const indexesOf = (items: readonly INodeExecutionData[]) =>
	items.map(({ json }) => layerSchema.safeParse(json.layer).data?.index);

/** The number of the image behind a link, from 0. */
const numberOf = ({ path }: SandboxRequest) => Number(/(\d+)\.(?:png|jpg)$/.exec(path)?.[1]);

function breakDownload(fixture: Fixture, broken: number): void {
	fixture.sandbox.setIntercept((request) =>
		request.step === 'download' && numberOf(request) === broken ? respondWith(410) : undefined,
	);
}

describe('layers', () => {
	testNode('are items in their order, and put together they are the picture', async (fixture) => {
		const { status, items, hints } = await split(fixture, 3);

		expect(status).toBe('success');
		expect(indexesOf(items)).toEqual([0, 1, 2, 3]);
		expect(placedLayers(items).map(({ name, box }) => ({ name, box }))).toEqual(
			layersOf(CANVAS, 3).map(({ name, box }) => ({ name, box })),
		);
		expect(fieldOf(items, 'imageUrl')).toEqual(fixture.sandbox.tasks()[0]?.images);
		expect(fieldOf(items, 'imageCount')).toEqual([4, 4, 4, 4]);
		for (const { json } of items) expect(Object.keys(json).length).toBeLessThanOrEqual(10);
		const sum = await compose(placedLayers(items));
		expect(sum.equals(await pictureOf(fixture, 3))).toBe(true);
		expect(hints[0]?.message).toMatch(/^4 images in .* for 4\.4064 credits at EvoLink\./);
		expect(hints[0]?.message).not.toContain('fewer images');
	});

	testNode('keep their transparency', async (fixture) => {
		const { items } = await split(fixture, 1);
		const [, layer] = placedLayers(items);
		const image = sharp(await read(layer?.file));
		expect((await image.metadata()).format).toBe('png');
		expect((await image.stats()).isOpaque).toBe(false);
	});

	testNode('are paid for one by one, up to 17', async (fixture) => {
		const { items } = await split(fixture, 16, { downloadImages: false });
		expect(indexesOf(items)).toEqual(Array.from({ length: 17 }, (_, index) => index));
		const credits = items.map(({ json }) => (json.cost as { credits: number }).credits);
		const { charged } = fixture.sandbox.account('evoLink');
		expect(charged).toBeCloseTo(17 * CREDITS_PER_LAYER, 6);
		expect(credits.reduce((sum, one) => sum + one, 0)).toBeCloseTo(charged, 4);
	});

	testNode('need no prompt', async (fixture) => {
		const { items } = await split(fixture, 0, { prompt: '', downloadImages: false });
		expect(indexesOf(items)).toEqual([0, 1, 2, 3]);
	});

	testNode('are listed in one item per task', async (fixture) => {
		const { items } = await split(fixture, 3, { outputItems: 'perTask' });
		expect(items).toHaveLength(1);
		const { json, binary = {} } = items[0] as INodeExecutionData;
		expect(json).not.toHaveProperty('layer');
		expect(Object.keys(binary)).toEqual(['data', 'data_1', 'data_2', 'data_3']);
		const files = Object.values(binary);
		const layers = z.array(layerSchema).parse(json.layers);
		const placed = layers.map((layer, index) => ({ ...layer, file: files[index] ?? NO_FILE }));
		expect((await compose(placed)).equals(await pictureOf(fixture, 3))).toBe(true);
	});

	testNode('are the same in Seedream Task Status, which has no model', async (fixture) => {
		const submitted = await split(fixture, 3, { continueWhen: 'submitted' });
		const { items } = await fixture.run('seedreamTaskStatus', {
			parameters: {
				provider: 'evoLink',
				taskId: String(submitted.items[0]?.json.taskId),
				continueWhen: 'finished',
				...WITH_FILE,
			},
		});
		expect(indexesOf(items)).toEqual([0, 1, 2, 3, undefined]);
		const sum = await compose(placedLayers(items.slice(0, 4)));
		expect(sum.equals(await pictureOf(fixture, 3))).toBe(true);
		expect(await contentOf(items[4]?.binary?.data)).toMatchObject({ canvas: CANVAS });
	});

	testNode('get unique file names, although their number is not known before', async (fixture) => {
		const rows = ['one', 'two'].map((prompt) => ({ prompt: `${prompt} [[layers:2]]` }));
		const parameters = { options: { fileName: '{row}-{image}-{number}', layersFile: true } };
		const { items } = await split(fixture, 2, parameters, { rows });
		const names = items.map(({ binary }) => binary?.data?.fileName ?? '');
		expect(new Set(names).size).toBe(8);
		expect(names.map((name) => name.replace(/^(\d-\d)-\d+/, '$1'))).toEqual(
			['1', '2'].flatMap((row) => [
				...['1', '2', '3'].map((image) => `${row}-${image}.png`),
				`${row}-1-layers.json`,
			]),
		);
		const numbers = names.flatMap((name) => /-(\d+)\.png$/.exec(name)?.[1] ?? []);
		expect(numbers.sort()).toEqual(['1', '2', '3', '4', '5', '6']);
	});
});

describe('the file of the layers', () => {
	testNode(
		'describes the canvas and the downloaded files, in an item of its own',
		async (fixture) => {
			const { items, hints } = await split(fixture, 3, WITH_FILE);
			expect(items).toHaveLength(5);
			const { json, binary, pairedItem } = items[4] as INodeExecutionData;
			const [task] = fixture.sandbox.tasks();
			const content = await contentOf(binary?.data);
			const layers = layersOf(CANVAS, 3).map(({ name, box }, index) => ({
				index,
				name,
				box: box ?? { x: 0, y: 0, ...CANVAS },
				file: `${task?.id}-${index + 1}.png`,
				url: task?.images[index],
			}));
			expect(content).toEqual({ canvas: CANVAS, layers });
			expect(json).toEqual({
				status: 'completed',
				provider: 'evoLink',
				model: LAYERS.model,
				taskId: task?.id,
				layersFile: `${task?.id}-1-layers.json`,
				canvas: CANVAS,
				layers,
			});
			expect(pairedItem).toEqual({ item: 0 });
			expect(binary?.data).toMatchObject({
				fileName: `${task?.id}-1-layers.json`,
				mimeType: 'application/json',
			});
			expect(items.map(({ binary }) => binary?.data?.fileName).slice(0, 4)).toEqual(
				layers.map(({ file }) => file),
			);
			expect(hints[0]?.message).toMatch(/^4 images in /);
		},
	);

	testNode('is the last file of an item per task', async (fixture) => {
		const parameters = { ...WITH_FILE, outputItems: 'perTask' };
		const { items, hints } = await split(fixture, 3, parameters);
		expect(items).toHaveLength(1);
		const { binary = {} } = items[0] as INodeExecutionData;
		expect(Object.keys(binary)).toEqual(['data', 'data_1', 'data_2', 'data_3', 'data_4']);
		const { layers } = await contentOf(binary.data_4);
		expect(layers.map(({ file }) => file)).toEqual(
			Object.values(binary)
				.slice(0, 4)
				.map(({ fileName }) => fileName),
		);
		expect(hints[0]?.message).toMatch(/^4 images in /);
	});

	testNode('has the true canvas, in whatever format the base is', async (fixture) => {
		const { items } = await split(fixture, 1, { ...WITH_FILE, additionalFields: {} });
		expect(items[0]?.binary?.data?.mimeType).toBe('image/jpeg');
		expect(await contentOf(items[2]?.binary?.data)).toMatchObject({ canvas: CANVAS });
	});

	testNode('names no file for a layer that could not be downloaded', async (fixture) => {
		breakDownload(fixture, 2);
		const { items, status } = await split(fixture, 3, WITH_FILE, CONTINUE);
		expect(status).toBe('success');
		expect(fieldOf(items, 'status')).toEqual([
			'completed',
			'completed',
			'failed',
			'completed',
			'completed',
		]);
		expect(items[2]?.json).toMatchObject({ imageIndex: 2, error: { charged: 'yes' } });
		const { layers } = await contentOf(items[4]?.binary?.data);
		expect(layers.map(({ file }) => file !== undefined)).toEqual([true, true, false, true]);
	});

	testNode('is returned again by a retry that only downloads what is missing', async (fixture) => {
		const rows = [{ prompt: 'one [[layers:2]]' }, { prompt: 'two [[layers:2]]' }];
		let isDown = true;
		fixture.sandbox.setIntercept((request) => {
			if (request.step !== 'download' || !isDown) return undefined;
			const isSecondRow = fixture.promptOf(request.taskId)?.startsWith('two');
			return isSecondRow || numberOf(request) === 1 ? respondWith(410) : undefined;
		});
		const parameters = { options: { fileName: '{number}', layersFile: true } };
		const failed = await split(fixture, 2, parameters, { rows });
		expect(failed.error?.message).toMatch(/^Row 2: /);
		isDown = false;
		const before = fixture.requests('download').length;
		const { items } = await split(fixture, 2, parameters, { rows, retryOf: failed });

		expect(indexesOf(items)).toEqual([0, 1, 2, undefined, 0, 1, 2, undefined]);
		expect(fixture.requests('download').slice(before)).toHaveLength(4);
		const names = items.map(({ binary }) => binary?.data?.fileName);
		expect(new Set(names).size).toBe(8);
		for (const end of [3, 7]) {
			const { layers } = await contentOf(items[end]?.binary?.data);
			expect(layers.map(({ file }) => file)).toEqual(names.slice(end - 3, end));
		}
		expect(fixture.sandbox.tasks()).toHaveLength(2);
		expect(fixture.sandbox.account('evoLink').charged).toBeCloseTo(6 * CREDITS_PER_LAYER, 6);
	});

	testNode("isn't there for images that aren't layers", async (fixture) => {
		const { items } = await fixture.generate(['a lake'], {
			parameters: { ...WITH_FILE, downloadImages: true },
		});
		expect(items).toHaveLength(1);
		expect(items[0]?.json).not.toHaveProperty('layer');
	});
});

describe('a transparent background', () => {
	const TRANSPARENT: INodeParameters = {
		provider: 'evoLink',
		model: 'doubao-seedream-5.0-flash',
		prompt: 'A cat',
		resolution: '1K',
		downloadImages: false,
		additionalFields: { background: 'transparent', outputFormat: 'png' },
	};

	const picture = async (alpha: number) =>
		await sharp({
			create: { width: 640, height: 480, channels: 4, background: { r: 0, g: 9, b: 0, alpha } },
		})
			.png()
			.toBuffer();

	const REFUSAL = (image: string) =>
		`'Background' is "transparent", but ${image} has no transparent areas, so the model would reject it. Use another reference, or choose "opaque"`;

	async function withFile(fixture: Fixture, alpha: number) {
		const data = await (await engine()).storeFile(await picture(alpha), 'image/png');
		const parameters = { ...TRANSPARENT, imageFields: 'data' };
		return await fixture.run('seedreamGenerate', { parameters, files: [{ data }] });
	}

	async function withLink(fixture: Fixture, alpha: number, checkReferences: boolean) {
		const imageUrls = fixture.sandbox.addFile(await picture(alpha), 'image/png');
		const parameters = { ...TRANSPARENT, imageUrls, options: { checkReferences } };
		return { imageUrls, ...(await fixture.run('seedreamGenerate', { parameters })) };
	}

	testNode('is kept from a file with transparent areas', async (fixture) => {
		const { items } = await withFile(fixture, 0.5);
		expect(fieldOf(items, 'status')).toEqual(['completed']);
	});

	testNode(
		'is refused for a file without transparent areas, before anything is sent',
		async (fixture) => {
			const { error } = await withFile(fixture, 1);
			expect(error?.message).toBe(REFUSAL('the image in "data"'));
			expect(error?.description).toContain("You weren't charged");
			expect(fixture.sandbox.requests).toEqual([]);
		},
	);

	testNode(
		'is refused for a link without transparent areas if references are checked',
		async (fixture) => {
			const { error, imageUrls } = await withLink(fixture, 1, true);
			expect(error?.message).toBe(REFUSAL(`the image at ${imageUrls}`));
			expect(fixture.requests('create')).toEqual([]);
		},
	);

	testNode(
		'is kept from a link with transparent areas if references are checked',
		async (fixture) => {
			const { items } = await withLink(fixture, 0, true);
			expect(fieldOf(items, 'status')).toEqual(['completed']);
		},
	);
});

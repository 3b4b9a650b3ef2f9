import { omit } from 'lodash';
import type { IBinaryData } from 'n8n-workflow';

import {
	selectFields,
	ITEM_FIELDS,
	compact,
	finishedItems,
	runningItem,
	type FinishedTask,
	type ItemOptions,
} from '../../../../nodes/Seedream/output/taskItems';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { CompletedTask } from '../../../../nodes/Seedream/providers/provider';

const LINKS = ['https://a.example/1.png', 'https://a.example/2.png', 'https://a.example/3.png'];
const RAW = { id: 'task-1', status: 'completed' };

const OPTIONS: ItemOptions = {
	itemIndex: 4,
	outputItems: 'perImage',
	outputField: 'data',
	simplify: true,
};

const STATE: CompletedTask = {
	status: 'completed',
	imageUrls: LINKS,
	expiresAt: new Date('2026-11-21T08:00:00Z'),
	cost: { credits: 4.5, usd: 0.15 },
	seconds: 31.4,
};

function file(name: string): IBinaryData {
	return { data: '', mimeType: 'image/png', fileName: name };
}

function finished(
	state: Partial<CompletedTask> = {},
	files: IBinaryData[] = [],
): FinishedTask<IBinaryData> {
	return {
		facts: { provider: evoLink, taskId: 'task-1', model: 'doubao-seedream-4.5', prompt: 'A lake' },
		state: { ...STATE, ...state },
		raw: RAW,
		files,
	};
}

const FILES = LINKS.map((_, index) => file(`${index}.png`));

describe('one item per image', () => {
	it('the items per image are complete, in order, and linked to their row', () => {
		expect(finishedItems(finished({}, FILES), OPTIONS)).toEqual(
			LINKS.map((imageUrl, imageIndex) => ({
				json: {
					status: 'completed',
					provider: 'evoLink',
					model: 'doubao-seedream-4.5',
					taskId: 'task-1',
					prompt: 'A lake',
					imageUrl,
					imageIndex,
					imageCount: 3,
					expiresAt: '2026-11-21T08:00:00.000Z',
					cost: { credits: 1.5, usd: 0.05 },
				},
				binary: { data: FILES[imageIndex] },
				pairedItem: { item: 4 },
			})),
		);
	});

	it.each<[number, object, object]>([
		[1, { credits: 2.25 }, { credits: 2.25 }],
		[3, { credits: 1 }, { credits: 0.333333 }],
		[3, { usd: 0.1 }, { usd: 0.033333 }],
		[2, { credits: 0 }, { credits: 0 }],
		[2, { credits: 3.2, estimated: true }, { credits: 1.6, estimated: true }],
	])(
		"an item per image has its share of the task's cost (%i images, %j)",
		(images, cost, share) => {
			const items = finishedItems(finished({ imageUrls: LINKS.slice(0, images), cost }), OPTIONS);
			expect(items.map(({ json }) => json.cost)).toEqual(
				Array.from({ length: images }, () => share),
			);
		},
	);

	it('an item per image has its file in the field that the user chose', () => {
		const items = finishedItems(finished({}, FILES), { ...OPTIONS, outputField: 'picture' });
		expect(items.map(({ binary }) => binary)).toEqual(FILES.map((picture) => ({ picture })));
	});

	it('an item per image has no files if nothing was downloaded', () => {
		for (const item of finishedItems(finished(), OPTIONS)) {
			expect(Object.keys(item)).toEqual(['json', 'pairedItem']);
		}
	});
});

describe('one item per task', () => {
	const options: ItemOptions = { ...OPTIONS, outputItems: 'perTask' };

	it('an item per task has all links, all files and the whole cost', () => {
		expect(finishedItems(finished({}, FILES), options)).toEqual([
			{
				json: {
					status: 'completed',
					provider: 'evoLink',
					model: 'doubao-seedream-4.5',
					taskId: 'task-1',
					prompt: 'A lake',
					imageUrls: LINKS,
					imageCount: 3,
					expiresAt: '2026-11-21T08:00:00.000Z',
					cost: { credits: 4.5, usd: 0.15 },
				},
				binary: { data: FILES[0], data_1: FILES[1], data_2: FILES[2] },
				pairedItem: { item: 4 },
			},
		]);
	});

	it('an item per task names its files after the field that the user chose', () => {
		const [item] = finishedItems(finished({}, FILES), { ...options, outputField: 'picture' });
		expect(Object.keys(item?.binary ?? {})).toEqual(['picture', 'picture_1', 'picture_2']);
	});

	it('an item per task has no files if nothing was downloaded', () => {
		const [item] = finishedItems(finished(), options);
		expect(item).not.toHaveProperty('binary');
	});
});

describe.each(['perImage', 'perTask'] as const)('fields of an item (%s)', (outputItems) => {
	it(`an item (${outputItems}) leaves out what isn't known`, () => {
		const task = finished({ expiresAt: undefined, cost: undefined, seconds: undefined });
		const facts = { provider: evoLink, taskId: 'task-1' };
		for (const { json } of finishedItems({ ...task, facts }, { ...OPTIONS, outputItems })) {
			for (const name of ['expiresAt', 'cost', 'seconds', 'model', 'prompt', 'raw']) {
				expect(json).not.toHaveProperty(name);
			}
			expect(json).toMatchObject({ status: 'completed', provider: 'evoLink', taskId: 'task-1' });
		}
	});

	it(`an item (${outputItems}) leaves out unknown parts of the cost`, () => {
		const task = finished({ cost: { credits: 3 } });
		for (const { json } of finishedItems(task, { ...OPTIONS, outputItems })) {
			expect(Object.keys(Object(json.cost))).toEqual(['credits']);
		}
	});

	it(`a simplified item (${outputItems}) has at most ten fields`, () => {
		for (const { json } of finishedItems(finished(), { ...OPTIONS, outputItems })) {
			expect(Object.keys(json).length).toBeLessThanOrEqual(10);
			expect(Object.keys(ITEM_FIELDS)).toEqual(expect.arrayContaining(Object.keys(json)));
		}
	});

	it(`an item that isn't simplified (${outputItems}) has all fields`, () => {
		const all = finishedItems(finished(), { ...OPTIONS, outputItems, simplify: false });
		for (const { json } of all) {
			expect(json.seconds).toBe(31.4);
			const fields = Object.keys(
				omit(
					ITEM_FIELDS,
					['layer', 'layers', 'reused', 'fallbackFrom', 'fallbackReason'],
					outputItems === 'perImage' ? ['imageUrls'] : ['imageUrl', 'imageIndex'],
				),
			);
			expect(Object.keys(json).sort()).toEqual([...fields, 'raw'].sort());
		}
	});

	it(`an item that isn't simplified (${outputItems}) has the provider's raw response`, () => {
		const options = { ...OPTIONS, outputItems, simplify: false };
		for (const { json } of finishedItems(finished(), options)) expect(json.raw).toEqual(RAW);
	});
});

const LAYERS = [
	{ index: 0 },
	{ index: 1, name: 'Title', box: { x: 20, y: 10, width: 300, height: 80 } },
	{ index: 2, name: 'Cat' },
];

describe('layers', () => {
	const layers = finished({ layers: LAYERS }, FILES);

	it('each item of a layer says which one it is, within ten fields', () => {
		const items = finishedItems(layers, OPTIONS);
		expect(items.map(({ json }) => json.layer)).toEqual(LAYERS);
		expect(items.map(({ json }) => json.cost)).toEqual(Array(3).fill({ credits: 1.5, usd: 0.05 }));
		for (const { json } of items) {
			expect(Object.keys(json).length).toBeLessThanOrEqual(10);
			expect(Object.keys(ITEM_FIELDS)).toEqual(expect.arrayContaining(Object.keys(json)));
		}
	});

	it("an item of a layer that isn't simplified has the prompt as well", () => {
		const [item] = finishedItems(layers, { ...OPTIONS, simplify: false });
		expect(item?.json).toMatchObject({ prompt: 'A lake', layer: { index: 0 } });
	});

	it('an item per task lists its layers, within ten fields', () => {
		const [item] = finishedItems(layers, { ...OPTIONS, outputItems: 'perTask' });
		expect(item?.json).toMatchObject({ layers: LAYERS, prompt: 'A lake' });
		expect(Object.keys(item?.json ?? {}).length).toBeLessThanOrEqual(10);
	});

	it('only the layers that are returned are listed', () => {
		const task = { ...layers, only: 1 };
		expect(finishedItems(task, OPTIONS).map(({ json }) => json.layer)).toEqual([LAYERS[1]]);
		const [item] = finishedItems(task, { ...OPTIONS, outputItems: 'perTask' });
		expect(item?.json.layers).toEqual([LAYERS[1]]);
	});

	it.each(['perImage', 'perTask'] as const)(
		"images that aren't layers don't have them (%s)",
		(outputItems) => {
			for (const { json } of finishedItems(finished(), { ...OPTIONS, outputItems })) {
				expect(json).not.toHaveProperty('layer');
				expect(json).not.toHaveProperty('layers');
			}
		},
	);
});

describe('the file of the layers', () => {
	const content = {
		canvas: { width: 640, height: 480 },
		layers: LAYERS.map((layer, index) => ({
			...layer,
			file: `${index}.png`,
			url: LINKS[index] ?? '',
		})),
	};
	const layersFile = { file: file('0-layers.json'), name: '0-layers.json', content };
	const task = { ...finished({ layers: LAYERS }, FILES), layersFile };

	it('the file of the layers is in an item after them, without a link or a cost', () => {
		const items = finishedItems(task, { ...OPTIONS, outputField: 'picture' });
		expect(items).toHaveLength(4);
		expect(items[3]).toEqual({
			json: {
				status: 'completed',
				provider: 'evoLink',
				model: 'doubao-seedream-4.5',
				taskId: 'task-1',
				layersFile: '0-layers.json',
				...content,
			},
			binary: { picture: layersFile.file },
			pairedItem: { item: 4 },
		});
	});

	it('the file of the layers follows those of the images, whichever are missing', () => {
		const options: ItemOptions = { ...OPTIONS, outputItems: 'perTask' };
		const [item, ...others] = finishedItems(
			{ ...task, files: [FILES[0], undefined, FILES[2]] },
			options,
		);
		expect(others).toEqual([]);
		expect(item?.binary).toEqual({ data: FILES[0], data_2: FILES[2], data_3: layersFile.file });
	});
});

describe('the warning of a task', () => {
	const warning = 'It may have been made twice';
	const facts = { provider: evoLink, taskId: 'task-1', warning };

	it.each(['perImage', 'perTask'] as const)(
		"a task's warning is in each of its items (%s)",
		(outputItems) => {
			for (const state of [{}, { imageUrls: LINKS.slice(0, 1) }]) {
				const items = finishedItems({ ...finished(state), facts }, { ...OPTIONS, outputItems });
				for (const { json } of items) expect(json.warning).toBe(warning);
			}
		},
	);

	it("a task's warning is in the item of a running task", () => {
		const { json } = runningItem(facts, { status: 'submitted' }, undefined, OPTIONS);
		expect(json.warning).toBe(warning);
	});

	it('an item has no warning if there is none', () => {
		for (const { json } of finishedItems(finished(), OPTIONS)) {
			expect(json).not.toHaveProperty('warning');
		}
	});
});

describe('a running task', () => {
	const facts = { provider: evoLink, taskId: 'task-1', model: 'm', prompt: 'A lake' };

	it.each(['submitted', 'processing'] as const)(
		"a running task's item has the status %s",
		(status) => {
			expect(runningItem(facts, { status }, RAW, OPTIONS)).toEqual({
				json: { status, provider: 'evoLink', model: 'm', taskId: 'task-1', prompt: 'A lake' },
				pairedItem: { item: 4 },
			});
		},
	);

	it("a running task's item has its progress, if the provider reports it", () => {
		const { json } = runningItem(facts, { status: 'processing', progress: 40 }, RAW, OPTIONS);
		expect(json).toMatchObject({ status: 'processing', progress: 40 });
	});

	it("a running task's item has the raw response, if there is one, unless it's simplified", () => {
		const options = { ...OPTIONS, simplify: false };
		expect(runningItem(facts, { status: 'submitted' }, RAW, options).json.raw).toEqual(RAW);
		expect(runningItem(facts, { status: 'submitted' }, undefined, options).json).not.toHaveProperty(
			'raw',
		);
	});
});

it('compact() leaves out undefined values, and nothing else', () => {
	const kept = { no: false, zero: 0, empty: '', none: null, list: [] };
	expect(compact({ ...kept, gone: undefined })).toEqual(kept);
	expect(Object.keys(compact({ ...kept, gone: undefined }))).not.toContain('gone');
});

describe('selected fields', () => {
	const [item] = finishedItems(finished({}, FILES), OPTIONS);

	it('an item with selected fields has only these and its file', () => {
		expect(item && selectFields(item, ['imageUrl', 'status'])).toEqual({
			json: { status: 'completed', imageUrl: LINKS[0] },
			binary: { data: FILES[0] },
			pairedItem: { item: 4 },
		});
	});

	it("selected fields don't hide a warning about money", () => {
		const json = { ...item?.json, warning: 'It may have been charged twice' };
		expect(selectFields({ json, pairedItem: { item: 0 } }, ['status']).json).toEqual({
			status: 'completed',
			warning: 'It may have been charged twice',
		});
	});

	it("selected fields don't hide why a row failed", () => {
		const failed = { json: { status: 'failed', error: {} }, pairedItem: { item: 0 } };
		expect(selectFields(failed, ['imageUrl'])).toBe(failed);
	});
});

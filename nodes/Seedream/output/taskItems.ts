import type { CompletedTask, Provider, RunningTask } from '../providers/provider';
import type { Cost } from '../shared/cost';
import type { JsonObject } from '../shared/json';
import type { LayersFile } from './layersFile';

/** A value that n8n accepts in an item. */
type FieldValue = string | number | boolean | object | null | undefined;

/** An item of the node's output. `File` is n8n's reference to a downloaded file. */
export type OutputItem<File> = {
	json: Record<string, FieldValue>;
	binary?: Record<string, File>;
	pairedItem: { item: number };
};

/** The fields of a finished image's item. n8n's guidelines allow ten of them when simplified. */
export const ITEM_FIELDS = {
	cost: 'Cost',
	expiresAt: 'Expires At',
	fallbackFrom: 'Fallback From',
	fallbackReason: 'Fallback Reason',
	imageCount: 'Image Count',
	imageIndex: 'Image Index',
	imageUrl: 'Image URL',
	imageUrls: 'Image URLs',
	layer: 'Layer',
	layers: 'Layers',
	model: 'Model',
	prompt: 'Prompt',
	provider: 'Provider',
	reused: 'Reused',
	seconds: 'Seconds',
	status: 'Status',
	taskId: 'Task ID',
} as const;

export type ItemField = keyof typeof ITEM_FIELDS;

/** What's known about a row's task besides its state. */
export interface TaskFacts {
	provider: Provider;
	taskId: string;
	model?: string;
	prompt?: string;
	/** Another provider was to generate the image: its ID, and why it didn't. */
	fallback?: { from: string; reason: string };
	/** Another execution paid for the images. */
	isReused?: boolean;
	/** What people have to know: it may have been charged twice, or some of its images are missing. */
	warning?: string;
}

/** A finished task: its response, and its files if they were downloaded. */
export interface FinishedTask<File> {
	facts: TaskFacts;
	state: CompletedTask;
	raw: JsonObject;
	/** One for each image, or none at all; undefined where the download failed. */
	files: ReadonlyArray<File | undefined>;
	/** Describes the images, where they're layers and the user wants it. */
	layersFile?: LayersFile<File>;
	/** Failed items that take the place of images whose download failed, by their index. */
	failed?: ReadonlyMap<number, OutputItem<File>>;
	/** The index of the only image to return; the others were returned before. */
	only?: number;
}

export interface ItemOptions {
	itemIndex: number;
	/** One item for each image, or one for the whole task. */
	outputItems: 'perImage' | 'perTask';
	/** The name of the binary field; further images of one item get `_1`, `_2` … behind it. */
	outputField: string;
	/** When off, an item has all fields, and the provider's response as `raw`. */
	simplify: boolean;
}

/** A task without images yet; `progress` in percent, where the provider says. */
export function runningItem(
	facts: TaskFacts,
	{ status, progress }: Pick<RunningTask, 'status' | 'progress'>,
	raw: JsonObject | undefined,
	options: ItemOptions,
): OutputItem<never> {
	return item({ status, ...taskJson(facts), progress, warning: facts.warning }, raw, options);
}

export function finishedItems<File>(
	task: FinishedTask<File>,
	options: ItemOptions,
): Array<OutputItem<File>> {
	if (options.outputItems === 'perImage') {
		return [...imageItems(task, options), ...layersFileItems(task, options)];
	}
	const failed = [...(task.failed?.values() ?? [])];
	// When all of its images failed, an item for the task would be empty.
	const isEmpty = failed.length > 0 && failed.length === returnedImages(task).length;
	return isEmpty ? failed : [taskItem(task, options), ...failed];
}

/** The indexes of the images to return. */
function returnedImages({ state, only }: FinishedTask<unknown>): number[] {
	const all = state.imageUrls.map((_url, index) => index);
	return only === undefined ? all : all.filter((index) => index === only);
}

/** Each file keeps its own number, whichever others are missing. */
function taskItem<File>(task: FinishedTask<File>, options: ItemOptions): OutputItem<File> {
	const { facts, state, files, layersFile, raw } = task;
	const { status, cost, layers } = state;
	const { outputField } = options;
	const images = returnedImages(task);
	const isAll = images.length === state.imageUrls.length;
	const imageUrls = images.flatMap((index) => state.imageUrls[index] ?? []);
	const json = {
		status,
		...taskJson(facts),
		imageUrls,
		imageCount: imageUrls.length,
		layers: layers && images.flatMap((index) => layers[index] ?? []),
		...resultJson(state, isAll || !cost ? cost : shareOf(cost, state.imageUrls.length), options),
		warning: facts.warning,
	};
	const allFiles = [...images.map((image) => files[image]), layersFile?.file];
	const binary: Record<string, File> = Object.fromEntries(
		allFiles.flatMap((file, place) => {
			return file ? [[place === 0 ? outputField : `${outputField}_${place}`, file]] : [];
		}),
	);
	const hasFiles = Object.keys(binary).length > 0;
	return { ...item(json, raw, options), ...(hasFiles ? { binary } : {}) };
}

/** Each image carries its own share of the cost, so that a column of costs adds up. */
function imageItems<File>(task: FinishedTask<File>, options: ItemOptions): Array<OutputItem<File>> {
	const { facts, state, files, failed, raw } = task;
	const { status, imageUrls, layers } = state;
	const cost = state.cost && shareOf(state.cost, imageUrls.length);
	return returnedImages(task).map((imageIndex) => {
		const layer = layers?.[imageIndex];
		const json = {
			status,
			...taskJson(layer ? layerFacts(facts, options) : facts),
			imageUrl: imageUrls[imageIndex],
			imageIndex,
			imageCount: imageUrls.length,
			layer,
			...resultJson(state, cost, options),
			warning: facts.warning,
		};
		const file = files[imageIndex];
		return (
			failed?.get(imageIndex) ?? {
				...item(json, raw, options),
				...(file ? { binary: { [options.outputField]: file } } : {}),
			}
		);
	});
}

/** It isn't an image: it has no link and no cost. */
function layersFileItems<File>(
	{ facts, state: { status }, layersFile, raw }: FinishedTask<File>,
	options: ItemOptions,
): Array<OutputItem<File>> {
	if (!layersFile) return [];
	const { file, name, content } = layersFile;
	const json = {
		status,
		...taskJson(layerFacts(facts, options)),
		layersFile: name,
		...content,
	};
	return [{ ...item(json, raw, options), binary: { [options.outputField]: file } }];
}

/** A layer has more than ten fields with its prompt, which is optional and says little about it. */
function layerFacts(facts: TaskFacts, { simplify }: ItemOptions): TaskFacts {
	return simplify ? { ...facts, prompt: undefined } : facts;
}

function item(
	json: Record<string, FieldValue>,
	raw: JsonObject | undefined,
	{ itemIndex, simplify }: ItemOptions,
): OutputItem<never> {
	return {
		json: compact(simplify ? json : { ...json, raw }),
		pairedItem: { item: itemIndex },
	};
}

function taskJson({ provider, taskId, model, prompt, fallback, isReused }: TaskFacts) {
	return {
		provider: provider.id,
		model,
		taskId,
		prompt,
		fallbackFrom: fallback?.from,
		fallbackReason: fallback?.reason,
		reused: isReused || undefined,
	};
}

function resultJson(
	{ expiresAt, seconds }: CompletedTask,
	cost: Cost | undefined,
	{ simplify }: ItemOptions,
) {
	return {
		expiresAt: expiresAt?.toISOString(),
		cost: cost && compact({ ...cost }),
		...(simplify ? {} : { seconds }),
	};
}

function shareOf(cost: Cost, images: number): Cost {
	const share = (amount: number | undefined) =>
		amount === undefined ? undefined : Number((amount / images).toFixed(6));
	return { ...cost, credits: share(cost.credits), usd: share(cost.usd) };
}

/** Leaves out unknown fields rather than showing them as null. */
export function compact(fields: Record<string, FieldValue>): Record<string, FieldValue> {
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/**
 * Only these fields of a finished or running task's item. A warning stays, because it's about money;
 * failed items stay as they are.
 */
export function selectFields<File>(
	item: OutputItem<File>,
	fields: readonly ItemField[],
): OutputItem<File> {
	if ('error' in item.json) return item;
	const selected = new Set<string>([...fields, 'warning']);
	const json = Object.entries(item.json).filter(([name]) => selected.has(name));
	return { ...item, json: Object.fromEntries(json) };
}

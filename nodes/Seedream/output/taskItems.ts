import type { CompletedTask, Cost, Provider, RunningTask } from '../providers/provider';
import type { JsonObject } from '../shared/json';

/** A field of an item, as n8n takes it. */
type FieldValue = string | number | boolean | object | null | undefined;

/** An item of the node's output. `File` is what n8n keeps of a downloaded file. */
export type OutputItem<File> = {
	json: Record<string, FieldValue>;
	binary?: Record<string, File>;
	pairedItem: { item: number };
};

/** What is known of a row's task besides its state. */
export interface TaskFacts {
	provider: Provider;
	taskId: string;
	model?: string;
	prompt?: string;
	/** What people have to know of it: it may be paid twice, or some of its images are missing. */
	warning?: string;
}

/** A finished task: its answer, and its files if they were downloaded. */
export interface FinishedTask<File> {
	facts: TaskFacts;
	state: CompletedTask;
	raw: JsonObject;
	/** One for each image, or none at all; undefined where it could not be fetched. */
	files: ReadonlyArray<File | undefined>;
	/** What stands in the place of images whose files could not be fetched, by their index. */
	failed?: ReadonlyMap<number, OutputItem<File>>;
	/** The others have been handed on before. */
	only?: number;
}

export interface ItemOptions {
	itemIndex: number;
	/** One item for each image, or one for the whole task. */
	outputItems: 'perImage' | 'perTask';
	/** The name of the binary field; further images of one item get `_1`, `_2` … behind it. */
	outputField: string;
	/** When off, the provider's answer stands under `raw`. */
	simplify: boolean;
}

/** A task that has no images yet; `progress` in per cent, where the provider says. */
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
	if (options.outputItems === 'perImage') return imageItems(task, options);
	const failed = [...(task.failed?.values() ?? [])];
	// With nothing but failed images, there is nothing that an item of the task could hold.
	const isEmpty = failed.length > 0 && failed.length === handedOn(task).length;
	return isEmpty ? failed : [taskItem(task, options), ...failed];
}

/** The images that are handed on, by their index. */
function handedOn({ state, only }: FinishedTask<unknown>): number[] {
	const all = state.imageUrls.map((_url, index) => index);
	return only === undefined ? all : all.filter((index) => index === only);
}

/** Each file stands under its own number, whichever others are missing. */
function taskItem<File>(task: FinishedTask<File>, options: ItemOptions): OutputItem<File> {
	const { facts, state, files, raw } = task;
	const { status, cost } = state;
	const { outputField } = options;
	const images = handedOn(task);
	const isAll = images.length === state.imageUrls.length;
	const imageUrls = images.flatMap((index) => state.imageUrls[index] ?? []);
	const json = {
		status,
		...taskJson(facts),
		imageUrls,
		imageCount: imageUrls.length,
		...endJson(state, isAll || !cost ? cost : shareOf(cost, state.imageUrls.length)),
		warning: facts.warning,
	};
	const binary: Record<string, File> = Object.fromEntries(
		images.flatMap((image, place) => {
			const file = files[image];
			return file ? [[place === 0 ? outputField : `${outputField}_${place}`, file]] : [];
		}),
	);
	const hasFiles = Object.keys(binary).length > 0;
	return { ...item(json, raw, options), ...(hasFiles ? { binary } : {}) };
}

/** Each image carries its own share of the cost, so that a column of costs adds up. */
function imageItems<File>(task: FinishedTask<File>, options: ItemOptions): Array<OutputItem<File>> {
	const { facts, state, files, failed, raw } = task;
	const { status, imageUrls } = state;
	const cost = state.cost && shareOf(state.cost, imageUrls.length);
	return handedOn(task).map((imageIndex) => {
		const json = {
			status,
			...taskJson(facts),
			imageUrl: imageUrls[imageIndex],
			imageIndex,
			imageCount: imageUrls.length,
			...endJson(state, cost),
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

function taskJson({ provider, taskId, model, prompt }: TaskFacts) {
	return { provider: provider.id, model, taskId, prompt };
}

function endJson({ expiresAt, seconds }: CompletedTask, cost: Cost | undefined) {
	return { expiresAt: expiresAt?.toISOString(), cost: cost && compact({ ...cost }), seconds };
}

function shareOf(cost: Cost, images: number): Cost {
	const share = (amount: number | undefined) =>
		amount === undefined ? undefined : Number((amount / images).toFixed(6));
	return { ...cost, credits: share(cost.credits), usd: share(cost.usd) };
}

/** What nobody said is left out rather than shown as null. */
export function compact(fields: Record<string, FieldValue>): Record<string, FieldValue> {
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

import { createRequire } from 'node:module';
import { z } from 'zod';

/** The data of an execution, as far as the tests need it. */

const sourceSchema = z.object({
	previousNode: z.string(),
	previousNodeOutput: z.number().nullish(),
	previousNodeRun: z.number().nullish(),
});

/** Items of a loop name their source themselves, as another run created them. */
const pairedItemSchema = z.object({
	item: z.number(),
	input: z.number().nullish(),
	sourceOverwrite: sourceSchema.nullish(),
});

const itemSchema = z.object({
	json: z.record(z.unknown()),
	binary: z
		.record(
			z.object({
				/** Missing if n8n keeps files in memory, as n8n 1 does by default. */
				id: z.string().optional(),
				/** In that case the file itself, in base64. */
				data: z.string(),
				mimeType: z.string(),
				fileName: z.string().optional(),
			}),
		)
		.nullish(),
	pairedItem: z.union([z.number(), pairedItemSchema, z.array(pairedItemSchema)]).nullish(),
});

const errorSchema = z.object({ message: z.string() }).passthrough();

const taskSchema = z.object({
	startTime: z.number(),
	executionTime: z.number(),
	source: z.array(sourceSchema.nullable()).nullish(),
	error: errorSchema.nullish(),
	data: z
		.object({ main: z.array(z.array(itemSchema).nullable()) })
		.partial()
		.nullish(),
	hints: z.array(z.object({ message: z.string() })).nullish(),
});

const executionDataSchema = z.object({
	resultData: z.object({
		/** Missing if a worker was stopped or died before a node had ended. */
		runData: z.record(z.array(taskSchema)).default({}),
		lastNodeExecuted: z.string().nullish(),
		error: errorSchema.nullish(),
	}),
});

export type Item = z.infer<typeof itemSchema>;
export type NodeTask = z.infer<typeof taskSchema>;
export type ExecutionData = z.infer<typeof executionDataSchema>;

/** n8n saves executions with a library for circular references; this is n8n's own copy of it. */
export function readExecutionData(text: string): ExecutionData {
	const core = createRequire(require.resolve('n8n-core'));
	const { parse } = createRequire(core.resolve('@n8n/backend-common'))('flatted') as {
		parse: (text: string) => unknown;
	};
	return executionDataSchema.parse(parse(text));
}

/** Every run of a node, oldest first. */
export function runsOf({ resultData }: ExecutionData, node: string): NodeTask[] {
	return resultData.runData[node] ?? [];
}

export function itemsOf(task: NodeTask | undefined, output = 0): Item[] {
	return task?.data?.main?.[output] ?? [];
}

/** An item's place in an execution. */
export interface Place {
	node: string;
	run: number;
	output: number;
	item: number;
}

/**
 * The item of `ancestor` that this one descends from, as `$('ancestor').item` finds it in an expression; undefined
 * if it's missing or ambiguous.
 */
export function ancestorOf(data: ExecutionData, place: Place, ancestor: string): Place | undefined {
	let current: Place | undefined = place;
	while (current !== undefined && current.node !== ancestor) current = parentOf(data, current);
	return current;
}

function parentOf(data: ExecutionData, { node, run, output, item }: Place): Place | undefined {
	const task = runsOf(data, node)[run];
	const paired = onlyPair(itemsOf(task, output)[item]?.pairedItem);
	const source = paired && (paired.sourceOverwrite ?? task?.source?.[paired.input ?? 0]);
	return source
		? {
				node: source.previousNode,
				run: source.previousNodeRun ?? 0,
				output: source.previousNodeOutput ?? 0,
				item: paired.item,
			}
		: undefined;
}

function onlyPair(paired: Item['pairedItem']) {
	if (paired === undefined || paired === null) return undefined;
	if (typeof paired === 'number') return { item: paired };
	if (!Array.isArray(paired)) return paired;
	return paired.length === 1 ? paired[0] : undefined;
}

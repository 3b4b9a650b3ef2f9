import { createRequire } from 'node:module';

import { z } from 'zod';

/** What a run of a workflow left behind, as far as tests look at it. */

const sourceSchema = z.object({
	previousNode: z.string(),
	previousNodeOutput: z.number().nullish(),
	previousNodeRun: z.number().nullish(),
});

/** A loop's items name their source themselves: the run that made them is not the one that hands them out. */
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
				/** None where n8n keeps files in its memory, as n8n 1 does by default. */
				id: z.string().optional(),
				/** The file itself then, in base64. */
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
		runData: z.record(z.array(taskSchema)),
		lastNodeExecuted: z.string().nullish(),
		error: errorSchema.nullish(),
	}),
});

export type Item = z.infer<typeof itemSchema>;
export type NodeTask = z.infer<typeof taskSchema>;
export type ExecutionData = z.infer<typeof executionDataSchema>;

/** n8n saves executions with a library for data that refers to itself; this is n8n's own copy of it. */
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

/** A place in an execution: an item that a run of a node put out. */
export interface Place {
	node: string;
	run: number;
	output: number;
	item: number;
}

/**
 * The item of `ancestor` that this one descends from, as `$('ancestor').item` finds it in an expression; undefined
 * where the trail is lost or forks.
 */
export function ancestorOf(data: ExecutionData, place: Place, ancestor: string): Place | undefined {
	let at: Place | undefined = place;
	while (at !== undefined && at.node !== ancestor) at = parentOf(data, at);
	return at;
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

import { createHash } from 'crypto';
import { z } from 'zod';

/** What's known about a row's create request. Times are milliseconds since 1970. */
const stateSchema = z.discriminatedUnion('name', [
	/** It was sent, and its outcome is unknown. A repeat has the same body. */
	z.object({
		name: z.literal('sent'),
		/** When it was first and last sent. */
		at: z.number(),
		lastAt: z.number(),
		execution: z.string(),
		body: z.record(z.unknown()),
	}),
	/** It may have been sent before n8n restarted this execution. */
	z.object({ name: z.literal('maybeSent'), execution: z.string() }),
	/** It certainly wasn't accepted. */
	z.object({ name: z.literal('refused') }),
	/** The tasks exist, usually one, and their images will be charged. */
	z.object({ name: z.literal('made'), at: z.number(), taskIds: z.array(z.string()).min(1) }),
	/** The next node received their images or IDs. */
	z.object({ name: z.literal('delivered'), at: z.number(), taskIds: z.array(z.string()).min(1) }),
	/** The tasks ended without an image and without a charge. */
	z.object({ name: z.literal('failed'), taskIds: z.array(z.string()) }),
	/** The tasks ended without an image, and were charged or may have been. */
	z.object({
		name: z.literal('spent'),
		taskIds: z.array(z.string()),
		charged: z.enum(['yes', 'unknown']),
		execution: z.string(),
	}),
]);

const recordSchema = z.object({
	/** The last execution that processed the row. */
	execution: z.string(),
	/** The iteration of a loop, from 0. */
	iteration: z.number(),
	/** From 0. */
	row: z.number(),
	/** The hash of the row's request. */
	fingerprint: z.string(),
	/** What the task was created from; the row may contain something else by now. */
	input: z.object({
		provider: z.string(),
		model: z.string(),
		prompt: z.string(),
		images: z.number(),
		/** The list price, where there is one. */
		price: z.object({ perTask: z.number(), perImage: z.number() }).optional(),
		/** The most that it costs by the price list, in US dollars. */
		maxUsd: z.number().optional(),
		/** Where another provider was to generate the row: its ID, and why it didn't. */
		fallback: z.object({ from: z.string(), reason: z.string() }).optional(),
	}),
	/** The Idempotency-Key. */
	key: z.string(),
	/** The row's earlier keys and tasks, from requests without a result. */
	past: z.object({ keys: z.array(z.string()), taskIds: z.array(z.string()) }),
	/** The row ended without output, so a later iteration of a loop may take the record over. */
	isReclaimable: z.boolean(),
	/** An image or a task that was missing in the row's output, for a later iteration of a loop. */
	leftOver: z
		.object({ taskId: z.string(), index: z.number().optional(), isFree: z.boolean() })
		.optional(),
	/** What the current request costs, or may cost, in US dollars; part of the ledger's total. */
	usd: z.number().optional(),
	/** Another execution created the tasks, so they cost this one nothing. */
	isReused: z.boolean().optional(),
	/** The create was sent twice and may have been charged twice: the message for users. */
	warning: z.string().optional(),
	state: stateSchema,
});

export type RecordState = z.infer<typeof stateSchema>;
export type TaskRecord = z.infer<typeof recordSchema>;
export type TaskInput = TaskRecord['input'];

const VERSION = 2;

/** Plain JSON that n8n saves with the execution. Records of other versions are kept as they are. */
export interface LedgerData {
	version: number;
	records: unknown[];
	/** The last execution in which a provider answered a repeated create with the first task. */
	replayed: Record<string, string>;
	/** What all tasks of this execution cost, or may cost, in US dollars. */
	usd?: number;
}

const dataSchema = z.object({
	version: z.number(),
	records: z.array(z.unknown()),
	replayed: z.record(z.string()),
	usd: z.number().optional(),
});

/** The saved ledger, or a new one. Returns the same object, because an agent's tool calls share it. */
export function readLedgerData(saved: unknown): LedgerData {
	return isLedgerData(saved) ? saved : { version: VERSION, records: [], replayed: {} };
}

function isLedgerData(saved: unknown): saved is LedgerData {
	return dataSchema.safeParse(saved).success;
}

/** Thousands of records take long to read, and each is needed more than once. */
const readable = new WeakSet<object>();

export function isTaskRecord(saved: unknown): saved is TaskRecord {
	if (typeof saved !== 'object' || saved === null) return false;
	if (!readable.has(saved) && recordSchema.safeParse(saved).success) readable.add(saved);
	return readable.has(saved);
}

export interface RecordedTasks {
	taskIds: readonly string[];
	/** When they were created, in milliseconds since 1970. */
	at: number;
}

export function recordedTasks(state: RecordState | undefined): RecordedTasks | undefined {
	return state?.name === 'made' || state?.name === 'delivered' ? state : undefined;
}

const knownTaskIds = new WeakMap<LedgerData, Set<string>>();

/** All tasks that are in the ledger, or were: each replayed create asks for them. */
export function taskIdsOf(data: LedgerData): Set<string> {
	const known =
		knownTaskIds.get(data) ?? new Set(data.records.filter(isTaskRecord).flatMap(allTaskIds));
	knownTaskIds.set(data, known);
	return known;
}

/** Including those of earlier requests. */
function allTaskIds({ state, past }: TaskRecord): readonly string[] {
	const current = 'taskIds' in state ? state.taskIds : [];
	return [...current, ...past.taskIds];
}

export function hash(value: unknown): string {
	return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

import { createHash } from 'crypto';
import { z } from 'zod';

import type { JsonObject } from '../shared/json';

/** What became of one row's create, as far as is known. Times are milliseconds since 1970. */
const stateSchema = z.discriminatedUnion('name', [
	/** It was sent, and no answer has told what became of it. Sent again, it is sent exactly so. */
	z.object({
		name: z.literal('sent'),
		/** The first time, and the last. */
		at: z.number(),
		lastAt: z.number(),
		execution: z.string(),
		body: z.record(z.unknown()),
	}),
	/** It was certainly not accepted. */
	z.object({ name: z.literal('refused') }),
	/** The tasks exist, mostly one, and their images will be charged. */
	z.object({ name: z.literal('made'), at: z.number(), taskIds: z.array(z.string()).min(1) }),
	/** Their images, or their ids, went on to the next node. */
	z.object({ name: z.literal('delivered'), at: z.number(), taskIds: z.array(z.string()).min(1) }),
	/** It ended without an image and without a charge. */
	z.object({ name: z.literal('failed'), taskIds: z.array(z.string()) }),
	/** It ended without an image, and was charged or may have been. */
	z.object({
		name: z.literal('spent'),
		taskIds: z.array(z.string()),
		charged: z.enum(['yes', 'unknown']),
		execution: z.string(),
	}),
]);

const recordSchema = z.object({
	/** The execution that last dealt with it. */
	execution: z.string(),
	/** Counts the turns of a loop, from 0. */
	iteration: z.number(),
	/** From 0. */
	row: z.number(),
	/** What was asked, as a hash. */
	fingerprint: z.string(),
	/** What the task was made of: the row may say something else by now. */
	input: z.object({
		provider: z.string(),
		model: z.string(),
		prompt: z.string(),
		images: z.number(),
	}),
	/** The Idempotency-Key. */
	key: z.string(),
	/** The keys and the tasks that the row had before, of requests that came to nothing. */
	past: z.object({ keys: z.array(z.string()), taskIds: z.array(z.string()) }),
	/** The row ended and nothing was handed on: a later turn of a loop may take it over. */
	isReclaimable: z.boolean(),
	/** One image, or one task, that the row did not hand on with the others: for a later turn of a loop. */
	leftOver: z
		.object({ taskId: z.string(), index: z.number().optional(), isFree: z.boolean() })
		.optional(),
	/** A create went out again, and may have been made twice: what people are told of it. */
	warning: z.string().optional(),
	state: stateSchema,
});

type State = z.infer<typeof stateSchema>;
type TaskRecord = z.infer<typeof recordSchema>;
export type TaskInput = TaskRecord['input'];

const VERSION = 2;

/** Plain JSON, so that n8n can save it with the execution. What cannot be read is kept as it is. */
export interface LedgerData {
	version: number;
	records: unknown[];
	/** Providers that have answered a repeated create with the first task, by execution. */
	replayed: Record<string, string>;
}

const dataSchema = z.object({
	version: z.number(),
	records: z.array(z.unknown()),
	replayed: z.record(z.string()),
});

/** The ledger that was found where it is kept, or a new one. */
export function ledgerData(found: unknown): LedgerData {
	// The very object, not a copy: the calls of an AI agent share it.
	return isLedgerData(found) ? found : { version: VERSION, records: [], replayed: {} };
}

function isLedgerData(found: unknown): found is LedgerData {
	return dataSchema.safeParse(found).success;
}

function isRecord(found: unknown): found is TaskRecord {
	return recordSchema.safeParse(found).success;
}

/** The turn of the node that the ledger is opened for. */
export interface LedgerScope {
	/** Another one when the user retries the execution. */
	execution: string;
	/** The same on every try, retry and worker, and different from every other execution's. */
	keySeed: string;
	iteration: number;
	/** A tool's calls are no rows: several at a time may have the same place. What was asked tells them apart. */
	isTool: boolean;
}

export interface MadeTasks {
	taskIds: readonly string[];
	/** When they were made, in milliseconds since 1970. */
	at: number;
}

/** What a row asks for. */
export interface RequestFingerprint {
	/** What it is known by in another execution, and in another turn of a loop. */
	identity: JsonObject;
	input: TaskInput;
}

/** How a row ended: handed on, certainly not charged, or with something that may be fetched yet. */
export type RowEnd =
	/** Handed on, but for the missing ones: an image each, or a whole task. */
	| { kind: 'done'; missing?: ReadonlyArray<{ taskId: string; index?: number }> }
	| { kind: 'open' }
	/** Without an image, and without a task that could still give one. */
	| { kind: 'failed' }
	| { kind: 'spent'; charged: 'yes' | 'unknown' };

/** When a create went out, first and last, in milliseconds since 1970. */
export interface SentTimes {
	at: number;
	lastAt: number;
}

/** What the ledger knows of one row. */
export interface RowRecord {
	/** Of what the row's task was, or is to be, made. */
	input: TaskInput;
	/** The tasks that the row has already. */
	tasks: () => MadeTasks | undefined;
	/** All that is wanted of its tasks, where an earlier turn of a loop has handed on the rest. */
	leftOver: () => { taskId: string; index?: number } | undefined;
	/** The tasks that ended without an image in an earlier try of this execution, and perhaps not for free. */
	spentTasks: () => { taskIds: readonly string[]; charged: 'yes' | 'unknown' } | undefined;
	/** A create whose answer never came; `isSeen` when a person has seen that, and retried the execution. */
	unconfirmed: () => (SentTimes & { body: JsonObject; isSeen: boolean }) | undefined;
	/** The same for the same create on every try, and different otherwise. */
	idempotencyKey: string;
	/** What people have to be told of the row's tasks. */
	warning: () => string | undefined;
	/** `firstAt` where it had gone out before. */
	sent: (body: JsonObject, at: number, firstAt?: number) => void;
	/** What was sent was certainly not accepted. */
	refused: () => void;
	made: (taskIds: readonly string[], at: number, warning?: string) => void;
	ended: (end: RowEnd) => void;
}

export interface BillableTask extends SentTimes {
	row: number;
	input: TaskInput;
	/** What people have to be told of it. */
	warning?: string;
	/** Undefined where the answer to the create never came, so that it may have been paid. */
	taskId?: string;
}

export interface Ledger {
	/** What the row's task was, or may have been, made of in an earlier try, whatever the row asks for now. */
	made: (row: number) => TaskInput | undefined;
	/** The record of a row; two rows that ask for the same have two. */
	record: (row: number, fingerprint: RequestFingerprint | undefined) => RowRecord;
	/** The same without taking anything over: whether the row's tasks exist, or may exist. */
	stateOf: (row: number, fingerprint: RequestFingerprint) => 'made' | 'sent' | undefined;
	/** The node's output goes on to the next node. */
	markDelivered: () => void;
	/** The turn is over: what it has open, other calls of a tool may find. */
	close: () => void;
	/** What this turn's rows have, or may have, at their providers. */
	billable: () => BillableTask[];
	/** Every task that the ledger knows. */
	taskIds: () => Set<string>;
	/** Whether the provider has shown in this execution that it answers a repeated create with the first task. */
	hasReplayed: (provider: string) => boolean;
	noteReplay: (provider: string) => void;
}

/**
 * Remembers every task over a second try of the node, a retried execution and a loop, so that none
 * is paid for twice. Within one turn of one execution a row is its row, even if its expressions give
 * something else on each try; in another execution or turn, what was asked decides. `data` is changed
 * in place: the calls of an AI agent share it.
 */
export function openLedger(data: LedgerData, iteration: LedgerScope): Ledger {
	forgetSettled(data, iteration.iteration);
	const live = liveOf(data);
	const index = indexOf(data.records);
	const opened = new Map<number, OwnRecord>();
	const find = (row: number, fingerprint: RequestFingerprint | undefined) => {
		const identity = fingerprint && hash(fingerprint.identity);
		const found =
			findByPlace(index, iteration, row, identity) ??
			findByFingerprint(index, iteration, row, identity);
		return iteration.isTool && found && live.records.has(found) ? undefined : found;
	};
	return {
		made: (row) => {
			const own = findByPlace(index, iteration, row, undefined);
			return own && own.state.name !== 'refused' && own.state.name !== 'failed'
				? own.input
				: undefined;
		},
		stateOf: (row, fingerprint) => {
			const state = find(row, fingerprint)?.state;
			return state?.name === 'sent' ? 'sent' : tasksOf(state) && 'made';
		},
		record: (row, fingerprint) => {
			const record = openRecord(
				data,
				index,
				live,
				find(row, fingerprint),
				fingerprint,
				iteration,
				row,
			);
			opened.set(row, record);
			return record;
		},
		markDelivered: () => {
			for (const record of opened.values()) record.markDelivered();
		},
		close: () => {
			for (const { record, keys } of opened.values()) {
				live.records.delete(record);
				for (const key of keys) live.keys.delete(key);
			}
		},
		billable: () => [...opened.values()].flatMap((record) => record.billable()),
		taskIds: () => new Set(data.records.filter(isRecord).flatMap(idsOf)),
		hasReplayed: (provider) => data.replayed[provider] === iteration.execution,
		noteReplay: (provider) => {
			data.replayed[provider] = iteration.execution;
		},
	};
}

interface OwnRecord extends RowRecord {
	record: TaskRecord;
	/** Those that were taken for it just now. */
	keys: readonly string[];
	markDelivered: () => void;
	billable: () => BillableTask[];
}

/** What the turns that are open in this process have of a ledger: an agent calls its tool several times at once. */
interface Live {
	records: Set<TaskRecord>;
	keys: Set<string>;
}

const lives = new WeakMap<LedgerData, Live>();

function liveOf(data: LedgerData): Live {
	const live = lives.get(data) ?? { records: new Set(), keys: new Set() };
	lives.set(data, live);
	return live;
}

interface Index {
	byPlace: ReadonlyMap<string, readonly TaskRecord[]>;
	byFingerprint: ReadonlyMap<string, readonly TaskRecord[]>;
	keys: Set<string>;
}

function indexOf(records: readonly unknown[]): Index {
	const byPlace = new Map<string, TaskRecord[]>();
	const byFingerprint = new Map<string, TaskRecord[]>();
	const add = (map: Map<string, TaskRecord[]>, key: string, record: TaskRecord) => {
		const list = map.get(key);
		if (list) list.push(record);
		else map.set(key, [record]);
	};
	const keys = new Set<string>();
	for (const record of records.filter(isRecord)) {
		for (const key of [record.key, ...record.past.keys]) keys.add(key);
		add(byPlace, placeOf(record), record);
		add(byFingerprint, record.fingerprint, record);
	}
	return { byPlace, byFingerprint, keys };
}

function placeOf({ iteration, row }: { iteration: number; row: number }): string {
	return `${iteration}/${row}`;
}

/** From an earlier try. The index is of the beginning, so records may have moved on since. */
function findByPlace(
	{ byPlace }: Index,
	{ execution, iteration, isTool }: LedgerScope,
	row: number,
	fingerprint: string | undefined,
): TaskRecord | undefined {
	return byPlace
		.get(placeOf({ iteration, row }))
		?.find(
			(one) =>
				one.execution === execution &&
				one.iteration === iteration &&
				one.row === row &&
				!one.leftOver?.isFree &&
				(!isTool || one.fingerprint === fingerprint),
		);
}

/** From another execution, or one that an earlier turn of a loop has left. */
function findByFingerprint(
	{ byFingerprint }: Index,
	{ execution, iteration }: LedgerScope,
	row: number,
	fingerprint = '',
): TaskRecord | undefined {
	const list = byFingerprint.get(fingerprint) ?? [];
	const isFree = (one: TaskRecord) => one.isReclaimable && one.iteration < iteration;
	return (
		list.find(
			(one) =>
				one.execution !== execution &&
				one.iteration === iteration &&
				one.row === row &&
				!one.leftOver?.isFree,
		) ??
		list.find((one) => isFree(one) && one.row === row) ??
		list.find(isFree)
	);
}

const NO_REQUEST: RequestFingerprint = {
	identity: {},
	input: { provider: '', model: '', prompt: '', images: 1 },
};

function openRecord(
	data: LedgerData,
	index: Index,
	live: Live,
	found: TaskRecord | undefined,
	requestedNow: RequestFingerprint | undefined,
	{ execution, keySeed, iteration, isTool }: LedgerScope,
	row: number,
): OwnRecord {
	const fingerprint = requestedNow ?? NO_REQUEST;
	const identity = hash(fingerprint.identity);
	const before = found?.state;
	const keys: string[] = [];
	const newKey = (wanted: string): string => {
		const isUsed = (one: string) => index.keys.has(one) || (isTool && live.keys.has(one));
		const key = unusedKey(isUsed, wanted);
		index.keys.add(key);
		live.keys.add(key);
		keys.push(key);
		return key;
	};
	const record: TaskRecord = found ?? {
		execution,
		iteration,
		row,
		fingerprint: identity,
		input: fingerprint.input,
		key: newKey(hash([keySeed, iteration, row, ...(isTool ? [identity] : [])])),
		past: { keys: [], taskIds: [] },
		isReclaimable: false,
		state: { name: 'refused' },
	};
	live.records.add(record);
	let isWritten = found !== undefined;
	const write = (state: State) => {
		record.state = state;
		if (!isWritten) data.records.push(record);
		isWritten = true;
	};
	// From here on no other row can take it. What n8n asks for again, it has thrown away.
	Object.assign(record, { execution, iteration, row, isReclaimable: false });
	if (before?.name === 'delivered') write({ ...before, name: 'made' });
	if (record.leftOver) record.leftOver.isFree = false;
	// What this row left in an earlier try, it hands on itself now.
	dropLeftOvers(data, index, record);

	const unconfirmed = before?.name === 'sent' ? before : undefined;
	const spent = before?.name === 'spent' && before.execution === execution ? before : undefined;
	const isOpen =
		before?.name === 'failed' || before?.name === 'refused' || before?.name === 'spent';
	if (isOpen && !spent && requestedNow) {
		// The row is made of what it asks for now; a key that had another request is left alone.
		const taskIds = before.name === 'refused' ? [] : before.taskIds;
		if (taskIds.length > 0 || record.fingerprint !== identity) {
			record.past.keys.push(record.key);
			record.past.taskIds.push(...taskIds);
			record.key = newKey(hash([record.key, ...taskIds]));
		}
		Object.assign(record, { fingerprint: identity, input: fingerprint.input });
		write({ name: 'refused' });
	}
	let end: RowEnd | undefined;

	return {
		record,
		keys,
		input: record.input,
		idempotencyKey: record.key,
		tasks: () => tasksOf(record.state),
		leftOver: () => record.leftOver,
		spentTasks: () => spent,
		unconfirmed: () =>
			unconfirmed && {
				at: unconfirmed.at,
				lastAt: unconfirmed.lastAt,
				body: unconfirmed.body,
				isSeen: unconfirmed.execution !== execution,
			},
		warning: () => record.warning,
		sent: (body, lastAt, at = lastAt) => write({ name: 'sent', at, lastAt, execution, body }),
		refused: () => write({ name: 'refused' }),
		made: (taskIds, at, warning) => {
			record.warning = warning;
			write({ name: 'made', at, taskIds: [...taskIds] });
		},
		ended: (how) => {
			end = how;
			const taskIds = [...(tasksOf(record.state)?.taskIds ?? [])];
			const isMade = taskIds.length > 0;
			if (how.kind === 'done') data.records.push(...leftOversOf(record, how.missing));
			if (how.kind === 'failed' && isMade) write({ name: 'failed', taskIds });
			if (how.kind === 'spent' && isMade) {
				write({ name: 'spent', taskIds, charged: how.charged, execution });
			}
			record.isReclaimable = how.kind === 'open' || how.kind === 'spent';
		},
		markDelivered: () => {
			const { state } = record;
			const isDone = end?.kind === 'done' && !end.missing?.length;
			if (isDone && state.name === 'made') write({ ...state, name: 'delivered' });
		},
		billable: () => {
			const { state, input, warning } = record;
			if (state.name === 'sent') return [{ row, input, at: state.at, lastAt: state.lastAt }];
			if (state.name !== 'made') return [];
			const { at, taskIds } = state;
			return taskIds.map((taskId) => ({ row, input, at, lastAt: at, taskId, warning }));
		},
	};
}

/**
 * Each of them stands in the output as a failed entry, and each may come back as a row of its own: that
 * row gets just this, and pays for nothing.
 */
function leftOversOf(
	record: TaskRecord,
	missing: ReadonlyArray<{ taskId: string; index?: number }> = [],
): TaskRecord[] {
	const made = tasksOf(record.state);
	if (!made) return [];
	return missing.map((one) => ({
		...record,
		leftOver: { ...one, isFree: true },
		isReclaimable: true,
		state: { name: 'made', at: made.at, taskIds: [one.taskId] },
	}));
}

function dropLeftOvers({ records }: LedgerData, { byPlace }: Index, record: TaskRecord): void {
	const dropped = new Set<unknown>(
		byPlace
			.get(placeOf(record))
			?.filter((one) => one.leftOver?.isFree === true && one.key === record.key),
	);
	if (dropped.size > 0) {
		records.splice(0, records.length, ...records.filter((one) => !dropped.has(one)));
	}
}

function tasksOf(state: State | undefined): MadeTasks | undefined {
	return state?.name === 'made' || state?.name === 'delivered' ? state : undefined;
}

function idsOf({ state, past }: TaskRecord): readonly string[] {
	const own = 'taskIds' in state ? state.taskIds : [];
	return [...own, ...past.taskIds];
}

/** Under a key that was used, the provider would answer with what was made under it. */
function unusedKey(isUsed: (key: string) => boolean, key: string): string {
	return isUsed(key) ? unusedKey(isUsed, hash([key])) : key;
}

/** What later turns of a loop cannot want any more; a loop may have thousands of turns. */
function forgetSettled(data: LedgerData, iteration: number): void {
	const { records } = liveOf(data);
	const isWanted = (record: unknown) =>
		!isRecord(record) ||
		record.iteration >= iteration ||
		isUnsettled(record.state) ||
		records.has(record);
	if (!data.records.every(isWanted)) {
		data.records.splice(0, data.records.length, ...data.records.filter(isWanted));
	}
}

function isUnsettled({ name }: State): boolean {
	return name === 'sent' || name === 'made' || name === 'spent';
}

function hash(value: unknown): string {
	return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

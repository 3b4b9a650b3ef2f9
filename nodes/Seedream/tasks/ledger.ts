import { createHash } from 'crypto';
import { z } from 'zod';

import type { JsonObject } from '../json';

/** What became of one row's create, as far as is known. Times are milliseconds since 1970. */
const stateSchema = z.discriminatedUnion('name', [
	/** It was sent, and no answer has told what became of it. Sent again, it is sent exactly so. */
	z.object({
		name: z.literal('sent'),
		at: z.number(),
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
	z.object({ name: z.literal('failed'), taskId: z.string() }),
	/** It ended without an image, and was charged or may have been. */
	z.object({
		name: z.literal('spent'),
		taskId: z.string(),
		charged: z.enum(['yes', 'unknown']),
		execution: z.string(),
	}),
]);

const recordSchema = z.object({
	/** The execution that last dealt with it. */
	execution: z.string(),
	/** Counts the turns of a loop, from 0. */
	turn: z.number(),
	/** From 0. */
	row: z.number(),
	/** What was asked, as a hash. */
	asked: z.string(),
	/** What the task was made of: the row may say something else by now. */
	order: z.object({
		provider: z.string(),
		model: z.string(),
		prompt: z.string(),
		images: z.number(),
	}),
	/** The Idempotency-Key. */
	key: z.string(),
	/** The row ended and nothing was handed on: a later turn of a loop may take it over. */
	isReclaimable: z.boolean(),
	/** A create went out again, and may have been made twice: what people are told of it. */
	warning: z.string().optional(),
	state: stateSchema,
});

type State = z.infer<typeof stateSchema>;
type TaskRecord = z.infer<typeof recordSchema>;
export type Order = TaskRecord['order'];

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
export interface LedgerTurn {
	/** Another one when the user retries the execution. */
	execution: string;
	/** The same on every try, retry and worker, and different from every other execution's. */
	keySeed: string;
	turn: number;
	/** A tool's calls are no rows: several at a time may have the same place. What was asked tells them apart. */
	isTool: boolean;
}

export interface MadeTasks {
	taskIds: readonly string[];
	/** When they were made, in milliseconds since 1970. */
	at: number;
}

/** What a row asks for. */
export interface Asked {
	/** What it is known by in another execution, and in another turn of a loop. */
	identity: JsonObject;
	order: Order;
}

/** How a row ended: handed on, certainly not charged, or with something that may be fetched yet. */
export type RowEnd =
	| { kind: 'done' }
	| { kind: 'open' }
	/** Without an image, and without a task that could still give one. */
	| { kind: 'failed' }
	| { kind: 'spent'; charged: 'yes' | 'unknown' };

/** What the ledger knows of one row. */
export interface RowRecord {
	/** Of what the row's task was, or is to be, made. */
	order: Order;
	/** The tasks that the row has already. */
	tasks: () => MadeTasks | undefined;
	/** The task that ended without an image in an earlier try of this execution, and perhaps not for free. */
	spentTask: () => { taskId: string; charged: 'yes' | 'unknown' } | undefined;
	/** A create whose answer never came; `isSeen` when a person has seen that, and retried the execution. */
	unconfirmed: () => { at: number; body: JsonObject; isSeen: boolean } | undefined;
	/** The same for the same create on every try, and different otherwise. */
	idempotencyKey: string;
	/** What people have to be told of the row's tasks. */
	warning: () => string | undefined;
	sent: (body: JsonObject, at: number) => void;
	/** What was sent was certainly not accepted. */
	refused: () => void;
	made: (taskIds: readonly string[], at: number, warning?: string) => void;
	ended: (end: RowEnd) => void;
}

export interface BillableTask {
	row: number;
	order: Order;
	at: number;
	/** Undefined where the answer to the create never came, so that it may have been paid. */
	taskId?: string;
}

export interface Ledger {
	/** What the row's task was, or may have been, made of in an earlier try, whatever the row asks for now. */
	made: (row: number) => Order | undefined;
	/** The record of a row; two rows that ask for the same have two. */
	record: (row: number, asked: Asked | undefined) => RowRecord;
	/** The same without taking anything over: whether the row's tasks exist, or may exist. */
	stateOf: (row: number, asked: Asked) => 'made' | 'sent' | undefined;
	/** The node's output goes on to the next node. */
	markDelivered: () => void;
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
export function openLedger(data: LedgerData, turn: LedgerTurn): Ledger {
	forgetSettled(data, turn.turn);
	const index = indexOf(data.records);
	const opened = new Map<number, OwnRecord>();
	const find = (row: number, asked: Asked | undefined) => {
		const identity = asked && hash(asked.identity);
		return findOwn(index, turn, row, identity) ?? findAsked(index, turn, row, identity);
	};
	return {
		made: (row) => {
			const own = findOwn(index, turn, row, undefined);
			return own && own.state.name !== 'refused' && own.state.name !== 'failed'
				? own.order
				: undefined;
		},
		stateOf: (row, asked) => {
			const state = find(row, asked)?.state;
			return state?.name === 'sent' ? 'sent' : tasksOf(state) && 'made';
		},
		record: (row, asked) => {
			const record = openRecord(data, index, find(row, asked), asked, turn, row);
			opened.set(row, record);
			return record;
		},
		markDelivered: () => {
			for (const record of opened.values()) record.markDelivered();
		},
		billable: () => [...opened.values()].flatMap((record) => record.billable()),
		taskIds: () => new Set(data.records.filter(isRecord).flatMap(({ state }) => idsOf(state))),
		hasReplayed: (provider) => data.replayed[provider] === turn.execution,
		noteReplay: (provider) => {
			data.replayed[provider] = turn.execution;
		},
	};
}

interface OwnRecord extends RowRecord {
	markDelivered: () => void;
	billable: () => BillableTask[];
}

interface Index {
	byPlace: ReadonlyMap<string, readonly TaskRecord[]>;
	byAsked: ReadonlyMap<string, readonly TaskRecord[]>;
	keys: Set<string>;
}

function indexOf(records: readonly unknown[]): Index {
	const byPlace = new Map<string, TaskRecord[]>();
	const byAsked = new Map<string, TaskRecord[]>();
	const add = (map: Map<string, TaskRecord[]>, key: string, record: TaskRecord) => {
		const list = map.get(key);
		if (list) list.push(record);
		else map.set(key, [record]);
	};
	const keys = new Set<string>();
	for (const record of records.filter(isRecord)) {
		keys.add(record.key);
		add(byPlace, placeOf(record), record);
		add(byAsked, record.asked, record);
	}
	return { byPlace, byAsked, keys };
}

function placeOf({ turn, row }: { turn: number; row: number }): string {
	return `${turn}/${row}`;
}

/** From an earlier try. The index is of the beginning, so records may have moved on since. */
function findOwn(
	{ byPlace }: Index,
	{ execution, turn, isTool }: LedgerTurn,
	row: number,
	asked: string | undefined,
): TaskRecord | undefined {
	return byPlace
		.get(placeOf({ turn, row }))
		?.find(
			(one) =>
				one.execution === execution &&
				one.turn === turn &&
				one.row === row &&
				(!isTool || one.asked === asked),
		);
}

/** From another execution, or one that an earlier turn of a loop has left. */
function findAsked(
	{ byAsked }: Index,
	{ execution, turn }: LedgerTurn,
	row: number,
	asked = '',
): TaskRecord | undefined {
	const list = byAsked.get(asked) ?? [];
	const isFree = (one: TaskRecord) => one.isReclaimable && one.turn < turn;
	return (
		list.find((one) => one.execution !== execution && one.turn === turn && one.row === row) ??
		list.find((one) => isFree(one) && one.row === row) ??
		list.find(isFree)
	);
}

const NOTHING_ASKED: Asked = {
	identity: {},
	order: { provider: '', model: '', prompt: '', images: 1 },
};

function openRecord(
	data: LedgerData,
	{ keys }: Index,
	found: TaskRecord | undefined,
	askedNow: Asked | undefined,
	{ execution, keySeed, turn, isTool }: LedgerTurn,
	row: number,
): OwnRecord {
	const asked = askedNow ?? NOTHING_ASKED;
	const identity = hash(asked.identity);
	const before = found?.state;
	const record: TaskRecord = found ?? {
		execution,
		turn,
		row,
		asked: identity,
		order: asked.order,
		key: newKey(keys, hash([keySeed, turn, row, ...(isTool ? [identity] : [])])),
		isReclaimable: false,
		state: { name: 'refused' },
	};
	let isWritten = found !== undefined;
	const write = (state: State) => {
		record.state = state;
		if (!isWritten) data.records.push(record);
		isWritten = true;
	};
	// From here on no other row can take it. What n8n asks for again, it has thrown away.
	Object.assign(record, { execution, turn, row, isReclaimable: false });
	if (before?.name === 'delivered') write({ ...before, name: 'made' });

	const unconfirmed = before?.name === 'sent' ? before : undefined;
	const spent = before?.name === 'spent' && before.execution === execution ? before : undefined;
	const isOpen =
		before?.name === 'failed' || before?.name === 'refused' || before?.name === 'spent';
	if (isOpen && !spent && askedNow) {
		// The row is made of what it asks for now; a key that had another request is left alone.
		const used = before.name === 'refused' ? undefined : before.taskId;
		if (used !== undefined || record.asked !== identity) {
			record.key = newKey(keys, hash([record.key, used]));
		}
		Object.assign(record, { asked: identity, order: asked.order });
	}
	let end: RowEnd | undefined;

	return {
		order: record.order,
		idempotencyKey: record.key,
		tasks: () => tasksOf(record.state),
		spentTask: () => spent,
		unconfirmed: () =>
			unconfirmed && {
				at: unconfirmed.at,
				body: unconfirmed.body,
				isSeen: unconfirmed.execution !== execution,
			},
		warning: () => record.warning,
		sent: (body, at) => write({ name: 'sent', at, execution, body }),
		refused: () => write({ name: 'refused' }),
		made: (taskIds, at, warning) => {
			record.warning = warning;
			write({ name: 'made', at, taskIds: [...taskIds] });
		},
		ended: (how) => {
			end = how;
			const [taskId] = tasksOf(record.state)?.taskIds ?? [];
			if (how.kind === 'failed' && taskId) write({ name: 'failed', taskId });
			if (how.kind === 'spent' && taskId) {
				write({ name: 'spent', taskId, charged: how.charged, execution });
			}
			record.isReclaimable = how.kind === 'open' || how.kind === 'spent';
		},
		markDelivered: () => {
			const { state } = record;
			if (end?.kind === 'done' && state.name === 'made') write({ ...state, name: 'delivered' });
		},
		billable: () => {
			const { state, order } = record;
			if (state.name === 'sent') return [{ row, order, at: state.at }];
			const made = tasksOf(state);
			return made?.taskIds.map((taskId) => ({ row, order, at: made.at, taskId })) ?? [];
		},
	};
}

function tasksOf(state: State | undefined): MadeTasks | undefined {
	return state?.name === 'made' || state?.name === 'delivered' ? state : undefined;
}

function idsOf(state: State): readonly string[] {
	return 'taskId' in state ? [state.taskId] : (tasksOf(state)?.taskIds ?? []);
}

/** Under a key that was used, the provider would answer with what was made under it. */
function newKey(keys: Set<string>, key: string): string {
	if (keys.has(key)) return newKey(keys, hash([key]));
	keys.add(key);
	return key;
}

/** What later turns of a loop cannot want any more; a loop may have thousands of turns. */
function forgetSettled(data: LedgerData, turn: number): void {
	const isWanted = (record: unknown) =>
		!isRecord(record) || record.turn >= turn || isUnsettled(record.state);
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

import { createHash } from 'crypto';
import { z } from 'zod';

import type { JsonObject } from '../json';

/** What became of one row's create, as far as is known. Times are milliseconds since 1970. */
const fateSchema = z.discriminatedUnion('state', [
	/** It was sent, and no answer has told what became of it. */
	z.object({ state: z.literal('sent'), at: z.number(), execution: z.string() }),
	/** The task exists, and its images will be charged. */
	z.object({ state: z.literal('made'), at: z.number(), taskId: z.string() }),
	/** Its images, or its id, went on to the next node. */
	z.object({ state: z.literal('delivered'), at: z.number(), taskId: z.string() }),
	/** It ended without an image and without a charge. */
	z.object({ state: z.literal('failed'), taskId: z.string() }),
]);

const entrySchema = z.object({
	/** Counts the turns of a loop, from 0. */
	run: z.number(),
	/** From 0. */
	row: z.number(),
	/** What the Idempotency-Key is made of. */
	seed: z.string(),
	/** The row ended and nothing was handed on: a later turn of a loop may take it over. */
	isLeft: z.boolean(),
	fate: fateSchema,
});

const entriesSchema = z.record(z.array(entrySchema));

type Fate = z.infer<typeof fateSchema>;
type Entry = z.infer<typeof entrySchema>;

/** By what was asked. Plain JSON, so that n8n can save it with the execution. */
export type LedgerEntries = z.infer<typeof entriesSchema>;

export function isLedgerEntries(value: unknown): value is LedgerEntries {
	return entriesSchema.safeParse(value).success;
}

/** The run of the node that the ledger is opened for. */
export interface LedgerRun {
	/** Another one when the user retries the execution. */
	execution: string;
	node: string;
	run: number;
}

export interface MadeTask {
	taskId: string;
	/** When it was made, in milliseconds since 1970. */
	at: number;
}

/** How a row ended: handed on, certainly not charged, or with something that may be fetched yet. */
export type RowEnd = 'done' | 'unpaid' | 'open';

/** What stands in the ledger for one row. */
export interface Page {
	/** The task that the row has already. */
	task: () => MadeTask | undefined;
	/** A create whose answer never came; `isOfThisRun` when an earlier try of this run sent it. */
	lostCreate: () => { at: number; isOfThisRun: boolean } | undefined;
	/** The same for the same create on every try, and different otherwise. */
	idempotencyKey: (body: JsonObject) => string;
	sent: (at: number) => void;
	/** What was sent was certainly not accepted. */
	refused: () => void;
	made: (taskId: string, at: number) => void;
	ended: (end: RowEnd) => void;
}

export interface PaidTask {
	row: number;
	asked: JsonObject;
	at: number;
	/** Undefined where the answer to the create never came, so that it may have been paid. */
	taskId?: string;
}

export interface Ledger {
	/** The page of a row; two rows that ask for the same have two. */
	page: (asked: JsonObject, row: number) => Page;
	/** The node's output goes on to the next node. */
	handOn: () => void;
	/** What this run's rows have, or may have, at the gateway. */
	paid: () => PaidTask[];
}

/**
 * Remembers every task over a second try of the node, a retried execution and a loop, so that none
 * is paid for twice. `entries` is changed in place: the calls of an AI agent share it.
 */
export function openLedger(entries: LedgerEntries, run: LedgerRun): Ledger {
	forgetSettled(entries, run.run);
	const pages: Array<{ page: OwnPage; asked: JsonObject }> = [];
	return {
		page: (asked, row) => {
			const key = hash(asked);
			// Calls of an agent run side by side, and another one may clear out a list that is empty.
			const page = openPage(() => (entries[key] ??= []), run, row);
			pages.push({ page, asked });
			return page;
		},
		handOn: () => {
			for (const { page } of pages) page.handOn();
		},
		paid: () =>
			pages.flatMap(({ page, asked }) => {
				const paid = page.paid();
				return paid ? [{ ...paid, asked }] : [];
			}),
	};
}

interface OwnPage extends Page {
	handOn: () => void;
	paid: () => Omit<PaidTask, 'asked'> | undefined;
}

function openPage(
	listOf: () => Entry[],
	{ execution, node, run }: LedgerRun,
	row: number,
): OwnPage {
	const found = takeOut(listOf(), run, row);
	const seed = found ? nextSeed(found) : newSeed(listOf(), hash([execution, node, run, row]));
	const lost = found?.fate.state === 'sent' ? found.fate : undefined;
	let entry: Entry | undefined;
	let hasEnded: RowEnd | undefined;

	const write = (next: Entry | undefined) => {
		const list = listOf();
		const at = entry ? list.indexOf(entry) : -1;
		if (at >= 0) list.splice(at, 1);
		if (next) list.push(next);
		entry = next;
	};
	const writeFate = (fate: Fate) => write({ run, row, seed, isLeft: false, fate });
	const task = () => (entry?.fate.state === 'made' ? entry.fate : undefined);
	// From here on no other row can take it. What n8n asks for again, it has thrown away.
	write(found && { ...found, run, row, isLeft: false, fate: asMade(found.fate) });

	return {
		task,
		lostCreate: () =>
			lost && { at: lost.at, isOfThisRun: found?.run === run && lost.execution === execution },
		idempotencyKey: (body) => hash([seed, body]),
		sent: (at) => writeFate({ state: 'sent', at, execution }),
		refused: () => write(found?.fate.state === 'failed' ? found : undefined),
		made: (taskId, at) => writeFate({ state: 'made', taskId, at }),
		ended: (end) => {
			hasEnded = end;
			const made = task();
			if (end === 'unpaid' && made) writeFate({ state: 'failed', taskId: made.taskId });
			if (end === 'open' && entry) entry.isLeft = true;
		},
		handOn: () => {
			const made = task();
			if (hasEnded === 'done' && made) writeFate({ ...made, state: 'delivered' });
		},
		paid: () => {
			if (entry?.fate.state === 'sent') return { row, at: entry.fate.at };
			const made = task();
			return made && { row, at: made.at, taskId: made.taskId };
		},
	};
}

/** The row's own entry from an earlier try, or one that an earlier turn of a loop has left. */
function takeOut(list: Entry[], run: number, row: number): Entry | undefined {
	const isFree = (entry: Entry) => entry.isLeft && entry.run < run;
	const found =
		list.find((entry) => entry.run === run && entry.row === row) ??
		list.find((entry) => isFree(entry) && entry.row === row) ??
		list.find(isFree);
	if (found) list.splice(list.indexOf(found), 1);
	return found;
}

function asMade(fate: Fate): Fate {
	return fate.state === 'delivered' ? { ...fate, state: 'made' } : fate;
}

/** Under the key of a task that failed, the gateway would answer with that task again. */
function nextSeed({ seed, fate }: Entry): string {
	return fate.state === 'failed' ? hash([seed, fate.taskId]) : seed;
}

/** The row's first one may have been taken over, with the task that was made under it. */
function newSeed(list: readonly Entry[], seed: string): string {
	return list.some((entry) => entry.seed === seed) ? newSeed(list, hash([seed])) : seed;
}

/** What later turns of a loop cannot want any more; a loop may have thousands of turns. */
function forgetSettled(entries: LedgerEntries, run: number): void {
	for (const [asked, list] of Object.entries(entries)) {
		const kept = list.filter(({ run: at, fate }) => at >= run || isUnsettled(fate));
		list.splice(0, list.length, ...kept);
		if (kept.length === 0) delete entries[asked];
	}
}

function isUnsettled({ state }: Fate): boolean {
	return state === 'sent' || state === 'made';
}

function hash(value: unknown): string {
	return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

import type { INodeExecutionData } from 'n8n-workflow';
import { z } from 'zod';

import type { Execution, Turn } from './trace';

type TurnOutput = Pick<Turn, 'rows' | 'outputs'>;

/** What the user reads about one row in one turn. */
export type Outcome =
	| {
			kind: 'delivered';
			row: number;
			taskId: string;
			items: INodeExecutionData[];
			/** Failed items for images that couldn't be downloaded. */
			missing: INodeExecutionData[];
			/** The items' warning: something may be charged twice or is missing. */
			warning?: string;
	  }
	| {
			kind: 'failed';
			row: number;
			/** `perhaps` in an error of several rows, which only names those that may have been charged. */
			charged: 'no' | 'yes' | 'unknown' | 'perhaps';
			taskId?: string;
			message: string;
			code?: string;
	  };

const failedItem = z.object({
	status: z.enum(['failed', 'processing', 'cancelled']),
	taskId: z.string().optional(),
	error: z.object({
		message: z.string().min(1),
		code: z.string(),
		type: z.string(),
		charged: z.enum(['no', 'yes', 'unknown']),
	}),
});

const deliveredItem = z.object({
	status: z.enum(['completed', 'submitted']),
	taskId: z.string().min(1),
	warning: z.string().min(1).optional(),
});

/** An image that couldn't be downloaded, while others of its task could. */
const missingItem = failedItem.extend({
	taskId: z.string().min(1),
	imageIndex: z.number(),
	imageUrl: z.string().min(1),
});

/** How messages name a task. */
const TASK = /\[task ([^\]\s]+)\]/;

/** The index of the input item, from n8n's item linking. */
export function inputOf({ pairedItem }: INodeExecutionData): number | undefined {
	if (typeof pairedItem === 'number') return pairedItem;
	const one = Array.isArray(pairedItem) ? pairedItem[0] : pairedItem;
	return typeof one === 'number' ? one : one?.item;
}

/** The outcome of each row in the turn; everything else is a problem. */
export function outcomesOf(
	{ result }: Pick<Execution, 'result'>,
	turn: TurnOutput,
): { outcomes: Outcome[]; problems: string[] } {
	return turn.outputs
		? outcomesOfItems(turn, turn.outputs)
		: outcomesOfError(turn, result.error?.message ?? '', String(result.error?.description ?? ''));
}

function outcomesOfItems({ rows }: TurnOutput, outputs: INodeExecutionData[][]) {
	const outcomes: Outcome[] = [];
	const problems: string[] = [];
	for (const item of outputs.flat()) {
		const row = rows[inputOf(item) ?? -1];
		const missing = missingItem.safeParse(item.json);
		const delivered = deliveredItem.safeParse(item.json);
		const failed = failedItem.safeParse(item.json);
		if (row === undefined) {
			problems.push(`an item belongs to no row: ${JSON.stringify(item.json)}`);
		} else if (missing.success) {
			const { taskId } = missing.data;
			const before = deliveredBefore(outcomes, row, taskId);
			if (before) before.missing.push(item);
			else outcomes.push({ kind: 'delivered', row, taskId, items: [], missing: [item] });
		} else if (delivered.success) {
			const { taskId, warning } = delivered.data;
			const before = deliveredBefore(outcomes, row, taskId);
			if (!before) {
				const first = { items: [item], missing: [], warning };
				outcomes.push({ kind: 'delivered', row, taskId, ...first });
			} else if (before.items.length === 0) {
				Object.assign(before, { items: [item], warning });
			} else if (before.warning === warning) before.items.push(item);
			else problems.push(`the items of ${taskId} say "${before.warning}" and "${warning}"`);
		} else if (failed.success) {
			const { taskId, error } = failed.data;
			const { message, code, charged } = error;
			outcomes.push({ kind: 'failed', row, charged, taskId, message, code });
			const named = TASK.exec(message)?.[1];
			if (named !== taskId) problems.push(`an item of ${taskId} names ${named}: ${message}`);
		} else {
			problems.push(`an item is neither an image nor an error: ${JSON.stringify(item.json)}`);
		}
	}
	return { outcomes, problems };
}

function deliveredBefore(outcomes: readonly Outcome[], row: number, taskId: string) {
	return outcomes
		.flatMap((one) => (one.kind === 'delivered' ? [one] : []))
		.find((one) => one.row === row && one.taskId === taskId);
}

const ROW = /^Row (\d+)(?: \[item \d+\])?: (.+)$/s;
const KEPT = /^(\d+) of (\d+) rows finished\. .*Retry On Fail.*\nTheir task IDs: (.+)$/m;
/** Followed by lines about rows that didn't fail; the end if all did. */
const KEPT_LINE = /^\d+ of \d+ rows finished\.|^$/;
const MORE = /^… and (\d+) more like these\.$/m;

/** The description without the line breaks for the error panel. */
const plain = (description: string) => description.replaceAll('<br>\n', '\n');

/** An error names every failed row and the tasks of all others. */
function outcomesOfError({ rows }: TurnOutput, message: string, description: string) {
	const text = plain(description);
	const lines = [...text.split('\n'), ''];
	const isOnly = ROW.test(message);
	if (!isOnly && !/^\d+ of \d+ rows failed$/.test(message)) {
		return { outcomes: [], problems: [`the error is not one of rows: ${message}`] };
	}
	const ofFailed = lines.slice(
		0,
		lines.findIndex((line) => KEPT_LINE.test(line)),
	);
	const perhaps = /^You were charged, or may have been charged, for rows? ([\d, ]+)\.$/m.exec(
		text,
	)?.[1];
	const paid = new Set((perhaps ?? '').split(', ').map(Number));
	const outcomes = (isOnly ? [message] : ofFailed).flatMap((line): Outcome[] => {
		const [, number, words = ''] = ROW.exec(line) ?? [];
		const row = rows[Number(number) - 1];
		if (row === undefined) return [];
		const charged = isOnly ? chargedIn(description) : paid.has(Number(number)) ? 'perhaps' : 'no';
		return [{ kind: 'failed', row, charged, taskId: TASK.exec(words)?.[1], message: words }];
	});
	return { outcomes, problems: [] };
}

function chargedIn(description: string): 'no' | 'yes' | 'unknown' | 'perhaps' {
	if (description.includes("The node can't tell whether you were charged.")) return 'unknown';
	if (/generated and you were charged\.|You were charged anyway\./.test(description)) return 'yes';
	return /You weren't charged\.|As far as is known, you weren't charged\./.test(description)
		? 'no'
		: 'perhaps';
}

/** Rows that finished although the node failed. */
export interface KeptRows {
	/** The numbers in the message. */
	rows: number;
	of: number;
	tasks: string[];
	/** Their warnings, by the index of the input row. */
	warnings: Array<{ row: number; text: string }>;
	/** How many more warnings there are. */
	moreWarnings: number;
}

export function keptRows({ result }: Pick<Execution, 'result'>): KeptRows {
	const text = plain(String(result.error?.description ?? ''));
	const [line = '', rows = 0, of = 0, ids] = KEPT.exec(text) ?? [];
	const after = line === '' ? '' : text.slice(text.indexOf(line) + line.length);
	return {
		rows: Number(rows),
		of: Number(of),
		tasks: ids?.split(', ') ?? [],
		warnings: after.split('\n').flatMap((warning) => {
			const [, number, words] = ROW.exec(warning) ?? [];
			return words === undefined ? [] : [{ row: Number(number) - 1, text: words }];
		}),
		moreWarnings: Number(MORE.exec(after)?.[1] ?? 0),
	};
}

import { isDeepStrictEqual } from 'node:util';
import type { IBinaryData, INodeExecutionData } from 'n8n-workflow';

import type { TaskView } from '../../sandbox/sandbox';
import { inputOf, keptRows, outcomesOf, type Outcome } from '../messages';
import { pictureAt } from '../pictures';
import { groupOf, isRefused, stable, tasksPerCreate, type PlannedRow } from '../rows';
import type { Trace, Turn } from '../trace';
import { groupAt, groupOfTask } from './traceQueries';

export async function givesEachRowItsImages(trace: Trace): Promise<string[]> {
	const problems = [];
	for (const execution of trace.executions) {
		for (const turn of execution.turns) {
			problems.push(...orderProblems(turn));
			for (const outcome of outcomesOf(execution, turn).outcomes) {
				if (outcome.kind === 'delivered')
					problems.push(...(await imageProblems(outcome, turn, trace)));
			}
		}
	}
	return problems;
}

/** In each output, the items are in the order of the rows. */
function orderProblems({ outputs = [] }: Turn): string[] {
	return outputs.flatMap((items, index) => {
		const inputs = items.map((item) => inputOf(item) ?? -1);
		const isSorted = inputs.every((input, place) => input >= (inputs[place - 1] ?? -1));
		return isSorted ? [] : [`output ${index} is out of order: ${inputs.join(', ')}`];
	});
}

/** The warning of an item if some images were blocked. */
const MISSING = /Some images are missing/;

async function imageProblems(outcome: Delivered, turn: Turn, trace: Trace): Promise<string[]> {
	const { row: number, taskId } = outcome;
	const row = trace.plan.rows[number];
	const task = trace.tasks.find(({ id }) => id === taskId);
	if (!row || !task) return [`row ${number + 1} has a task that does not exist: ${taskId}`];
	const problems = await new DeliveryCheck(outcome, row, task, turn, trace).problems();
	return problems.map((problem) => `row ${number + 1}, ${taskId}: ${problem}`);
}

type Delivered = Extract<Outcome, { kind: 'delivered' }>;

/** Compares the items and files of a row with its task. */
class DeliveryCheck {
	private readonly isPerTask: boolean;
	private readonly isFirstTurn: boolean;
	/** The indexes of the images that could be downloaded, and of the others. */
	private readonly delivered: number[];
	private readonly missing: number[];
	private readonly urls: unknown;
	/** In a later turn of a loop, a row may get the only image it lacked before. */
	private readonly isRest: boolean;

	constructor(
		private readonly outcome: Delivered,
		private readonly row: PlannedRow,
		private readonly task: TaskView,
		private readonly turn: Turn,
		private readonly trace: Trace,
	) {
		const { items, missing } = outcome;
		this.isPerTask = trace.plan.outputItems === 'perTask';
		this.isFirstTurn = turn === trace.executions[0]?.turns[0];
		this.missing = missing.map(({ json }) => Number(json.imageIndex));
		this.delivered = this.isPerTask
			? task.images.map((_url, index) => index).filter((index) => !this.missing.includes(index))
			: items.map(({ json }) => Number(json.imageIndex));
		this.urls = this.isPerTask ? items[0]?.json.imageUrls : items.map(({ json }) => json.imageUrl);
		this.isRest =
			this.isPerTask && Array.isArray(this.urls) && this.urls.length === 1 && !this.isFirstTurn;
	}

	async problems(): Promise<string[]> {
		const isSubmitted = this.trace.plan.continueWhen === 'submitted';
		const problem =
			this.taskProblem() ??
			(isSubmitted ? this.submittedProblem() : (this.resultProblem() ?? this.itemProblem()));
		if (problem !== undefined) return [problem];
		return isSubmitted ? [] : await this.fileProblems();
	}

	private taskProblem(): string | undefined {
		const { outcome, row, task } = this;
		if (groupOfTask(task) !== groupOf(row)) return `is of ${groupOfTask(task)}`;
		if (stable(task.prompt) !== row.prompt) return 'is of another prompt';
		// A simplified item of a layer has no prompt.
		const isForeign = outcome.items.some(
			({ json: { provider, layer, prompt } }) =>
				provider !== row.provider ||
				(prompt !== task.prompt && (layer === undefined || prompt !== undefined)),
		);
		return isForeign ? 'an item has the prompt or the provider of another row' : undefined;
	}

	private submittedProblem(): string | undefined {
		const { items } = this.outcome;
		const isPlain = items.length === 1 && items[0]?.json.status === 'submitted';
		return isPlain ? undefined : 'is not returned as submitted';
	}

	private resultProblem(): string | undefined {
		const { row, task, turn } = this;
		const { items, warning = '' } = this.outcome;
		if (task.images.length === 0) return 'is delivered, but has no images';
		if ((task.finishedAt ?? Infinity) > turn.to) return 'is delivered before its end';
		const isPartial = task.images.length < row.imageCount;
		if (items.length > 0 && isPartial !== MISSING.test(warning)) {
			return `${task.images.length} of ${row.imageCount} images, and the warning is "${warning}"`;
		}
		const isAll = this.delivered.length + this.missing.length === task.images.length;
		return !isAll && this.isFirstTurn ? 'images are left out' : undefined;
	}

	private itemProblem(): string | undefined {
		const { images } = this.task;
		const { items, missing } = this.outcome;
		const expected =
			this.isPerTask && items.length > 0 ? images : this.delivered.map((index) => images[index]);
		if (items.length > 0 && !this.isRest && !isDeepStrictEqual(this.urls, expected)) {
			return `links ${JSON.stringify(this.urls)}`;
		}
		if (missing.some(({ json }) => json.imageUrl !== images[Number(json.imageIndex)])) {
			return 'a failed item has the link of another image';
		}
		if (this.isPerTask && items.length > 1) return 'several items';
		if (!this.isRest && items.some(({ json }) => json.imageCount !== images.length)) {
			return 'an item has a wrong imageCount';
		}
		return undefined;
	}

	private async fileProblems(): Promise<string[]> {
		const { items } = this.outcome;
		if (!this.trace.plan.isDownloading) {
			return items.some(({ binary }) => binary) ? ['has files although downloads are off'] : [];
		}
		const files = items.flatMap((item) => filesOf(item));
		if (files.length !== (this.isRest ? 1 : this.delivered.length)) {
			return [`has ${files.length} files`];
		}
		if (this.isRest) return [];
		const problems = [];
		for (const [place, file] of files.entries()) {
			const index = this.delivered[place] ?? place;
			const bytes = await this.trace.readFile(file);
			const picture = await pictureAt(this.task.images[index] ?? '');
			if (bytes.equals(picture)) continue;
			const isPart = picture.subarray(0, bytes.length).equals(bytes);
			problems.push(`file ${index} is ${isPart ? 'truncated' : 'another'}`);
		}
		return problems;
	}
}

/** In the order of `data`, `data_1`, …, with or without gaps. */
function filesOf({ binary = {} }: INodeExecutionData): IBinaryData[] {
	const place = (name: string) =>
		Number(/^data_(\d+)$/.exec(name)?.[1] ?? (name === 'data' ? 0 : NaN));
	return Object.entries(binary)
		.filter(([name]) => !Number.isNaN(place(name)))
		.sort(([one], [other]) => place(one) - place(other))
		.map(([, file]) => file);
}

export function accountsForEachRow(trace: Trace): string[] {
	return trace.executions.flatMap((execution, index) => {
		const { result, turns } = execution;
		if (result.status === 'canceled') return [];
		if (!['success', 'error'].includes(result.status)) return [`it ended as ${result.status}`];
		if (turns.length === 0) return [`execution ${index + 1} has no run of the node`];
		return turns.flatMap((turn) => {
			const { outcomes, problems } = outcomesOf(execution, turn);
			const rows = turn.rows.filter((row) => !trace.plan.rows[row]?.isEmpty);
			if (turn.outputs) {
				problems.push(...wronglySkipped(turn, trace));
				const wrong = rows.filter((row) => {
					const own = outcomes.filter((one) => one.row === row);
					return own.length < 1 || own.length > tasksPerCreate(groupAt(trace, row));
				});
				return [...problems, ...wrong.map((row) => `row ${row + 1} has not one outcome`)];
			}
			// Without Continue (On Error): the failed rows, and the tasks of all others.
			if (trace.plan.onError !== undefined) problems.push('it failed despite On Error: Continue');
			const failed = outcomes.length;
			const { rows: kept, of, tasks } = keptRows(execution);
			if (failed === 0) problems.push('the error names no row');
			if (failed + kept !== rows.length && !isRefusedBatch(turn, kept, trace)) {
				problems.push(`${failed} rows failed and ${kept} are kept, of ${rows.length}`);
			}
			const isDouble = turn.rows.some((row) => tasksPerCreate(groupAt(trace, row)) > 1);
			const isNamed = tasks.length === kept || (isDouble && tasks.length > kept);
			if (!isNamed || (kept > 0 && of !== turn.rows.length)) {
				problems.push(`${kept} of ${of} rows are kept, but ${tasks.length} tasks are named`);
			}
			const isSubWorkflow = index === 0 && trace.plan.mode === 'integrated';
			const isWarned = SUB_WORKFLOW.test(String(result.error?.description));
			if (kept > 0 && isWarned !== isSubWorkflow) {
				problems.push('it does not say what a retry of the workflow that called it pays');
			}
			return problems;
		});
	});
}

const SUB_WORKFLOW =
	/If you retry the parent workflow instead, the sub-workflow starts over and you pay for every row/;

/** Rejected before anything was sent: only invalid rows are named. */
function isRefusedBatch({ rows }: Turn, kept: number, { plan }: Trace): boolean {
	return kept === 0 && rows.some((number) => isRefused(plan.rows[number]));
}

const SKIPPED = /Skipped \d+ empty rows?: rows? ([\d, ]+)\./;

/** The hint above the output names exactly the empty rows. */
function wronglySkipped({ rows, hints }: Turn, { plan }: Trace): string[] {
	const empty = rows.flatMap((row, place) => (plan.rows[row]?.isEmpty ? [place + 1] : []));
	const named = hints.map(({ message }) => SKIPPED.exec(message)?.[1] ?? '').join('');
	return named === empty.join(', ')
		? []
		: [`rows ${empty.join(', ')} are empty, the hint names ${named}`];
}

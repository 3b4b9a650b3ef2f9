import { isDeepStrictEqual } from 'node:util';
import type { IBinaryData, INodeExecutionData } from 'n8n-workflow';

import type { Story, Turn } from '../execute';
import { inputOf, keptRows, outcomesOf, type Outcome } from '../messages';
import { pictureOf } from '../pictures';
import { groupOf, isRefused, stable, tasksOfOne } from '../rows';
import { groupAt, groupOfTask } from './facts';

export async function givesEachRowItsImages(story: Story): Promise<string[]> {
	const problems = [];
	for (const execution of story.executions) {
		for (const turn of execution.turns) {
			problems.push(...disorder(turn));
			for (const outcome of outcomesOf(execution, turn).outcomes) {
				if (outcome.kind === 'delivered') problems.push(...(await faultsOf(outcome, turn, story)));
			}
		}
	}
	return problems;
}

/** In each output, the items stand in the order of the rows. */
function disorder({ outputs = [] }: Turn): string[] {
	return outputs.flatMap((items, index) => {
		const inputs = items.map((item) => inputOf(item) ?? -1);
		const isSorted = inputs.every((input, place) => input >= (inputs[place - 1] ?? -1));
		return isSorted ? [] : [`output ${index} is out of order: ${inputs.join(', ')}`];
	});
}

/** What an item says where some of the images were stopped on the way. */
const MISSING = /Not all images came/;

async function faultsOf(
	{ row: number, taskId, items, missing, warning = '' }: Extract<Outcome, { kind: 'delivered' }>,
	turn: Turn,
	story: Story,
): Promise<string[]> {
	const { plan, tasks } = story;
	const row = plan.rows[number];
	const task = tasks.find(({ id }) => id === taskId);
	if (!row || !task) return [`row ${number + 1} has a task that does not exist: ${taskId}`];
	const problem = (what: string) => `row ${number + 1}, ${taskId}: ${what}`;
	if (groupOfTask(task) !== groupOf(row)) return [problem(`is of ${groupOfTask(task)}`)];
	const [first] = items;
	if (stable(task.prompt) !== row.prompt) return [problem('is of another prompt')];
	if (items.some(({ json }) => json.prompt !== task.prompt || json.provider !== row.provider)) {
		return [problem('an item has the prompt or the provider of another row')];
	}
	if (plan.continueWhen === 'submitted') {
		const isPlain = items.length === 1 && first?.json.status === 'submitted';
		return isPlain ? [] : [problem('is not handed on as submitted')];
	}
	if (task.images.length === 0) return [problem(`is delivered, but has no images`)];
	if ((task.finishedAt ?? Infinity) > turn.to) return [problem('is delivered before its end')];
	const isPartial = task.images.length < row.imageCount;
	if (items.length > 0 && isPartial !== MISSING.test(warning)) {
		return [problem(`${task.images.length} of ${row.imageCount} images, and it says "${warning}"`)];
	}
	const isPerTask = plan.outputItems === 'perTask';
	const lost = missing.map(({ json }) => Number(json.imageIndex));
	const came = isPerTask
		? task.images.map((_url, index) => index).filter((index) => !lost.includes(index))
		: items.map(({ json }) => Number(json.imageIndex));
	// In a later turn of a loop, a row may get what it lacked in an earlier one, and no more.
	const isAll = came.length + lost.length === task.images.length;
	if (!isAll && turn === story.executions[0]?.turns[0]) return [problem('images are passed over')];
	const wanted =
		isPerTask && items.length > 0 ? task.images : came.map((index) => task.images[index]);
	const urls = isPerTask ? first?.json.imageUrls : items.map(({ json }) => json.imageUrl);
	const isRest =
		isPerTask && Array.isArray(urls) && urls.length === 1 && turn !== story.executions[0]?.turns[0];
	if (items.length > 0 && !isRest && !isDeepStrictEqual(urls, wanted)) {
		return [problem(`links ${JSON.stringify(urls)}`)];
	}
	if (missing.some(({ json }) => json.imageUrl !== task.images[Number(json.imageIndex)])) {
		return [problem('an entry has the link of another image')];
	}
	if (isPerTask && items.length > 1) return [problem('several items')];
	if (!isRest && items.some(({ json }) => json.imageCount !== task.images.length)) {
		return [problem('an item has a wrong imageCount')];
	}
	if (!plan.isDownloading) {
		return items.some(({ binary }) => binary) ? [problem('has files nobody asked for')] : [];
	}
	const files = items.flatMap((item) => filesOf(item));
	if (isRest) return files.length === 1 ? [] : [problem(`has ${files.length} files`)];
	if (files.length !== came.length) return [problem(`has ${files.length} files`)];
	const wrong = [];
	for (const [place, file] of files.entries()) {
		const index = came[place] ?? place;
		const bytes = await story.readFile(file);
		const picture = pictureOf(taskId, index);
		if (!bytes.equals(picture)) {
			const isPart = picture.subarray(0, bytes.length).equals(bytes);
			wrong.push(problem(`file ${index} is ${isPart ? 'broken off' : 'another'}`));
		}
	}
	return wrong;
}

/** `data`, `data_1`, …: each has its place, whichever others are missing. */
function filesOf({ binary = {} }: INodeExecutionData): IBinaryData[] {
	const place = (name: string) =>
		Number(/^data_(\d+)$/.exec(name)?.[1] ?? (name === 'data' ? 0 : NaN));
	return Object.entries(binary)
		.filter(([name]) => !Number.isNaN(place(name)))
		.sort(([one], [other]) => place(one) - place(other))
		.map(([, file]) => file);
}

export function accountsForEachRow(story: Story): string[] {
	return story.executions.flatMap((execution, index) => {
		const { result, turns } = execution;
		if (result.status === 'canceled') return [];
		if (!['success', 'error'].includes(result.status)) return [`it ended as ${result.status}`];
		if (turns.length === 0) return [`execution ${index + 1} has no run of the node`];
		return turns.flatMap((turn) => {
			const { outcomes, problems } = outcomesOf(execution, turn);
			const rows = turn.rows.filter((row) => !story.plan.rows[row]?.isEmpty);
			if (turn.outputs) {
				problems.push(...wronglySkipped(turn, story));
				const wrong = rows.filter((row) => {
					const own = outcomes.filter((one) => one.row === row);
					return own.length < 1 || own.length > tasksOfOne(groupAt(story, row));
				});
				return [...problems, ...wrong.map((row) => `row ${row + 1} has not one outcome`)];
			}
			// Without Continue On Fail: the rows that failed, and the tasks of all the others.
			if (story.plan.onError !== undefined) problems.push('it failed in spite of Continue On Fail');
			const failed = outcomes.length;
			const { rows: kept, of, tasks } = keptRows(execution);
			if (failed === 0) problems.push('the error names no row');
			if (failed + kept !== rows.length && !isRefusedBatch(turn, kept, story)) {
				problems.push(`${failed} rows failed and ${kept} are kept, of ${rows.length}`);
			}
			const isDouble = turn.rows.some((row) => tasksOfOne(groupAt(story, row)) > 1);
			const isNamed = tasks.length === kept || (isDouble && tasks.length > kept);
			if (!isNamed || (kept > 0 && of !== turn.rows.length)) {
				problems.push(`${kept} of ${of} rows are kept, but ${tasks.length} tasks are named`);
			}
			const isSubWorkflow = index === 0 && story.plan.mode === 'integrated';
			const isWarned = SUB_WORKFLOW.test(String(result.error?.description));
			if (kept > 0 && isWarned !== isSubWorkflow) {
				problems.push('it does not say what a retry of the workflow that called it pays');
			}
			return problems;
		});
	});
}

const SUB_WORKFLOW =
	/A retry of the workflow that called it begins the sub-workflow again and pays for every row/;

/** Refused before anything was sent: only the rows that were refused are named. */
function isRefusedBatch({ rows }: Turn, kept: number, { plan }: Story): boolean {
	return kept === 0 && rows.some((number) => isRefused(plan.rows[number]));
}

const SKIPPED = /empty rows? (?:was|were) skipped: rows? ([\d, ]+)\./;

/** The note above the output names the empty rows, and no others. */
function wronglySkipped({ rows, hints }: Turn, { plan }: Story): string[] {
	const empty = rows.flatMap((row, place) => (plan.rows[row]?.isEmpty ? [place + 1] : []));
	const said = hints.map(({ message }) => SKIPPED.exec(message)?.[1] ?? '').join('');
	return said === empty.join(', ') ? [] : [`rows ${empty.join(', ')} are empty, it says ${said}`];
}

import { isDeepStrictEqual } from 'node:util';

import type { IBinaryData, INodeExecutionData } from 'n8n-workflow';

import type { Story, Turn } from '../carryOut';
import { pictureOf } from '../pictures';
import { groupOf } from '../plan';
import { inputOf, keptTasks, outcomesOf, type Outcome } from '../said';
import { groupOfTask } from './facts';

export async function givesEachRowItsImages(story: Story): Promise<string[]> {
	const problems = [];
	for (const execution of story.executions) {
		for (const turn of execution.turns) {
			problems.push(...disorder(turn));
			for (const outcome of outcomesOf(execution, turn).outcomes) {
				if (outcome.kind === 'delivered') problems.push(...(await faultsOf(outcome, story)));
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

async function faultsOf(
	{ row: number, taskId, items }: Extract<Outcome, { kind: 'delivered' }>,
	story: Story,
): Promise<string[]> {
	const { plan, tasks } = story;
	const row = plan.rows[number];
	const task = tasks.find(({ id }) => id === taskId);
	if (!row || !task) return [`row ${number + 1} has a task that does not exist: ${taskId}`];
	const problem = (what: string) => `row ${number + 1}, ${taskId}: ${what}`;
	if (groupOfTask(task) !== groupOf(row)) return [problem(`is of ${groupOfTask(task)}`)];
	const [first] = items;
	if (items.some(({ json }) => json.prompt !== row.prompt || json.provider !== row.provider)) {
		return [problem('an item has the prompt or the provider of another row')];
	}
	if (plan.continueWhen === 'submitted') {
		const isPlain = items.length === 1 && first?.json.status === 'submitted';
		return isPlain ? [] : [problem('is not handed on as submitted')];
	}
	if (task.status !== 'completed') return [problem(`is delivered, but ${task.status}`)];
	if (task.images.length !== row.imageCount) {
		return [problem(`${task.images.length} images, the test expects ${row.imageCount}`)];
	}
	const urls =
		plan.outputItems === 'perTask' ? first?.json.imageUrls : items.map(({ json }) => json.imageUrl);
	if (!isDeepStrictEqual(urls, task.images)) return [problem(`links ${JSON.stringify(urls)}`)];
	if (plan.outputItems === 'perTask' && items.length !== 1) return [problem('several items')];
	if (items.some(({ json }) => json.imageCount !== task.images.length)) {
		return [problem('an item has a wrong imageCount')];
	}
	if (!plan.isDownloading) {
		return items.some(({ binary }) => binary) ? [problem('has files nobody asked for')] : [];
	}
	const files = items.flatMap((item) => filesOf(item));
	if (files.length !== task.images.length) return [problem(`has ${files.length} files`)];
	const wrong = [];
	for (const [index, file] of files.entries()) {
		const bytes = await story.readFile(file);
		const picture = pictureOf(taskId, index);
		if (!bytes.equals(picture)) {
			const isPart = picture.subarray(0, bytes.length).equals(bytes);
			wrong.push(problem(`file ${index} is ${isPart ? 'broken off' : 'another'}`));
		}
	}
	return wrong;
}

/** `data`, `data_1`, … */
function filesOf({ binary = {} }: INodeExecutionData): IBinaryData[] {
	return Object.keys(binary).flatMap((_name, index) => {
		const file = binary[index === 0 ? 'data' : `data_${index}`];
		return file ? [file] : [];
	});
}

export function accountsForEachRow(story: Story): string[] {
	return story.executions.flatMap((execution, index) => {
		const { result, turns } = execution;
		if (result.status === 'canceled') return [];
		if (!['success', 'error'].includes(result.status)) return [`it ended as ${result.status}`];
		if (turns.length === 0) return [`execution ${index + 1} has no run of the node`];
		return turns.flatMap((turn) => {
			const { outcomes, problems } = outcomesOf(execution, turn);
			const times = turn.rows.map((row) => outcomes.filter((one) => one.row === row).length);
			if (turn.outputs) {
				const wrong = turn.rows.filter((_row, place) => times[place] !== 1);
				return [...problems, ...wrong.map((row) => `row ${row + 1} has not one outcome`)];
			}
			// Without Continue On Fail: the rows that failed, and the tasks of all the others.
			if (story.plan.onError !== undefined) problems.push('it failed in spite of Continue On Fail');
			const failed = outcomes.length;
			const { rows: kept, of, tasks } = keptTasks(execution);
			if (failed === 0) problems.push('the error names no row');
			if (failed + kept !== turn.rows.length && !isRefusedBatch(turn, kept, story)) {
				problems.push(`${failed} rows failed and ${kept} are kept, of ${turn.rows.length}`);
			}
			if (tasks.length !== kept || (kept > 0 && of !== turn.rows.length)) {
				problems.push(`${kept} of ${of} rows are kept, but ${tasks.length} tasks are named`);
			}
			return problems;
		});
	});
}

/** Refused before anything was sent: only the rows that were refused are named. */
function isRefusedBatch({ rows }: Turn, kept: number, { plan }: Story): boolean {
	return kept === 0 && rows.some((row) => plan.rows[row]?.prompt === '');
}

import { NodeOperationError, type INodeExecutionData } from 'n8n-workflow';

import type { Charged, Failure } from '../../../../nodes/Seedream/errors/failure';
import { invalidRow } from '../../../../nodes/Seedream/errors/inputFailures';
import { deadlineFailure, taskFailure } from '../../../../nodes/Seedream/errors/taskFailures';
import {
	failureItem,
	collectResults,
	stopOnFailure,
	type RowResult,
} from '../../../../nodes/Seedream/n8n/results';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { fakeContext, type FakeContext } from '../fakeContext';

/** What the node says of a second try. */
const ON_RETRY = 'They are kept: a retry pays only for the rest.';

const BAD = invalidRow(['Prompt: is empty'], evoLink);

function done(...taskIds: string[]): RowResult {
	return {
		ok: true,
		value: taskIds.map((taskId) => ({
			json: { status: 'completed', taskId },
			pairedItem: { item: 0 },
		})),
	};
}

function failed(failure: Failure = BAD): RowResult {
	return { ok: false, failure };
}

function contextFor(rows: RowResult[], parts: FakeContext = {}) {
	return fakeContext({ rows: rows.map(() => ({})), ...parts });
}

function errorOf(rows: RowResult[], onRetry = ON_RETRY): NodeOperationError {
	try {
		collectResults(contextFor(rows), rows, onRetry);
	} catch (error) {
		if (error instanceof NodeOperationError) return error;
	}
	throw new Error('no NodeOperationError was thrown');
}

it("keeps the order of the input, however many items a row's task gave", () => {
	const rows = [done('task-1'), done('task-2', 'task-2'), done(), done('task-3')];
	expect(collectResults(contextFor(rows), rows, ON_RETRY).map(({ json }) => json.taskId)).toEqual([
		'task-1',
		'task-2',
		'task-2',
		'task-3',
	]);
});

describe('with Continue On Fail', () => {
	it('a row that failed becomes an item at its place', () => {
		const rows = [done('task-1'), failed(), done('task-3')];
		const items = collectResults(contextFor(rows, { continueOnFail: true }), rows, ON_RETRY);
		expect(items).toEqual([
			{ json: { status: 'completed', taskId: 'task-1' }, pairedItem: { item: 0 } },
			{
				json: {
					status: 'failed',
					provider: 'evoLink',
					error: {
						message: 'Prompt: is empty',
						code: 'invalid_row',
						type: 'invalid_input',
						charged: 'no',
					},
				},
				pairedItem: { item: 1 },
			},
			{ json: { status: 'completed', taskId: 'task-3' }, pairedItem: { item: 0 } },
		]);
	});

	it('nothing is thrown when every row failed', () => {
		const rows = [failed(), failed()];
		expect(collectResults(contextFor(rows, { continueOnFail: true }), rows, ON_RETRY)).toHaveLength(
			2,
		);
	});

	it('a task that outlived the deadline keeps its id', () => {
		const failure = deadlineFailure(evoLink, 'task-9', 600);
		expect(failureItem(fakeContext(), { itemIndex: 0, failure }).json).toMatchObject({
			status: 'processing',
			provider: 'evoLink',
			taskId: 'task-9',
			error: { code: 'timeout', charged: 'unknown' },
		});
	});

	it('a row without a provider or a task leaves them out', () => {
		const { json } = failureItem(fakeContext(), { itemIndex: 0, failure: invalidRow(['x']) });
		expect(Object.keys(json)).toEqual(['status', 'error']);
	});

	it('the regular output gets an item without an error of its own', () => {
		expect('error' in failureItem(fakeContext(), { itemIndex: 0, failure: BAD })).toBe(false);
	});
});

describe('rows that were only checked yet', () => {
	const rows = [done(), failed()];

	it('stop the node when one was refused', () => {
		expect(() => stopOnFailure(contextFor(rows), rows, ON_RETRY)).toThrow(
			'Row 2: Prompt: is empty',
		);
	});

	it('are not said to have finished', () => {
		const error = errorOf(rows);
		expect(error.description).toBe('Correct the row and run again. Nothing was charged.');
	});

	it('do not stop it when all are good, or when it may go on', () => {
		expect(() => stopOnFailure(contextFor(rows), [done(), done()], ON_RETRY)).not.toThrow();
		const lenient = contextFor(rows, { continueOnFail: true });
		expect(() => stopOnFailure(lenient, rows, ON_RETRY)).not.toThrow();
	});
});

describe('on the error output', () => {
	const context = fakeContext({ node: { onError: 'continueErrorOutput' } });
	const item: INodeExecutionData = failureItem(context, { itemIndex: 2, failure: BAD });

	it('an item has the error that n8n looks for', () => {
		expect(item.error).toBeInstanceOf(NodeOperationError);
		expect(item.error?.message).toBe('Prompt: is empty');
		expect(item.error?.description).toBe('Correct the row and run again. Nothing was charged.');
	});

	it('the error does not follow into a copy, so that the json stays', () => {
		expect({ ...item }).toEqual({ json: item.json, pairedItem: { item: 2 } });
		expect('error' in { ...item }).toBe(false);
		expect(item.json).toMatchObject({ status: 'failed', error: { code: 'invalid_row' } });
	});
});

describe('as the tool of an agent', () => {
	const type = 'n8n-nodes-seedream.seedreamGenerateTool';
	const told = 'Prompt: is empty. Correct the row and run again. Nothing was charged.';

	it('a row that failed becomes an item that says what to do', () => {
		const [item] = collectResults(fakeContext({ node: { type } }), [failed()], ON_RETRY);
		expect(item?.json).toMatchObject({ status: 'failed', error: { message: told, charged: 'no' } });
	});

	it('it is an error if the user wants the workflow to stop', () => {
		const context = fakeContext({ node: { type, onError: 'stopWorkflow' } });
		expect(() => collectResults(context, [failed()], ON_RETRY)).toThrow(told);
	});
});

describe('without Continue On Fail', () => {
	it('the only row of the input speaks for itself', () => {
		const error = errorOf([failed()]);
		expect(error.message).toBe('Prompt: is empty');
		expect(error.description).toBe('Correct the row and run again. Nothing was charged.');
		expect(error.context.itemIndex).toBe(0);
	});

	it('one failed row among others is named', () => {
		const error = errorOf([done(), done(), failed()]);
		expect(error.message).toBe('Row 3: Prompt: is empty');
		expect(error.description).toBe('Correct the row and run again. Nothing was charged.');
		// n8n would write [item 2] behind it.
		expect(error.context.itemIndex).toBeUndefined();
	});

	it('several failed rows are one error that lists them', () => {
		const error = errorOf([done(), failed(), failed(deadlineFailure(evoLink, 'task-9', 600))]);
		expect(error.message).toBe('2 of 3 rows failed');
		expect(error.description?.split('<br>\n')).toEqual([
			'Row 2: Prompt: is empty',
			'Row 3: EvoLink is still working on the image after 600 seconds: Seedream Task Status can fetch it later [task task-9]',
			'For row 2: Correct the row and run again.',
			'For row 3: Fetch it later with the Seedream Task Status node and the task ID task-9, or raise Timeout in the options.',
			'Charged, or perhaps charged: row 3.',
		]);
		expect(error.context.itemIndex).toBeUndefined();
	});

	it.each<[string, Charged, string]>([
		['as far as is known', 'no', 'These rows were not charged, as far as is known.'],
		['in vain', 'yes', 'Charged, or perhaps charged: rows 1, 2.'],
		['perhaps', 'unknown', 'Charged, or perhaps charged: rows 1, 2.'],
	])('several rows that were charged %s say so once', (_what, charged, line) => {
		const error = { code: 'x', message: 'No.', type: 'task_error' };
		const failure = taskFailure(apiInOne, { status: 'failed', error, charged }, 'task-1');
		const lines = errorOf([failed(failure), failed(failure)]).description?.split('<br>\n');
		expect(lines?.slice(2)).toEqual([
			'Run the row again. If it fails every time, change the prompt.',
			line,
		]);
	});

	it.each([
		[20, []],
		[21, ['… and 1 more']],
		[500, ['… and 480 more']],
	])('of %i failed rows the first twenty are listed', (count, rest) => {
		const error = errorOf(Array.from({ length: count }, () => failed()));
		expect(error.message).toBe(`${count} of ${count} rows failed`);
		const lines = error.description?.split('<br>\n') ?? [];
		expect(lines.slice(0, 20)).toEqual(
			Array.from({ length: 20 }, (_, n) => `Row ${n + 1}: Prompt: is empty`),
		);
		expect(lines.slice(20)).toEqual([
			...rest,
			'Correct the row and run again.',
			'Nothing was charged for these rows.',
		]);
	});

	it('says how many rows finished, what a retry does with them and where they are', () => {
		const error = errorOf([done('task-1', 'task-1'), failed(), done('task-3')]);
		expect(error.description?.split('<br>\n')).toEqual([
			'Correct the row and run again. Nothing was charged.',
			`2 of 3 rows finished. ${ON_RETRY}`,
			'Their tasks: task-1, task-3',
		]);
	});

	it('says so also where several rows failed', () => {
		const error = errorOf([failed(), done('task-2'), failed()]);
		expect(error.description?.split('<br>\n')).toEqual([
			'Row 1: Prompt: is empty',
			'Row 3: Prompt: is empty',
			'Correct the row and run again.',
			'Nothing was charged for these rows.',
			`1 of 3 rows finished. ${ON_RETRY}`,
			'Their tasks: task-2',
		]);
	});

	it('says of a second try whatever the node does then', () => {
		const error = errorOf([done('task-1'), failed()], 'Asking again costs nothing.');
		expect(error.description).toContain('1 of 2 rows finished. Asking again costs nothing.<br>\n');
	});

	it('speaks of no other row where none finished', () => {
		expect(errorOf([failed(), failed()]).description).not.toContain('finished');
	});

	it('no task that was paid for is lost behind the first twenty rows', () => {
		const rows = Array.from({ length: 30 }, (_, n) =>
			failed(deadlineFailure(evoLink, `paid-${n}-`, 600)),
		);
		const error = errorOf(rows);
		const said = `${error.message}\n${error.description ?? ''}`;
		const lost = rows.flatMap((_, n) => (said.includes(`paid-${n}-`) ? [] : [`paid-${n}-`]));
		expect(lost).toEqual([]);
	});
});

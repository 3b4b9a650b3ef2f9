import {
	NodeOperationError,
	type Failure as N8nFailure,
	type INodeExecutionData,
} from 'n8n-workflow';

import type { Charged, Failure } from '../../../../nodes/Seedream/errors/failure';
import { invalidRow, missingCredential } from '../../../../nodes/Seedream/errors/inputFailures';
import { httpFailure } from '../../../../nodes/Seedream/errors/requestFailures';
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

/** What a retry does with the rows that finished. */
const ON_RETRY = 'The node saves them: a retry only pays for the rest.';

const INVALID_ROW = invalidRow(["'Prompt' is empty"], evoLink);

function done(...taskIds: string[]): RowResult {
	return {
		ok: true,
		value: taskIds.map((taskId) => ({
			json: { status: 'completed', taskId },
			pairedItem: { item: 0 },
		})),
	};
}

function failed(failure: Failure = INVALID_ROW): RowResult {
	return { ok: false, failure };
}

function contextFor(rows: RowResult[], parts: FakeContext = {}) {
	return fakeContext({ rows: rows.map(() => ({})), ...parts });
}

/** The error that the rows' results throw. */
function errorOf(
	rows: RowResult[],
	onRetry = ON_RETRY,
	finish: typeof stopOnFailure | typeof collectResults = collectResults,
): NodeOperationError {
	try {
		finish(contextFor(rows), rows, onRetry);
	} catch (error) {
		if (error instanceof NodeOperationError) return error;
	}
	throw new Error('no NodeOperationError was thrown');
}

it("results keep the order of the input, however many items a row's task has", () => {
	const rows = [done('task-1'), done('task-2', 'task-2'), done(), done('task-3')];
	expect(collectResults(contextFor(rows), rows, ON_RETRY).map(({ json }) => json.taskId)).toEqual([
		'task-1',
		'task-2',
		'task-2',
		'task-3',
	]);
});

describe('with Continue On Fail', () => {
	it('with Continue On Fail, a failed row becomes an item in its place', () => {
		const rows = [done('task-1'), failed(), done('task-3')];
		const items = collectResults(contextFor(rows, { continueOnFail: true }), rows, ON_RETRY);
		expect(items).toEqual([
			{ json: { status: 'completed', taskId: 'task-1' }, pairedItem: { item: 0 } },
			{
				json: {
					status: 'failed',
					provider: 'evoLink',
					error: {
						message: "'Prompt' is empty",
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

	it('with Continue On Fail, nothing is thrown even if every row failed', () => {
		const rows = [failed(), failed()];
		expect(collectResults(contextFor(rows, { continueOnFail: true }), rows, ON_RETRY)).toHaveLength(
			2,
		);
	});

	it('the item of a task that timed out has its task ID', () => {
		const failure = deadlineFailure(evoLink, 'task-9', 600);
		expect(failureItem(fakeContext(), { itemIndex: 0, failure }).json).toMatchObject({
			status: 'processing',
			provider: 'evoLink',
			taskId: 'task-9',
			error: { code: 'timeout', charged: 'unknown' },
		});
	});

	it('the item of a failed row without a provider or a task leaves them out', () => {
		const { json } = failureItem(fakeContext(), { itemIndex: 0, failure: invalidRow(['x']) });
		expect(Object.keys(json)).toEqual(['status', 'error']);
	});

	it('a failed item on the regular output has no n8n error', () => {
		expect('error' in failureItem(fakeContext(), { itemIndex: 0, failure: INVALID_ROW })).toBe(
			false,
		);
	});
});

describe('rows that were only checked', () => {
	const rows = [done(), failed()];

	it('a row that was refused before anything was sent stops the node', () => {
		const error = errorOf(rows, ON_RETRY, stopOnFailure);
		expect(error.message).toBe("Row 2: 'Prompt' is empty");
		expect(error.context.itemIndex).toBe(1);
	});

	it("rows that were only checked aren't reported as finished", () => {
		const error = errorOf(rows);
		expect(error.description).toBe("Correct the row, then try again. You weren't charged.");
	});

	it("rows that were checked don't stop the node if all are valid, or with Continue On Fail", () => {
		expect(() => stopOnFailure(contextFor(rows), [done(), done()], ON_RETRY)).not.toThrow();
		const continuing = contextFor(rows, { continueOnFail: true });
		expect(() => stopOnFailure(continuing, rows, ON_RETRY)).not.toThrow();
	});
});

describe('on the error output', () => {
	const context = fakeContext({ node: { onError: 'continueErrorOutput' } });
	const item: INodeExecutionData = failureItem(context, { itemIndex: 2, failure: INVALID_ROW });

	it('a failed item on the error output has the error that n8n looks for', () => {
		expect(item.error).toBeInstanceOf(NodeOperationError);
		expect(item.error).toMatchObject({ context: { itemIndex: 2 } });
		expect(item.error?.message).toBe("'Prompt' is empty");
		expect(item.error?.description).toBe("Correct the row, then try again. You weren't charged.");
	});

	it("a failed item's error isn't copied with the item, so that n8n keeps its json", () => {
		expect({ ...item }).toEqual({ json: item.json, pairedItem: { item: 2 } });
		expect('error' in { ...item }).toBe(false);
		expect(item.json).toMatchObject({ status: 'failed', error: { code: 'invalid_row' } });
	});
});

describe("as an agent's tool", () => {
	const type = 'n8n-nodes-seedream.seedreamGenerateTool';
	const messageWithHint =
		"'Prompt' is empty. Correct the row, then try again. You weren't charged.";

	it('a failed row of a tool becomes an item that says what to do', () => {
		const [item] = collectResults(fakeContext({ node: { type } }), [failed()], ON_RETRY);
		expect(item?.json).toMatchObject({
			status: 'failed',
			error: { message: messageWithHint, charged: 'no' },
		});
	});

	it('a failed row of a tool is an error if the user wants the workflow to stop', () => {
		const context = fakeContext({ node: { type, onError: 'stopWorkflow' } });
		expect(() => collectResults(context, [failed()], ON_RETRY)).toThrow(messageWithHint);
	});
});

describe('without Continue On Fail', () => {
	it('the error of an input with one row has the message of its failure', () => {
		const error = errorOf([failed()]);
		expect(error.message).toBe("'Prompt' is empty");
		expect(error.description).toBe("Correct the row, then try again. You weren't charged.");
		expect(error.context.itemIndex).toBe(0);
	});

	it('the error of one failed row among others names the row and has its item index', () => {
		const error = errorOf([done(), done(), failed()]);
		expect(error.message).toBe("Row 3: 'Prompt' is empty");
		expect(error.description).toBe("Correct the row, then try again. You weren't charged.");
		expect(error.context.itemIndex).toBe(2);
	});

	it('several failed rows are one error that lists them and has no item index', () => {
		const error = errorOf([done(), failed(), failed(deadlineFailure(evoLink, 'task-9', 600))]);
		expect(error.message).toBe('2 of 3 rows failed');
		expect(error.description?.split('<br>\n')).toEqual([
			"Row 2 [item 1]: 'Prompt' is empty",
			'Row 3 [item 2]: EvoLink is still generating the image after 600 seconds. Fetch it later with the Seedream Task Status node [task task-9]',
			'For row 2: Correct the row, then try again.',
			"For row 3: Fetch it later with the Seedream Task Status node and the task ID task-9, or raise the 'Timeout' option.",
			'You were charged, or may have been charged, for row 3.',
		]);
		expect(error.context.itemIndex).toBeUndefined();
	});

	it.each<[string, Charged, string]>([
		['no, as far as is known', 'no', "As far as is known, you weren't charged for these rows."],
		['yes', 'yes', 'You were charged, or may have been charged, for rows 1, 2.'],
		['perhaps', 'unknown', 'You were charged, or may have been charged, for rows 1, 2.'],
	])(
		'the error of several failed rows says once whether they were charged: %s',
		(_what, charged, line) => {
			const error = { code: 'x', message: 'No.', type: 'task_error' };
			const failure = taskFailure(apiInOne, { status: 'failed', error, charged }, 'task-1');
			const lines = errorOf([failed(failure), failed(failure)]).description?.split('<br>\n');
			expect(lines?.slice(2)).toEqual([
				'Try again. If it fails every time, change the prompt.',
				line,
			]);
		},
	);

	it.each([
		[20, []],
		[21, ['… and 1 more']],
		[500, ['… and 480 more']],
	])('the error of %i failed rows lists the first twenty', (count, rest) => {
		const error = errorOf(Array.from({ length: count }, () => failed()));
		expect(error.message).toBe(`${count} of ${count} rows failed`);
		const lines = error.description?.split('<br>\n') ?? [];
		expect(lines.slice(0, 20)).toEqual(
			Array.from({ length: 20 }, (_, n) => `Row ${n + 1} [item ${n}]: 'Prompt' is empty`),
		);
		expect(lines.slice(20)).toEqual([
			...rest,
			'Correct the row, then try again.',
			"You weren't charged for these rows.",
		]);
	});

	it('the error of one failed row says how many rows finished, what a retry does with them and their task IDs', () => {
		const error = errorOf([done('task-1', 'task-1'), failed(), done('task-3')]);
		expect(error.description?.split('<br>\n')).toEqual([
			"Correct the row, then try again. You weren't charged.",
			`2 of 3 rows finished. ${ON_RETRY}`,
			'Their task IDs: task-1, task-3',
		]);
	});

	it('the error of several failed rows says how many rows finished and their task IDs', () => {
		const error = errorOf([failed(), done('task-2'), failed()]);
		expect(error.description?.split('<br>\n')).toEqual([
			"Row 1 [item 0]: 'Prompt' is empty",
			"Row 3 [item 2]: 'Prompt' is empty",
			'Correct the row, then try again.',
			"You weren't charged for these rows.",
			`1 of 3 rows finished. ${ON_RETRY}`,
			'Their task IDs: task-2',
		]);
	});

	it('the error says what a retry of this node does', () => {
		const error = errorOf([done('task-1'), failed()], 'Checking them again is free.');
		expect(error.description).toContain('1 of 2 rows finished. Checking them again is free.<br>\n');
	});

	it("the error doesn't mention finished rows where there are none", () => {
		expect(errorOf([failed(), failed()]).description).not.toContain('finished');
	});

	it('the error of more than twenty failed rows has all their task IDs', () => {
		const rows = Array.from({ length: 30 }, (_, n) =>
			failed(deadlineFailure(evoLink, `paid-${n}-`, 600)),
		);
		const error = errorOf(rows);
		const text = `${error.message}\n${error.description ?? ''}`;
		const missing = rows.flatMap((_, n) => (text.includes(`paid-${n}-`) ? [] : [`paid-${n}-`]));
		expect(missing).toEqual([]);
	});
});

describe("the cause in n8n's error", () => {
	const failedWith = (status: number, retryAfterSeconds?: number) => {
		const error = { status, code: 'some_code', message: 'No.', type: 'some_type' };
		const purpose = { kind: 'create', isRepeatable: false } as const;
		return failed(httpFailure(evoLink, error, retryAfterSeconds, purpose));
	};

	it.each<[string, RowResult[], N8nFailure | undefined]>([
		['one failed row', [failedWith(402)], { cause: 'quota-exhausted' }],
		['one failed row among others', [done(), failedWith(429)], { cause: 'rate-limited' }],
		[
			'several failed rows that share it',
			[failedWith(429), done('task-1'), failedWith(429)],
			{ cause: 'rate-limited' },
		],
		[
			'a row with a Retry-After',
			[failedWith(429, 7)],
			{ cause: 'rate-limited', retryAfterMs: 7_000 },
		],
		[
			'several rows, of which the longest Retry-After counts',
			[failedWith(503, 7), failedWith(503, 90), failedWith(502), failedWith(503, 30)],
			{ cause: 'temporarily-unavailable', retryAfterMs: 90_000 },
		],
		[
			'several rows whose credential has to be corrected, however long the Retry-After',
			[failedWith(401, 7), failed(missingCredential(evoLink))],
			{ cause: 'credential-invalid' },
		],
		[
			'a row whose configuration has to be corrected, however long the Retry-After',
			[failedWith(404, 7)],
			{ cause: 'configuration-invalid' },
		],
		['rows with different causes', [failedWith(429, 7), failedWith(503, 7)], undefined],
		['rows of which one has no cause', [failedWith(429, 7), failed()], undefined],
		['a row without a cause', [failed()], undefined],
	])(
		"n8n's error has the cause that the failed rows share, if they do: %s",
		(_what, rows, failure) => {
			expect(errorOf(rows).failure).toEqual(failure);
		},
	);

	it('an item on the error output has the cause of its own row', () => {
		const node = { onError: 'continueErrorOutput' } as const;
		const context = fakeContext({ node, continueOnFail: true });
		const items = collectResults(context, [failedWith(429, 7), failedWith(402)], ON_RETRY);
		expect(items.map(failureOf)).toEqual([
			{ cause: 'rate-limited', retryAfterMs: 7_000 },
			{ cause: 'quota-exhausted' },
		]);
	});
});

function failureOf({ error }: INodeExecutionData): N8nFailure | undefined {
	return error instanceof NodeOperationError ? error.failure : undefined;
}

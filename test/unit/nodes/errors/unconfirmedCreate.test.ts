import type { ErrorMeaning } from '../../../../nodes/Seedream/errors/errorCodes';
import { MEANING_MESSAGES } from '../../../../nodes/Seedream/errors/errorMessages';
import {
	networkFailure,
	unreadableResponse,
} from '../../../../nodes/Seedream/errors/requestFailures';
import {
	type UnconfirmedCreate,
	possibleDuplicate,
	earlierCreateUnconfirmed,
	executionRestarted,
	unconfirmedFailure,
} from '../../../../nodes/Seedream/errors/unconfirmedCreate';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { ListedTask } from '../../../../nodes/Seedream/shared/task';
import { NOT_CHARGED, UNKNOWN, CREATE, REPEATABLE, httpError } from './httpErrors';

describe('a create whose response was lost', () => {
	const at = new Date('2026-11-20T08:00:03.500Z');
	const lookForIt =
		"The image may have been generated and you may have been charged. Check APIMart's task list for a doubao-seedance-4-5 task created at 2026-11-20 08:00:03 UTC";
	const todo = `If the task is there, fetch it with the Seedream Task Status node and its task ID. To avoid charging you twice, the node doesn't send this row again in this execution. Retry on the Executions tab does, so check first. ${UNKNOWN}`;
	const asksAgain = `If the task is there, fetch it with the Seedream Task Status node and its task ID. Retry On Fail, or Retry on the Executions tab, sends the request again without charging you twice. ${UNKNOWN}`;
	const reset = { code: 'ECONNRESET', mayHaveArrived: true } as const;

	const create = (changes: Partial<UnconfirmedCreate> = {}): UnconfirmedCreate => ({
		provider: apiMart,
		model: 'doubao-seedance-4-5',
		at,
		lastAt: at,
		isRepeatable: false,
		candidates: [],
		...changes,
	});
	const atEvoLink = create({ provider: evoLink, isRepeatable: true });

	it('says what happened, and what to look for', () => {
		const failure = networkFailure(apiMart, reset, CREATE);
		expect(unconfirmedFailure(failure, create())).toEqual({
			...failure,
			message: `APIMart didn't respond: the connection was interrupted (ECONNRESET). ${lookForIt}`,
			description: todo,
			charged: 'unknown',
		});
	});

	it('says that a retry is safe where the provider honors the key', () => {
		const failure = networkFailure(evoLink, reset, REPEATABLE);
		expect(unconfirmedFailure(failure, atEvoLink).description).toBe(asksAgain);
	});

	it.each<[ErrorMeaning, string, boolean]>([
		['inProgress', 'paid_outcome_unknown', true],
		['outcomeUnknown', 'idempotency_result_indeterminate', false],
		['keyReused', 'idempotency_conflict', false],
	])('says first what to do where the provider gave a reason: %s', (meaning, code, repeats) => {
		const failure = httpError(409, REPEATABLE, evoLink, { code });
		const { description } = unconfirmedFailure(failure, atEvoLink);
		expect(description.startsWith(MEANING_MESSAGES[meaning].hint)).toBe(true);
		expect(description.endsWith(asksAgain)).toBe(repeats);
		expect(description.includes('gets the same response')).toBe(meaning === 'keyReused');
		expect(description).not.toMatch(/\btry again\b|\brun\b.*\bagain\b/i);
	});

	it("quotes an unreadable response, which may hold the task's ID", () => {
		const unread = unreadableResponse(apiMart, 'why', { job: 'task-7' }, CREATE);
		expect(unconfirmedFailure(unread, create()).description).toBe(
			`The response was: {"job":"task-7"} ${todo}`,
		);
	});

	it('leaves the charge unknown even if the last attempt was refused', () => {
		const refused = { code: 'ECONNREFUSED', mayHaveArrived: false } as const;
		const failure = unconfirmedFailure(networkFailure(apiMart, refused, CREATE), create());
		expect(failure.charged).toBe('unknown');
		expect(failure.description).not.toContain(NOT_CHARGED);
	});

	const candidates: ListedTask[] = [
		{ taskId: 'task-8', status: 'completed', createdAt: at },
		{ taskId: 'task-9', status: 'submitted', createdAt: new Date(at.getTime() + 1_000) },
	];
	const named =
		'task-8 (2026-11-20 08:00:03 UTC, completed), task-9 (2026-11-20 08:00:04 UTC, queued)';

	it('names the tasks that it may have created', () => {
		const failure = networkFailure(apiMart, reset, CREATE);
		const { message } = unconfirmedFailure(failure, create({ candidates }));
		expect(message).toContain(
			`${lookForIt}. The list has ${named}, which don't belong to any row of this execution`,
		);
	});

	it("in an earlier attempt isn't sent again", () => {
		expect(earlierCreateUnconfirmed(create())).toEqual({
			message: `The response to this row's request was lost in an earlier attempt. ${lookForIt}`,
			description: todo,
			code: 'answer_lost',
			type: 'network_error',
			charged: 'unknown',
			status: 'failed',
			provider: 'apiMart',
		});
	});

	it('before n8n restarted the execution may have been charged', () => {
		expect(executionRestarted(apiMart)).toEqual({
			message:
				'n8n restarted this execution after its worker stopped responding, and the node may have sent this row to APIMart before that. The image may have been generated and you may have been charged',
			description: `The log of that worker contains the task IDs, and APIMart's task list contains the tasks. Fetch the image with the Seedream Task Status node and its task ID. To avoid charging you twice, the node doesn't send this row again in this execution. Retry on the Executions tab does, and so does a new execution, so check first. With QUEUE_WORKER_MAX_STALLED_COUNT=0, n8n doesn't restart executions. ${UNKNOWN}`,
			code: 'execution_restarted',
			type: 'queue',
			charged: 'unknown',
			status: 'failed',
			provider: 'apiMart',
		});
	});

	const first =
		"The response to this row's first request was lost, and EvoLink doesn't confirm that it recognized the second one. The image may have been generated twice, and you may have been charged for both. Besides task-1,";

	it.each([
		[
			[],
			`${first} check its task list for another task created at 2026-11-20 08:00:03 UTC or later`,
		],
		[candidates, `${first} its task list also has ${named}`],
	])('and that was sent again warns of a possible duplicate (%#)', (others, warning) => {
		expect(possibleDuplicate(evoLink, 'task-1', at, others)).toBe(warning);
	});
});

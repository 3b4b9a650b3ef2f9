import type { ParseResult, SandboxResponse } from '../responses';
import { creditsOf, snapshotOf, type Task } from '../tasks';
import { compileSchema, firstSchemaError } from './bodySchema';
import { invalidRequest } from './evoLinkErrors';
import { toSeconds } from './provider';

/** From the URL. An empty value counts as absent. */
interface ListQuery {
	status?: string;
	type?: string;
	model?: string;
	page?: string;
	page_size?: string;
}

/** Has no links and no prompt. */
interface ListedTask {
	id: string;
	model: string;
	type: string;
	status: string;
	created_at: number;
	has_results: boolean;
	credits_used: number;
}

const DEFAULT_PAGE_SIZE = 20;

const MAX_BATCH_TASK_IDS = 50;

/** The provider's own client sends a `page_size` of at most 50. */
const isListQuery = compileSchema<ListQuery>({
	type: 'object',
	properties: {
		status: { type: 'string' },
		type: { type: 'string' },
		model: { type: 'string' },
		page: { type: 'string', pattern: '^([1-9]\\d*)?$' },
		page_size: { type: 'string', pattern: '^([1-9]|[1-4]\\d|50)?$' },
	},
});

const isBatch = compileSchema<{ task_ids: string[] }>({
	type: 'object',
	required: ['task_ids'],
	properties: {
		task_ids: {
			type: 'array',
			minItems: 1,
			maxItems: MAX_BATCH_TASK_IDS,
			items: { type: 'string' },
		},
	},
});

/** The body of `POST /v1/tasks/batch`. */
export function parseEvoLinkBatch(body: unknown): ParseResult<readonly string[]> {
	return isBatch(body)
		? { value: body.task_ids }
		: { error: invalidRequest(firstSchemaError(isBatch)) };
}

/** `GET /v1/tasks`, newest first. */
export function listEvoLinkTasks(
	tasks: readonly Task[],
	query: unknown,
	at: number,
): SandboxResponse {
	if (!isListQuery(query)) return invalidRequest(firstSchemaError(isListQuery));
	const page = Number(query.page || 1);
	const size = Number(query.page_size || DEFAULT_PAGE_SIZE);
	const found = tasks
		.map((task) => listedTaskOf(task, at))
		.filter((task) => matches(task, query))
		.reverse();
	return {
		status: 200,
		body: {
			data: found.slice((page - 1) * size, page * size),
			total: found.length,
			page,
			page_size: size,
		},
	};
}

function listedTaskOf(task: Task, at: number): ListedTask {
	const { status, finishedAt } = snapshotOf(task, at);
	return {
		id: task.id,
		model: task.model,
		type: 'image',
		status,
		created_at: toSeconds(task.createdAt),
		has_results: finishedAt !== undefined && task.delivered > 0,
		credits_used: creditsOf(task, at).charged,
	};
}

function matches(task: ListedTask, { status, type, model }: ListQuery): boolean {
	return (
		(!status || task.status === status) &&
		(!type || task.type === type) &&
		(!model || task.model === model)
	);
}

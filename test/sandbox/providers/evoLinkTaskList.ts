import type { Answer } from '../responses';
import { creditsOf, momentOf, type Task } from '../tasks';
import { invalid } from './evoLink';
import { toSeconds } from './provider';
import { compile, faultOf } from './schemaCheck';

/** As it stands in the address; what is empty counts as left out. */
interface ListQuery {
	status?: string;
	type?: string;
	model?: string;
	page?: string;
	page_size?: string;
}

/** A task as the list shows it: no links, no prompt. */
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

/** `page_size` is at most 50 (the provider's own client). */
const isListQuery = compile<ListQuery>({
	type: 'object',
	properties: {
		status: { type: 'string' },
		type: { type: 'string' },
		model: { type: 'string' },
		page: { type: 'string', pattern: '^([1-9]\\d*)?$' },
		page_size: { type: 'string', pattern: '^([1-9]|[1-4]\\d|50)?$' },
	},
});

/** `GET /v1/tasks` at EvoLink: the newest first. `tasks` are all of the account, in the order of their creation. */
export function listEvoLinkTasks(tasks: readonly Task[], query: unknown, at: number): Answer {
	if (!isListQuery(query)) return invalid(faultOf(isListQuery));
	const page = Number(query.page || 1);
	const size = Number(query.page_size || DEFAULT_PAGE_SIZE);
	const found = tasks
		.map((task) => listed(task, at))
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

function listed(task: Task, at: number): ListedTask {
	const { status, finishedAt } = momentOf(task, at);
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

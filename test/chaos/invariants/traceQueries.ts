import type { TaskView } from '../../sandbox/sandbox';
import type { RequestEvent } from '../faultInjector';
import { leavesUnconfirmed } from '../faults';
import { outcomesOf, type Outcome } from '../messages';
import type { Plan } from '../plan';
import { groupOf, stable } from '../rows';
import type { Execution, Trace, Turn } from '../trace';

/** Returns the violations in a trace. */
export type Invariant = (trace: Trace) => string[] | Promise<string[]>;

export const groupOfTask = ({ provider, prompt }: TaskView): string =>
	`${provider}: ${stable(prompt)}`;

/** According to the provider's account. */
export const isPaid = ({ credits }: TaskView): boolean => credits.charged > 0;

export const isWithin = (at: number, { from, to }: { from: number; to: number }): boolean =>
	at >= from && at <= to;

const isAt = (provider: TaskView['provider'], group: string): boolean =>
	group.startsWith(`${provider}: `);

/** Whether the provider creates nothing again for a key it knows. */
export function honorsIdempotency(group: string, { idempotency: keys }: Plan): boolean {
	return (
		(isAt('evoLink', group) && keys.evoLink === 'honored') ||
		(isAt('apiMart', group) && keys.apiMart === 'honored')
	);
}

/** Whether the provider documents that it honors keys, so that the node may rely on it from the start. */
export function promisesIdempotency(group: string): boolean {
	return isAt('evoLink', group);
}

/** Whether the node may ever rely on keys at this provider. */
export function mayHonorIdempotency(group: string): boolean {
	return !isAt('apiInOne', group);
}

/** Whether the node ever knew the task as a row's own. */
export function isKnown(task: TaskView, { executions }: Trace): boolean {
	return executions.some((execution) => isKnownIn(execution, task));
}

/** According to its log, which also contains tasks that may be a row's, and those of other rows. */
export function isKnownIn({ result }: Execution, { id }: Pick<TaskView, 'id'>): boolean {
	return result.log.some(
		({ message }) =>
			message.startsWith(`Seedream task ${id} submitted to `) ||
			message.startsWith(`Seedream task ${id} resumed`) ||
			message.startsWith(`Stopped: fetch task ${id} from `),
	);
}

export function groupAt({ plan }: Trace, number: number): string {
	const row = plan.rows[number];
	return row ? groupOf(row) : 'no row';
}

/** The number of rows in each group of identical rows. */
export function rowsPerGroup(rows: Plan['rows']): Map<string, number> {
	const counts = new Map<string, number>();
	for (const row of rows) counts.set(groupOf(row), (counts.get(groupOf(row)) ?? 0) + 1);
	return counts;
}

/** The outcomes of all rows, executions and turns. */
export function allOutcomes(trace: Trace): Array<Outcome & { execution: number; turn: Turn }> {
	return trace.executions.flatMap((execution, index) =>
		execution.turns.flatMap((turn) =>
			outcomesOf(execution, turn).outcomes.map((outcome) => ({
				...outcome,
				execution: index,
				turn,
			})),
		),
	);
}

export function longestStreak(
	events: readonly RequestEvent[],
	isOne: (event: RequestEvent) => boolean,
): number {
	let longest = 0;
	let current = 0;
	for (const event of events) {
		current = isOne(event) ? current + 1 : 0;
		longest = Math.max(longest, current);
	}
	return longest;
}

/** All queries about a task, single or batch. */
export function queriesOf(
	{ id }: Pick<TaskView, 'id'>,
	events: readonly RequestEvent[],
): RequestEvent[] {
	return events.filter(
		({ request, batchIds }) =>
			request.step === 'query' && (request.taskId === id || batchIds?.includes(id) === true),
	);
}

// --- Create requests --------------------------------------------------------------------------------------

export function createsOf({ events }: Pick<Trace, 'events'>, group: string): RequestEvent[] {
	return events.filter(({ request, subject }) => request.step === 'create' && subject === group);
}

export function keyOf({ request }: RequestEvent): string {
	return String(request.headers['idempotency-key'] ?? '');
}

/** The node doesn't know if it was accepted. */
export function isUnconfirmed({ name }: RequestEvent): boolean {
	return leavesUnconfirmed(name);
}

/** The node knows the tasks it created. */
export function isAccepted({ createResponse }: RequestEvent): boolean {
	return createResponse !== undefined && createResponse.taskIds.length > 0;
}

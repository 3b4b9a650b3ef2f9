import type { TaskView } from '../../sandbox/sandbox';
import type { Execution, Story, Turn } from '../execute';
import { isOpen } from '../faults';
import type { Event } from '../injector';
import { outcomesOf, type Outcome } from '../messages';
import type { Plan } from '../plan';
import { groupOf, stable } from '../rows';

/** What is wrong with a run; nothing, if it kept the rule. */
export type Invariant = (story: Story) => string[] | Promise<string[]>;

export const groupOfTask = ({ provider, prompt }: TaskView): string =>
	`${provider}: ${stable(prompt)}`;

/** By the provider's own account. */
export const isPaid = ({ credits }: TaskView): boolean => credits.charged > 0;

export const isWithin = (at: number, { from, to }: { from: number; to: number }): boolean =>
	at >= from && at <= to;

const isAt = (provider: TaskView['provider'], group: string): boolean =>
	group.startsWith(`${provider}: `);

/** Whether the provider makes nothing again under a key that it knows. */
export function honoursKeys(group: string, { keys }: Plan): boolean {
	return (
		(isAt('evoLink', group) && keys.evoLink === 'honoured') ||
		(isAt('apiMart', group) && keys.apiMart === 'honoured')
	);
}

/** Whether the provider has promised that it honours keys, so that the node may rely on it from the beginning. */
export function promisesKeys(group: string): boolean {
	return isAt('evoLink', group);
}

/** Whether the node may ever rely on keys there. */
export function mayHonourKeys(group: string): boolean {
	return !isAt('apiInOne', group);
}

/** Whether a task's id ever came to the node as that of a row's task. */
export function isKnown(task: TaskView, { executions }: Story): boolean {
	return executions.some((execution) => isKnownIn(execution, task));
}

/** By its log. Tasks that may be a row's, and those of other rows, stand there as well. */
export function isKnownIn({ result }: Execution, { id }: Pick<TaskView, 'id'>): boolean {
	return result.log.some(
		({ message }) =>
			message.startsWith(`Seedream task ${id} submitted to `) ||
			message.startsWith(`Seedream task ${id} taken up again`) ||
			message.startsWith(`Stopped: Seedream Task Status can fetch task ${id} from `),
	);
}

export function groupAt({ plan }: Story, number: number): string {
	const row = plan.rows[number];
	return row ? groupOf(row) : 'no row';
}

/** The groups of rows that ask for the same, with how many ask. */
export function demand(rows: Plan['rows']): Map<string, number> {
	const counts = new Map<string, number>();
	for (const row of rows) counts.set(groupOf(row), (counts.get(groupOf(row)) ?? 0) + 1);
	return counts;
}

/** All that was said of rows, over all executions and turns. */
export function allOutcomes(story: Story): Array<Outcome & { execution: number; turn: Turn }> {
	return story.executions.flatMap((execution, index) =>
		execution.turns.flatMap((turn) =>
			outcomesOf(execution, turn).outcomes.map((outcome) => ({
				...outcome,
				execution: index,
				turn,
			})),
		),
	);
}

export function longestRow(events: readonly Event[], isOne: (event: Event) => boolean): number {
	let longest = 0;
	let current = 0;
	for (const event of events) {
		current = isOne(event) ? current + 1 : 0;
		longest = Math.max(longest, current);
	}
	return longest;
}

/** All that asked for a task, alone or among others. */
export function queriesOf({ id }: Pick<TaskView, 'id'>, events: readonly Event[]): Event[] {
	return events.filter(
		({ request, asked }) =>
			request.step === 'query' && (request.taskId === id || asked?.includes(id) === true),
	);
}

// --- Creates --------------------------------------------------------------------------------------

export function createsOf({ events }: Pick<Story, 'events'>, group: string): Event[] {
	return events.filter(({ request, subject }) => request.step === 'create' && subject === group);
}

export function keyOf({ request }: Event): string {
	return String(request.headers['idempotency-key'] ?? '');
}

/** The node has not heard what became of it. */
export function isUndecided({ name }: Event): boolean {
	return isOpen(name);
}

/** The node has heard of the tasks that it made. */
export function isAccepted({ said }: Event): boolean {
	return said !== undefined && said.taskIds.length > 0;
}

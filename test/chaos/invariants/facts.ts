import type { Execution, Story, Turn } from '../carryOut';
import type { Event } from '../faults';
import { groupOf, isDoomed } from '../plan';
import { outcomesOf, type Outcome } from '../said';
import type { TaskView } from '../../sandbox/sandbox';

/** What is wrong with a run; nothing, if it kept the rule. */
export type Invariant = (story: Story) => string[] | Promise<string[]>;

export const groupOfTask = ({ gateway, prompt }: TaskView): string => `${gateway}: ${prompt}`;

/** Its images were, or will be, charged. */
export const isPaid = (task: TaskView): boolean => task.status !== 'failed' && !isDoomed(task);

export const isWithin = (at: number, { from, to }: { from: number; to: number }): boolean =>
	at >= from && at <= to;

export function isIdempotent(group: string): boolean {
	return group.startsWith('evoLink: ');
}

/** Whether a task's id ever came to the node. */
export function isKnown(task: TaskView, { executions }: Story): boolean {
	return executions.some((execution) => isKnownIn(execution, task));
}

/** By its log. */
export function isKnownIn({ result }: Execution, { id }: TaskView): boolean {
	return logText(result.log).includes(id);
}

function logText(log: Execution['result']['log']): string {
	return JSON.stringify(log.map(({ message, meta }) => [message, meta]));
}

export function groupAt({ plan }: Story, number: number): string {
	const row = plan.rows[number];
	return row ? groupOf(row) : 'no row';
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

import type { Answer, Reading, Refusal } from '../answers';
import type { RetryRule } from '../callbacks';
import type { GatewayName, Task, TaskMoment, TaskOrder } from '../tasks';

/** What sets one gateway apart from the others; `routes.ts` does what they share. */
export interface Gateway {
	name: GatewayName;
	/** Where it stands on the sandbox's server. */
	prefix: string;
	key: string;
	/** Whether `Idempotency-Key` on create is honoured. */
	idempotent: boolean;
	callbackRule: RetryRule;
	newTaskId(atMs: number): string;
	readCreate(body: unknown, callbackHosts: readonly string[]): Reading<TaskOrder>;
	createAnswer(task: Task): unknown;
	/** `images` are the URLs of a completed task. */
	taskAnswer(task: Task, moment: TaskMoment, images: readonly string[]): unknown;
	/** The documented error for an HTTP status. */
	refusal(status: number, message?: string): Refusal;
	/** Absent where no document names such a route. */
	account?: {
		path: string;
		answer(account: { balance: number; charged: number }): Answer;
		/** What a bad key gets there. */
		unauthorized(): Answer;
	};
}

/** Unix time in whole seconds, as all three write it. */
export function toSeconds(ms: number): number {
	return Math.floor(ms / 1000);
}

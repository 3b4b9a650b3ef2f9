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
	/** Absent where no document names such a route. */
	uploads?: UploadService;
}

/** Where a gateway takes files, which ones, and for how long. */
export interface UploadService {
	/** From the server's root: EvoLink's files have a host of their own. */
	path: string;
	/** As sharp names them. */
	formats: readonly string[];
	mostBytes: number;
	keptMs: number;
	answer(upload: TakenFile): unknown;
}

/** What an answer to an upload can tell. Times in milliseconds. */
export interface TakenFile {
	id: string;
	url: string;
	/** The client's name for it. */
	fileName: string;
	/** Read in the bytes. */
	contentType: string;
	bytes: number;
	at: number;
	expiresAt: number;
}

/** Unix time in whole seconds, as all three write it. */
export function toSeconds(ms: number): number {
	return Math.floor(ms / 1000);
}

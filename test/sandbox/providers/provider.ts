import type { IncomingHttpHeaders } from 'node:http';

import type { RetryRule } from '../callbacks';
import type { IdempotencyRules } from '../idempotency';
import type { PartialEnd } from '../outcome';
import type { Answer, ParseResult, Refusal } from '../responses';
import type { ProviderName, Task, TaskMoment, TaskOrder } from '../tasks';

/** What sets one provider apart from the others; `routes.ts` does what they share. */
export interface Provider {
	name: ProviderName;
	/** Where it stands on the sandbox's server. */
	prefix: string;
	key: string;
	/** What it makes of an `Idempotency-Key` on create; absent where nothing is known. */
	idempotency?: IdempotencyRules;
	partialEnd: PartialEnd;
	/** Whether one create may make several tasks. */
	makesSeveralTasks: boolean;
	callbackRule: RetryRule;
	newTaskId(atMs: number): string;
	readCreate(body: unknown, callbackHosts: readonly string[]): ParseResult<TaskOrder>;
	createAnswer(tasks: MadeTasks, headers: IncomingHttpHeaders): Answer;
	/** `images` are the URLs of what comes of the task. */
	taskAnswer(task: Task, moment: TaskMoment, images: readonly string[]): unknown;
	/** The documented error for an HTTP status. */
	refusal(status: number, message?: string): Refusal;
	/** What a query for an id gets that it has never given; the documented 404 where absent. */
	unknownTask?(): Refusal;
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

/** What one create has made. */
export type MadeTasks = readonly [Task, ...Task[]];

/** Why a provider does not take a file. */
export type UploadFault = 'tooLarge' | 'wrongType' | 'tooManyFiles';

/** Where a provider takes files, which ones, and for how long. */
export interface UploadService {
	/** From the server's root: EvoLink's files have a host of their own. */
	path: string;
	/** As sharp names them. */
	formats: readonly string[];
	mostBytes: number;
	keptMs: number;
	/** The text field that names a file: one under a name that exists takes its place. Absent: all are new files. */
	nameField?: string;
	/** Whether it takes only so many files, as the sandbox's `maxFiles` says. */
	countsFiles: boolean;
	answer(upload: TakenFile): unknown;
	refusal(fault: UploadFault, message: string): Answer;
}

/** What an answer to an upload can tell. Times in milliseconds. */
export interface TakenFile {
	id: string;
	url: string;
	/** The client's name for it. */
	fileName: string;
	/** The name that the form gave it, where the provider reads one. */
	name?: string;
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

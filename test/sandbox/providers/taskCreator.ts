import type { IncomingHttpHeaders } from 'node:http';

import type { CallbackSender, RetryPolicy } from '../callbacks';
import { outcomeOf } from '../outcome';
import { parsePromptMarkers, type PromptMarkers } from '../promptMarkers';
import { RETRY_AFTER } from '../rateLimit';
import type { ReferenceCheck, ReferenceChecker } from '../referenceChecker';
import type { SandboxRequest } from '../requestPipeline';
import type { SandboxResponse } from '../responses';
import { finishTimeOf, type Task, type TaskInput, type TaskStore } from '../tasks';
import type { CreatedTasks, Provider } from './provider';

export interface TaskCreatorContext {
	now(): number;
	secondsFor(task: { provider: Provider['name']; prompt: string }): number;
	tasks: TaskStore;
	obeysMarkers(task: { provider: Provider['name']; prompt: string }): boolean;
	callbacks: CallbackSender;
	references: ReferenceChecker;
	callbackHosts: readonly string[];
	/** How many tasks of a provider may be unfinished at the same time. */
	concurrentTasks?: number;
	/** Overrides the documented delays between retries. */
	callbackDelaysMs?: readonly number[];
}

/** Handles a provider's create requests. */
export class TaskCreator {
	constructor(
		private readonly provider: Provider,
		private readonly context: TaskCreatorContext,
		private readonly taskBody: (task: Task, at: number) => unknown,
	) {}

	/** Checking the references takes time but has no effect. Everything after it happens in one turn of the event loop. */
	async create(
		{ prompt = '', attempt }: SandboxRequest,
		body: unknown,
		headers: IncomingHttpHeaders,
	): Promise<SandboxResponse> {
		const markerError = this.markerError(prompt, attempt);
		if (markerError !== undefined) return markerError;
		const parsed = this.provider.parseCreate(body, this.context.callbackHosts);
		if ('error' in parsed) return parsed.error;
		const { references } = this.context;
		const check = await references.check(this.provider.name, parsed.value);
		const opaque = await this.opaqueReferenceError(parsed.value);
		if (opaque !== undefined) return opaque;
		return this.accept(this.inputFor(parsed.value, check), check, headers);
	}

	/** The model refuses such a reference before it starts. */
	private async opaqueReferenceError(input: TaskInput): Promise<SandboxResponse | undefined> {
		const [reference] = input.references;
		if (input.isTransparent !== true || reference === undefined) return undefined;
		if ((await this.context.references.isTransparent(reference)) !== false) return undefined;
		const message = 'background transparent needs a PNG reference with transparent pixels';
		return this.provider.errorResponse(400, message);
	}

	/** The canvas of layers, and with it the price, depends on the reference. */
	private inputFor(input: TaskInput, { size }: ReferenceCheck): TaskInput {
		if (input.layers === undefined) return input;
		const parsed = this.provider.parseCreate(input.body, this.context.callbackHosts, size);
		return 'value' in parsed ? parsed.value : input;
	}

	private markerError(prompt: string, attempt: number): SandboxResponse | undefined {
		const { http } = this.markersOf(prompt);
		if (http === undefined || attempt > http.times) return undefined;
		const response = this.provider.errorResponse(http.status);
		return http.status === 429 ? { ...response, headers: RETRY_AFTER } : response;
	}

	private markersOf(prompt: string): PromptMarkers {
		const isObeyed = this.context.obeysMarkers({ provider: this.provider.name, prompt });
		return isObeyed ? parsePromptMarkers(prompt) : {};
	}

	private accept(
		input: TaskInput,
		check: ReferenceCheck,
		headers: IncomingHttpHeaders,
	): SandboxResponse {
		const { tasks, now, concurrentTasks = Infinity } = this.context;
		const { name, canCreateSeveralTasks, errorResponse } = this.provider;
		const markers = this.markersOf(input.prompt);
		const count = canCreateSeveralTasks ? (markers.tasks ?? 1) : 1;
		if (tasks.countUnfinished(name, now()) >= concurrentTasks) return errorResponse(429);
		if (count * input.creditsReserved > tasks.account(name, now()).balance) {
			return errorResponse(402);
		}
		const addTask = () => this.addTask(input, markers, check);
		const created: CreatedTasks = [addTask(), ...Array.from({ length: count - 1 }, addTask)];
		return this.provider.createResponse(created, headers);
	}

	private addTask(input: TaskInput, markers: PromptMarkers, check: ReferenceCheck): Task {
		const { name, newTaskId, partialStatus } = this.provider;
		const { now, secondsFor, tasks } = this.context;
		const createdAt = now();
		const seconds = markers.slowSeconds ?? secondsFor({ provider: name, prompt: input.prompt });
		const task: Task = {
			...input,
			id: newTaskId(createdAt),
			provider: name,
			createdAt,
			durationMs: seconds * 1000,
			...outcomeOf(input.images, markers, check.failure, partialStatus),
			...(check.shown !== undefined && { shownReference: check.shown }),
		};
		tasks.add(task);
		this.scheduleCallback(task);
		return task;
	}

	private scheduleCallback(task: Task): void {
		if (task.callbackUrl === undefined) return;
		const { callbacks, tasks } = this.context;
		const { callbackBody = (taskBody) => taskBody } = this.provider;
		callbacks.schedule({
			url: task.callbackUrl,
			afterMs: task.durationMs,
			body: () => callbackBody(this.taskBody(task, finishTimeOf(task))),
			retries: this.callbackRetries(),
			onAttempt: (attempt) => tasks.recordCallback(task.id, attempt),
		});
	}

	private callbackRetries(): RetryPolicy {
		const { callbackRetries } = this.provider;
		const { callbackDelaysMs } = this.context;
		if (callbackDelaysMs === undefined) return callbackRetries;
		return {
			...callbackRetries,
			delaysMs: callbackDelaysMs.slice(0, callbackRetries.delaysMs.length),
		};
	}
}

import { randomBytes } from 'node:crypto';

import type { Outcome } from './outcome';
import type { PixelSize } from './pixelSizes';

export type ProviderName = 'evoLink' | 'apiMart' | 'apiInOne';

/** What every provider's account holds at the start, in that provider's credits. */
export const START_BALANCE = 10_000;

/** What a create request, once accepted, asks for. Credits are the provider's own. */
export interface TaskOrder {
	model: string;
	prompt: string;
	body: unknown;
	/** How many images it makes; fewer come where something stops them. */
	images: number;
	pixels: PixelSize;
	/** The reference images the model looks at: links or data URIs. */
	references: readonly string[];
	creditsReserved: number;
	creditsPerImage: number;
	callbackUrl?: string;
}

export interface TaskFailure {
	code: string;
	message: string;
}

/** An accepted order. Times are in milliseconds. */
export interface Task extends TaskOrder, Outcome {
	id: string;
	provider: ProviderName;
	createdAt: number;
	durationMs: number;
	/** Opens the reference that its pictures show: the path of a file, or bytes. */
	shownReference?: () => Promise<Buffer | string>;
}

/** One try to deliver a task's callback: `status` when something answered, `error` when nothing did. */
export interface CallbackAttempt {
	at: number;
	url: string;
	status?: number;
	error?: string;
}

export type TaskStatus = 'pending' | 'processing' | 'completed' | 'failed';

/** Where a task stands at a moment; `progress` in per cent. */
export interface TaskMoment {
	status: TaskStatus;
	progress: number;
	finishedAt?: number;
}

/** A task as tests see it. Times in milliseconds, credits in the provider's own unit. */
export interface TaskView {
	id: string;
	provider: ProviderName;
	model: string;
	prompt: string;
	body: unknown;
	status: TaskStatus;
	/** The URLs of those that came, whether or not it failed; empty until it ends. */
	images: string[];
	createdAt: number;
	finishedAt?: number;
	credits: { reserved: number; charged: number };
	callbacks: readonly CallbackAttempt[];
}

/** `balance` is what may still be spent: the start less `charged` and less `reserved`. */
export interface AccountView {
	balance: number;
	reserved: number;
	charged: number;
}

const QUEUED_SHARE = 0.1;

/** The life of a task as a function of time: a tenth of it queued, the rest at work. */
export function momentOf(task: Task, at: number): TaskMoment {
	const finishedAt = finishOf(task);
	if (at >= finishedAt) {
		const status = task.failure === undefined ? 'completed' : 'failed';
		return { status, progress: 100, finishedAt };
	}
	const share = (at - task.createdAt) / (finishedAt - task.createdAt);
	if (share < QUEUED_SHARE) return { status: 'pending', progress: 0 };
	return { status: 'processing', progress: Math.min(99, Math.floor(share * 100)) };
}

/** When the task ends, in milliseconds. */
export function finishOf(task: Task): number {
	return task.createdAt + Math.max(task.durationMs, 1);
}

/** Reserved until the task ends; then only the images that came are charged. */
export function creditsOf(task: Task, at: number): { reserved: number; charged: number } {
	if (at < finishOf(task)) return { reserved: task.creditsReserved, charged: 0 };
	const paid = task.chargedAnyway === true ? task.images : task.delivered;
	return { reserved: 0, charged: roundCredits(paid * task.creditsPerImage) };
}

/** Sums of decimal prices collect binary noise; six places are finer than any provider's price. */
export function roundCredits(credits: number): number {
	return Math.round(credits * 1e6) / 1e6;
}

/** Random, so that ids of two runs never meet in a caller's memory; lower-case letters and digits. */
export function randomIdPart(length: number): string {
	return [...randomBytes(length)].map((byte) => (byte % 36).toString(36)).join('');
}

export class TaskStore {
	private readonly tasks = new Map<string, Task>();

	private readonly attempts = new Map<string, CallbackAttempt[]>();

	add(task: Task): void {
		this.tasks.set(task.id, task);
	}

	find(id: string): Task | undefined {
		return this.tasks.get(id);
	}

	findFor(provider: ProviderName, id: string): Task | undefined {
		const task = this.tasks.get(id);
		return task?.provider === provider ? task : undefined;
	}

	all(): Task[] {
		return [...this.tasks.values()];
	}

	/** In the order in which they were made. */
	allOf(provider: ProviderName): Task[] {
		return this.all().filter((task) => task.provider === provider);
	}

	/** How many of a provider's tasks are neither completed nor failed. */
	countUnfinished(provider: ProviderName, at: number): number {
		return this.allOf(provider).filter((task) => at < finishOf(task)).length;
	}

	noteCallback(id: string, attempt: CallbackAttempt): void {
		this.attempts.set(id, [...this.callbacksOf(id), attempt]);
	}

	callbacksOf(id: string): CallbackAttempt[] {
		return this.attempts.get(id) ?? [];
	}

	account(provider: ProviderName, at: number): AccountView {
		let reserved = 0;
		let charged = 0;
		for (const task of this.allOf(provider)) {
			const credits = creditsOf(task, at);
			reserved += credits.reserved;
			charged += credits.charged;
		}
		return {
			balance: roundCredits(START_BALANCE - reserved - charged),
			reserved: roundCredits(reserved),
			charged: roundCredits(charged),
		};
	}
}

import { randomBytes } from 'node:crypto';
import { partition, sumBy } from 'lodash';

import type { Layer } from './layers';
import type { Outcome } from './outcome';
import type { PixelSize } from './pixelSizes';
import { roundCredits, totalOf, type Price } from './prices';
import type { ReferenceLimits } from './referenceLimits';

export type ProviderName = 'evoLink' | 'apiMart' | 'apiInOne';

export const PROVIDER_TITLES: Record<ProviderName, string> = {
	evoLink: 'EvoLink',
	apiMart: 'APIMart',
	apiInOne: 'API in One',
};

/** Of each provider's account, in the provider's credits. */
const INITIAL_BALANCE = 10_000;

export type ImageFormat = 'png' | 'jpeg';

/** The content of a valid create request. Credits are the provider's own. */
export interface TaskInput {
	model: string;
	prompt: string;
	body: unknown;
	/** How many images are generated. Moderation may block some of them. */
	images: number;
	pixels: PixelSize;
	format: ImageFormat;
	/** The only reference must be a PNG with transparency, which the images keep. */
	isTransparent?: boolean;
	/** The images are the layers of one picture, in this order from the base up. */
	layers?: readonly Layer[];
	/** The reference images that the model looks at: URLs or data URIs. */
	references: readonly string[];
	referenceLimits: ReferenceLimits;
	price: Price;
	creditsReserved: number;
	callbackUrl?: string;
}

export interface TaskFailure {
	code: string;
	message: string;
}

/** Times are in milliseconds. */
export interface Task extends TaskInput, Outcome {
	id: string;
	provider: ProviderName;
	createdAt: number;
	durationMs: number;
	/** Opens the reference that the task's images show: the path of a file, or bytes. */
	shownReference?: () => Promise<Buffer | string>;
}

/** One attempt to deliver a task's callback. Has a `status` if there was a response, else an `error`. */
export interface CallbackAttempt {
	at: number;
	url: string;
	status?: number;
	error?: string;
}

export type TaskStatus = 'pending' | 'processing' | 'completed' | 'failed';

/** A task's status at one time. `progress` is a percentage. */
export interface TaskSnapshot {
	status: TaskStatus;
	progress: number;
	finishedAt?: number;
}

/** A task as tests see it. Times are in milliseconds, credits are the provider's own. */
export interface TaskView {
	id: string;
	provider: ProviderName;
	model: string;
	prompt: string;
	body: unknown;
	status: TaskStatus;
	/** The URLs of the delivered images, even if the task failed; empty until it finishes. */
	images: string[];
	createdAt: number;
	finishedAt?: number;
	credits: { reserved: number; charged: number };
	callbacks: readonly CallbackAttempt[];
}

/** `balance` is what's left: the initial balance minus `charged` and `reserved`. */
export interface AccountView {
	balance: number;
	reserved: number;
	charged: number;
}

const PENDING_SHARE = 0.1;

/** A task is pending for the first tenth of its duration, then processing. */
export function snapshotOf(task: Task, at: number): TaskSnapshot {
	const finishedAt = finishTimeOf(task);
	if (at >= finishedAt) {
		const status = task.failure === undefined ? 'completed' : 'failed';
		return { status, progress: 100, finishedAt };
	}
	const share = (at - task.createdAt) / (finishedAt - task.createdAt);
	if (share < PENDING_SHARE) return { status: 'pending', progress: 0 };
	return { status: 'processing', progress: Math.min(99, Math.floor(share * 100)) };
}

/** In milliseconds. */
export function finishTimeOf(task: Task): number {
	return task.createdAt + Math.max(task.durationMs, 1);
}

/** Reserved until the task finishes. Then a task is charged for its delivered images, and nothing if there's none. */
export function creditsOf(task: Task, at: number): { reserved: number; charged: number } {
	if (at < finishTimeOf(task)) return { reserved: task.creditsReserved, charged: 0 };
	const chargedImages = task.isChargedOnFailure === true ? task.images : task.delivered;
	return { reserved: 0, charged: chargedImages === 0 ? 0 : totalOf(task.price, chargedImages) };
}

/** Lowercase letters and digits. Random, so that two sandboxes never use the same ID. */
export function randomIdPart(length: number): string {
	return [...randomBytes(length)].map((byte) => (byte % 36).toString(36)).join('');
}

/** What a provider's tasks cost. Kept up to date, so that a create doesn't look at all tasks before it. */
class Costs {
	private unfinished: Task[] = [];

	private nextFinishAt = Infinity;

	private reserved = 0;

	private charged = 0;

	add(task: Task): void {
		this.unfinished.push(task);
		this.nextFinishAt = Math.min(this.nextFinishAt, finishTimeOf(task));
		this.reserved += task.creditsReserved;
	}

	read(at: number): { unfinished: number; reserved: number; charged: number } {
		if (at >= this.nextFinishAt) this.settle(at);
		return { unfinished: this.unfinished.length, reserved: this.reserved, charged: this.charged };
	}

	private settle(at: number): void {
		const [unfinished, finished] = partition(this.unfinished, (task) => at < finishTimeOf(task));
		this.charged += sumBy(finished, (task) => creditsOf(task, at).charged);
		// Subtracting would leave rounding errors.
		this.reserved = sumBy(unfinished, 'creditsReserved');
		this.unfinished = unfinished;
		this.nextFinishAt = Math.min(...unfinished.map(finishTimeOf));
	}
}

export class TaskStore {
	private readonly tasks = new Map<string, Task>();

	private readonly costs: Readonly<Record<ProviderName, Costs>> = {
		evoLink: new Costs(),
		apiMart: new Costs(),
		apiInOne: new Costs(),
	};

	private readonly attempts = new Map<string, CallbackAttempt[]>();

	constructor(private readonly initialBalance = INITIAL_BALANCE) {}

	add(task: Task): void {
		this.tasks.set(task.id, task);
		this.costs[task.provider].add(task);
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

	/** In order of creation. */
	allOf(provider: ProviderName): Task[] {
		return this.all().filter((task) => task.provider === provider);
	}

	/** How many of a provider's tasks haven't completed or failed. */
	countUnfinished(provider: ProviderName, at: number): number {
		return this.costs[provider].read(at).unfinished;
	}

	recordCallback(id: string, attempt: CallbackAttempt): void {
		this.attempts.set(id, [...this.callbacksOf(id), attempt]);
	}

	callbacksOf(id: string): CallbackAttempt[] {
		return this.attempts.get(id) ?? [];
	}

	account(provider: ProviderName, at: number): AccountView {
		const { reserved, charged } = this.costs[provider].read(at);
		return {
			balance: roundCredits(this.initialBalance - reserved - charged),
			reserved: roundCredits(reserved),
			charged: roundCredits(charged),
		};
	}
}

import { deadlineFailure, taskFailure, type Failure, type Result } from '../errors';
import type { BatchQuery, CompletedTask, EndedTask, TaskState } from '../providers/provider';
import type { BackOff } from './backOff';
import { createForecast } from './forecast';
import type { Answer, Gateway } from './gateway';
import type { Clock } from './ports';
import { askAt, type Asking } from './schedule';

export interface FollowedTask {
	taskId: string;
	/** Milliseconds since 1970: when the task was made, or when we first heard of it. */
	since: number;
	/** Counted from `since`. */
	timeoutSeconds: number;
	/** The user's own interval between two questions; 0 leaves it to the follower. */
	pollSeconds: number;
	/** The gateway's own guess, where the task was made just now. */
	estimatedSeconds?: number;
	/** It may be done already, so it is asked for at once. */
	isOld: boolean;
	/** The gateway has named the task itself, so it may be missing for a moment only. */
	isKnown: boolean;
}

interface Watched extends FollowedTask, Asking {
	/** Takes the answer if it is enough, and says whether it was. */
	offer: (answer: Answer<TaskState>) => boolean;
	fail: (failure: Failure) => void;
	breakOff: (reason: unknown) => void;
	watchedSince: number;
	isBeingAsked: boolean;
	/** The gateway left it out of a batch. */
	isAskedAlone: boolean;
	/** Failed queries in a row, those of the last one's kind, and when the next may be made. */
	failures: number;
	failuresOfKind: number;
	lastFailure?: Failure;
	notBefore: number;
	/** Until when the question may be put that every task is asked at its end, however late that is noticed. */
	lastChanceUntil?: number;
}

/** How often the tasks are looked through for those that are due. */
const TICK_MS = 20;
const MOST_SCOUTS = 3;

/** In a row; with the pauses between them up to a quarter and half a minute. */
const MOST_MISSES = 5;
const MOST_UNREADABLE = 6;

/** For the last question, which falls due at the deadline. */
const LAST_QUESTION_MS = 1_000;
/** So many batch calls in a row, over so long, that fail for what passes by itself; then tasks are asked for alone. */
const MOST_FAILED_BATCHES = 4;
const LEAST_BATCH_TROUBLE_MS = 5_000;
/** A task whose deadline came before we could ask is asked for in spite of it. */
const LEAST_TIME_MS = 10_000;

/** Of the time after which a task that was never asked for before turns out to be done. */
const LIKELY_SHARE = 0.95;

/** A batch call takes tasks along that are this share of the oldest one's age. */
const WORTH_ASKING = 0.5;
/** Between two batch calls, as a share of the age of the oldest task that is due. */
const BATCH_STEP = 0.04;
const LONGEST_BATCH_STEP_MS = 5_000;

/** Follows all running tasks of a batch at one gateway. */
export class Follower {
	private readonly tasks = new Set<Watched>();

	private readonly forecast = createForecast();

	private isRunning = false;

	private isBatchTrusted = true;

	private failedBatches = 0;

	private batchFailedAt = -Infinity;

	private batchTroubleSince = 0;

	private nextBatchAt = 0;

	constructor(
		private readonly gateway: Gateway,
		private readonly clock: Clock,
		private readonly backOff: BackOff,
	) {}

	/** The task's state as of now. Queries that fail for a moment are repeated until the deadline. */
	async ask(task: FollowedTask): Promise<Result<Answer<TaskState>>> {
		return await this.watch(task, (_state): _state is TaskState => true);
	}

	/** Asks until the task is done. A task that ended without an image is a failure. */
	async follow(task: FollowedTask): Promise<Result<Answer<CompletedTask>>> {
		const ended = await this.watch(task, hasEnded);
		if (!ended.ok) return ended;
		const { content: state, raw } = ended.value;
		if (state.status === 'completed') return { ok: true, value: { content: state, raw } };
		return { ok: false, failure: taskFailure(this.gateway.provider, state, task.taskId) };
	}

	private async watch<S extends TaskState>(
		task: FollowedTask,
		isEnough: (state: TaskState) => state is S,
	): Promise<Result<Answer<S>>> {
		return await new Promise((resolve, reject) => {
			this.tasks.add({
				...task,
				watchedSince: this.clock.now(),
				isBeingAsked: false,
				isAskedAlone: false,
				failures: 0,
				failuresOfKind: 0,
				notBefore: 0,
				offer: ({ content, raw }) => {
					if (!isEnough(content)) return false;
					resolve({ ok: true, value: { content, raw } });
					return true;
				},
				fail: (failure) => resolve({ ok: false, failure }),
				breakOff: reject,
			});
			if (!this.isRunning) void this.run();
		});
	}

	private async run(): Promise<void> {
		this.isRunning = true;
		try {
			while (this.tasks.size > 0) {
				this.askForDue();
				await this.clock.sleep(TICK_MS);
			}
		} catch (error) {
			this.breakOff(this.tasks, error);
		} finally {
			this.isRunning = false;
		}
	}

	private breakOff(tasks: Iterable<Watched>, reason: unknown): void {
		for (const task of [...tasks]) {
			this.forget(task);
			task.breakOff(reason);
		}
	}

	private askForDue(): void {
		const now = this.clock.now();
		const idle = [...this.tasks].filter((task) => !task.isBeingAsked);
		const scouts = this.scouts();
		const due = idle.filter((task) => this.dueAt(task, scouts.has(task)) <= now);
		const { batchQuery } = this.gateway.provider;
		if (!batchQuery || !this.isBatchTrusted) {
			for (const task of due) void this.askAlone(task);
			return;
		}
		for (const task of due) if (task.isAskedAlone) void this.askAlone(task);
		const together = due.filter(({ isAskedAlone }) => !isAskedAlone);
		const [oldest] = together;
		const isLastChance = together.some((task) => now >= deadlineOf(task));
		if (!oldest || (now < this.nextBatchAt && !isLastChance)) return;
		const age = now - Math.max(oldest.since, oldest.watchedSince);
		this.nextBatchAt = now + Math.min(LONGEST_BATCH_STEP_MS, BATCH_STEP * age);
		const calls = Math.ceil(together.length / batchQuery.most);
		const isWorthAsking = ({ since, askedAt, pollSeconds, isAskedAlone, failures }: Watched) =>
			!isAskedAlone &&
			failures === 0 &&
			now - since >= WORTH_ASKING * age &&
			now >= (askedAt ?? since) + pollSeconds * 1000;
		const asked = new Set([...together, ...idle.filter(isWorthAsking)]);
		const batch = [...asked].slice(0, calls * batchQuery.most);
		for (let from = 0; from < batch.length; from += batchQuery.most) {
			void this.askTogether(batch.slice(from, from + batchQuery.most), batchQuery);
		}
	}

	/** The first few tasks of which we know when they were made. */
	private scouts(): Set<Watched> {
		const scouts = new Set<Watched>();
		if (this.forecast.isProven()) return scouts;
		for (const task of this.tasks) {
			if (!task.isOld) scouts.add(task);
			if (scouts.size === MOST_SCOUTS) break;
		}
		return scouts;
	}

	private dueAt(task: Watched, isScout: boolean): number {
		const { since, askedAt, pollSeconds, failures, notBefore, isOld } = task;
		if (isOld && askedAt === undefined) return since;
		const wanted = failures > 0 ? notBefore : askAt(task, this.forecast, isScout);
		const allowed = (askedAt ?? since) + pollSeconds * 1000;
		return Math.min(failures > 0 ? lastCall(task) : deadlineOf(task), Math.max(wanted, allowed));
	}

	private async askAlone(task: Watched): Promise<void> {
		await this.asking([task], async () => {
			const answer = await this.gateway.query(task.taskId, this.lastMoment(task));
			if (!answer) this.outlived(task);
			else if (answer.ok) this.answered(task, answer.value);
			else this.failed(task, answer.failure);
		});
	}

	private async askTogether(tasks: readonly Watched[], batchQuery: BatchQuery): Promise<void> {
		const [first] = tasks;
		if (tasks.length === 1 && first) return await this.askAlone(first);
		await this.asking(tasks, async () => {
			const ids = tasks.map(({ taskId }) => taskId);
			const until = Math.min(...tasks.map((task) => this.lastMoment(task)));
			const sentAt = this.clock.now();
			const answers = await this.gateway.queryMany(ids, batchQuery, until);
			if (!answers) {
				const now = this.clock.now();
				for (const task of tasks) if (now >= this.lastMoment(task)) this.outlived(task);
				return;
			}
			if (!answers.ok) {
				this.batchFailed(tasks, answers.failure, sentAt);
				return;
			}
			this.failedBatches = 0;
			for (const task of tasks) {
				const answer = answers.value.get(task.taskId);
				if (answer) this.answered(task, answer);
				else task.isAskedAlone = true;
			}
		});
	}

	/** The call is documented nowhere but in the provider's own client; but trouble comes to any call. */
	private batchFailed(tasks: readonly Watched[], failure: Failure, sentAt: number): void {
		// Calls that were under way together fail together: that is one failure.
		const now = this.clock.now();
		if (this.failedBatches === 0) this.batchTroubleSince = now;
		if (sentAt >= this.batchFailedAt) this.failedBatches += 1;
		this.batchFailedAt = now;
		const isBrief =
			this.failedBatches < MOST_FAILED_BATCHES ||
			now - this.batchTroubleSince < LEAST_BATCH_TROUBLE_MS;
		this.isBatchTrusted = failure.isTransient === true && (isBrief || failure.isLimit === true);
		if (!this.isBatchTrusted) return;
		// They stay together: each at a time of its own, they would be asked for one by one.
		const until = now + this.backOff(this.failedBatches, failure.afterSeconds);
		this.nextBatchAt = Math.max(this.nextBatchAt, until);
		for (const task of tasks) this.failed(task, failure, until);
	}

	/** Every task gets its last question, even if the process slept over its deadline. */
	private lastMoment(task: Watched): number {
		const now = this.clock.now();
		const usual = lastCall(task);
		if (now < deadlineOf(task)) return usual;
		task.lastChanceUntil ??= now <= usual ? usual : now + LEAST_TIME_MS;
		return task.lastChanceUntil;
	}

	/** Marks the tasks as being asked for; what breaks off one call breaks off its tasks. */
	private async asking(tasks: readonly Watched[], call: () => Promise<void>): Promise<void> {
		for (const task of tasks) task.isBeingAsked = true;
		try {
			await call();
		} catch (error) {
			this.breakOff(tasks, error);
		} finally {
			for (const task of tasks) task.isBeingAsked = false;
		}
	}

	private answered(task: Watched, answer: Answer<TaskState>): void {
		const { content: state } = answer;
		const now = this.clock.now();
		if (state.status === 'completed' && !task.isOld) {
			// Now the others are due as well.
			if (!this.forecast.isProven()) this.nextBatchAt = now;
			this.forecast.learn(took(task, state, now), task.estimatedSeconds);
		}
		if (task.offer(answer)) {
			this.forget(task);
			return;
		}
		task.isKnown = true;
		task.failures = 0;
		task.lastFailure = undefined;
		task.askedAt = now;
		task.progress = 'progress' in state ? state.progress : undefined;
		if (now >= deadlineOf(task)) this.outlived(task);
	}

	private failed(task: Watched, failure: Failure, until?: number): void {
		const now = this.clock.now();
		task.failures += 1;
		task.failuresOfKind = isOfKind(failure, task.lastFailure) ? task.failuresOfKind + 1 : 1;
		task.askedAt = now;
		task.lastFailure = failure;
		task.notBefore = until ?? now + this.backOff(task.failures, failure.afterSeconds);
		if (task.failuresOfKind >= mostFailures(failure, task.isKnown)) {
			this.forget(task);
			task.fail(failure);
		} else if (now >= this.lastMoment(task)) this.outlived(task);
	}

	private outlived(task: Watched): void {
		const { taskId, timeoutSeconds, lastFailure } = task;
		this.forget(task);
		task.fail(deadlineFailure(this.gateway.provider, taskId, timeoutSeconds, lastFailure));
	}

	private forget(task: Watched): void {
		this.tasks.delete(task);
		this.gateway.letGo(task.taskId);
	}
}

function deadlineOf({ since, timeoutSeconds }: FollowedTask): number {
	return since + timeoutSeconds * 1000;
}

function lastCall(task: Watched): number {
	const last = deadlineOf(task) + LAST_QUESTION_MS;
	return task.isOld ? Math.max(last, task.watchedSince + LEAST_TIME_MS) : last;
}

/** By the gateway's own word, else the middle of the time in which it must have been done. */
function took({ since, askedAt }: Watched, { seconds }: CompletedTask, now: number): number {
	const longest = now - since;
	if (seconds !== undefined) return Math.min(longest, seconds * 1000);
	// Asked late, it would teach the next ones to be asked later and later.
	return askedAt === undefined ? longest * LIKELY_SHARE : (askedAt + now) / 2 - since;
}

function hasEnded(state: TaskState): state is EndedTask {
	return ['completed', 'failed', 'cancelled'].includes(state.status);
}

function isOfKind(failure: Failure, last: Failure | undefined): boolean {
	return failure.retry === last?.retry && failure.isUnknownTask === last?.isUnknownTask;
}

/** How many failures of a kind in a row are waited out, the last of them being this one. */
function mostFailures(failure: Failure, isKnown: boolean): number {
	if (failure.isUnknownTask) return isKnown ? MOST_MISSES : 1;
	switch (failure.retry) {
		case 'freely':
			return Infinity;
		case 'aFewTimes':
			return MOST_UNREADABLE;
		case undefined:
			return 1;
	}
}

import type { Failure, Result } from '../errors/failure';
import { deadlineFailure, taskFailure } from '../errors/taskFailures';
import type { BatchQuery, CompletedTask, EndedTask, TaskState } from '../providers/provider';
import type { Backoff } from '../shared/backoff';
import type { Clock } from '../shared/clock';
import { createDurationEstimator } from './durationEstimator';
import { nextPollAt, type PollState } from './pollSchedule';
import type { ParsedResponse, ProviderClient } from './providerClient';

export interface PolledTask {
	taskId: string;
	/** Milliseconds since 1970: when the task was made, or when we first heard of it. */
	since: number;
	/** Counted from `since`. */
	timeoutSeconds: number;
	/** The user's own interval between two questions; 0 leaves it to the poller. */
	pollSeconds: number;
	/** The provider's own guess, where the task was made just now. */
	estimatedSeconds?: number;
	/** It may be done already, so it is asked for at once. */
	isOld: boolean;
	/** The provider has named the task itself, so it may be missing for a moment only. */
	isKnown: boolean;
}

interface TrackedTask extends PolledTask, PollState {
	/** Takes the answer if it is enough, and says whether it was. */
	offer: (answer: ParsedResponse<TaskState>) => boolean;
	fail: (failure: Failure) => void;
	abort: (reason: unknown) => void;
	trackedSince: number;
	isBeingPolled: boolean;
	/** The provider left it out of a batch. */
	isPolledAlone: boolean;
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
const MAX_PROBES = 3;

/** In a row; with the pauses between them up to a quarter and half a minute. */
const MAX_NOT_FOUND = 5;
const MAX_UNREADABLE = 6;

/** For the last question, which falls due at the deadline. */
const LAST_POLL_MS = 1_000;
/** So many batch calls in a row, over so long, that fail for what passes by itself; then tasks are asked for alone. */
const MAX_FAILED_BATCHES = 4;
const MIN_BATCH_TROUBLE_MS = 5_000;
/** A task whose deadline came before we could ask is asked for in spite of it. */
const MIN_TIME_MS = 10_000;

/** Of the time after which a task that was never asked for before turns out to be done. */
const LIKELY_SHARE = 0.95;

/** A batch call takes tasks along that are this share of the oldest one's age. */
const MIN_AGE_SHARE = 0.5;
/** Between two batch calls, as a share of the age of the oldest task that is due. */
const BATCH_STEP = 0.04;
const MAX_BATCH_STEP_MS = 5_000;

/** Follows all running tasks of a batch at one provider. */
export class TaskPoller {
	private readonly tasks = new Set<TrackedTask>();

	private readonly durationEstimator = createDurationEstimator();

	private isRunning = false;

	private isBatchTrusted = true;

	private failedBatches = 0;

	private batchFailedAt = -Infinity;

	private batchTroubleSince = 0;

	private nextBatchAt = 0;

	constructor(
		private readonly client: ProviderClient,
		private readonly clock: Clock,
		private readonly backoff: Backoff,
	) {}

	/** The task's state as of now. Queries that fail for a moment are repeated until the deadline. */
	async ask(task: PolledTask): Promise<Result<ParsedResponse<TaskState>>> {
		return await this.track(task, (_state): _state is TaskState => true);
	}

	/** Asks until the task is done. A task that ended without an image is a failure. */
	async waitFor(task: PolledTask): Promise<Result<ParsedResponse<CompletedTask>>> {
		const ended = await this.track(task, hasEnded);
		if (!ended.ok) return ended;
		const { content: state, raw } = ended.value;
		if (state.status === 'completed') return { ok: true, value: { content: state, raw } };
		return { ok: false, failure: taskFailure(this.client.provider, state, task.taskId) };
	}

	private async track<S extends TaskState>(
		task: PolledTask,
		isEnough: (state: TaskState) => state is S,
	): Promise<Result<ParsedResponse<S>>> {
		return await new Promise((resolve, reject) => {
			this.tasks.add({
				...task,
				trackedSince: this.clock.now(),
				isBeingPolled: false,
				isPolledAlone: false,
				failures: 0,
				failuresOfKind: 0,
				notBefore: 0,
				offer: ({ content, raw }) => {
					if (!isEnough(content)) return false;
					resolve({ ok: true, value: { content, raw } });
					return true;
				},
				fail: (failure) => resolve({ ok: false, failure }),
				abort: reject,
			});
			if (!this.isRunning) void this.run();
		});
	}

	private async run(): Promise<void> {
		this.isRunning = true;
		try {
			while (this.tasks.size > 0) {
				this.pollDue();
				await this.clock.sleep(TICK_MS);
			}
		} catch (error) {
			this.abort(this.tasks, error);
		} finally {
			this.isRunning = false;
		}
	}

	private abort(tasks: Iterable<TrackedTask>, reason: unknown): void {
		for (const task of [...tasks]) {
			this.untrack(task);
			task.abort(reason);
		}
	}

	private pollDue(): void {
		const now = this.clock.now();
		const idle = [...this.tasks].filter((task) => !task.isBeingPolled);
		const probes = this.probes();
		const due = idle.filter((task) => this.dueAt(task, probes.has(task)) <= now);
		const { batchQuery } = this.client.provider;
		if (!batchQuery || !this.isBatchTrusted) {
			for (const task of due) void this.pollOne(task);
			return;
		}
		for (const task of due) if (task.isPolledAlone) void this.pollOne(task);
		const together = due.filter(({ isPolledAlone }) => !isPolledAlone);
		const [oldest] = together;
		const isLastChance = together.some((task) => now >= deadlineOf(task));
		if (!oldest || (now < this.nextBatchAt && !isLastChance)) return;
		const age = now - Math.max(oldest.since, oldest.trackedSince);
		this.nextBatchAt = now + Math.min(MAX_BATCH_STEP_MS, BATCH_STEP * age);
		const calls = Math.ceil(together.length / batchQuery.most);
		const isWorthPolling = ({
			since,
			polledAt,
			pollSeconds,
			isPolledAlone,
			failures,
		}: TrackedTask) =>
			!isPolledAlone &&
			failures === 0 &&
			now - since >= MIN_AGE_SHARE * age &&
			now >= (polledAt ?? since) + pollSeconds * 1000;
		const fingerprint = new Set([...together, ...idle.filter(isWorthPolling)]);
		const batch = [...fingerprint].slice(0, calls * batchQuery.most);
		for (let from = 0; from < batch.length; from += batchQuery.most) {
			void this.pollBatch(batch.slice(from, from + batchQuery.most), batchQuery);
		}
	}

	/** The first few tasks of which we know when they were made. */
	private probes(): Set<TrackedTask> {
		const probes = new Set<TrackedTask>();
		if (this.durationEstimator.isProven()) return probes;
		for (const task of this.tasks) {
			if (!task.isOld) probes.add(task);
			if (probes.size === MAX_PROBES) break;
		}
		return probes;
	}

	private dueAt(task: TrackedTask, isProbe: boolean): number {
		const { since, polledAt, pollSeconds, failures, notBefore, isOld } = task;
		if (isOld && polledAt === undefined) return since;
		const wanted = failures > 0 ? notBefore : nextPollAt(task, this.durationEstimator, isProbe);
		const allowed = (polledAt ?? since) + pollSeconds * 1000;
		return Math.min(failures > 0 ? lastCall(task) : deadlineOf(task), Math.max(wanted, allowed));
	}

	private async pollOne(task: TrackedTask): Promise<void> {
		await this.asking([task], async () => {
			const answer = await this.client.query(task.taskId, this.lastMoment(task));
			if (!answer) this.timedOut(task);
			else if (answer.ok) this.onResponse(task, answer.value);
			else this.failed(task, answer.failure);
		});
	}

	private async pollBatch(tasks: readonly TrackedTask[], batchQuery: BatchQuery): Promise<void> {
		const [first] = tasks;
		if (tasks.length === 1 && first) return await this.pollOne(first);
		await this.asking(tasks, async () => {
			const ids = tasks.map(({ taskId }) => taskId);
			const until = Math.min(...tasks.map((task) => this.lastMoment(task)));
			const sentAt = this.clock.now();
			const answers = await this.client.queryMany(ids, batchQuery, until);
			if (!answers) {
				const now = this.clock.now();
				for (const task of tasks) if (now >= this.lastMoment(task)) this.timedOut(task);
				return;
			}
			if (!answers.ok) {
				this.batchFailed(tasks, answers.failure, sentAt);
				return;
			}
			this.failedBatches = 0;
			for (const task of tasks) {
				const answer = answers.value.get(task.taskId);
				if (answer) this.onResponse(task, answer);
				else task.isPolledAlone = true;
			}
		});
	}

	/** The call is documented nowhere but in the provider's own client; but trouble comes to any call. */
	private batchFailed(tasks: readonly TrackedTask[], failure: Failure, sentAt: number): void {
		// Calls that were under way together fail together: that is one failure.
		const now = this.clock.now();
		if (this.failedBatches === 0) this.batchTroubleSince = now;
		if (sentAt >= this.batchFailedAt) this.failedBatches += 1;
		this.batchFailedAt = now;
		const isBrief =
			this.failedBatches < MAX_FAILED_BATCHES ||
			now - this.batchTroubleSince < MIN_BATCH_TROUBLE_MS;
		this.isBatchTrusted = failure.isTransient === true && (isBrief || failure.isLimit === true);
		if (!this.isBatchTrusted) return;
		// They stay together: each at a time of its own, they would be asked for one by one.
		const until = now + this.backoff(this.failedBatches, failure.retryAfterSeconds);
		this.nextBatchAt = Math.max(this.nextBatchAt, until);
		for (const task of tasks) this.failed(task, failure, until);
	}

	/** Every task gets its last question, even if the process slept over its deadline. */
	private lastMoment(task: TrackedTask): number {
		const now = this.clock.now();
		const usual = lastCall(task);
		if (now < deadlineOf(task)) return usual;
		task.lastChanceUntil ??= now <= usual ? usual : now + MIN_TIME_MS;
		return task.lastChanceUntil;
	}

	/** Marks the tasks as being asked for; what breaks off one call breaks off its tasks. */
	private async asking(tasks: readonly TrackedTask[], call: () => Promise<void>): Promise<void> {
		for (const task of tasks) task.isBeingPolled = true;
		try {
			await call();
		} catch (error) {
			this.abort(tasks, error);
		} finally {
			for (const task of tasks) task.isBeingPolled = false;
		}
	}

	private onResponse(task: TrackedTask, answer: ParsedResponse<TaskState>): void {
		const { content: state } = answer;
		const now = this.clock.now();
		if (state.status === 'completed' && !task.isOld) {
			// Now the others are due as well.
			if (!this.durationEstimator.isProven()) this.nextBatchAt = now;
			this.durationEstimator.learn(took(task, state, now), task.estimatedSeconds);
		}
		if (task.offer(answer)) {
			this.untrack(task);
			return;
		}
		task.isKnown = true;
		task.failures = 0;
		task.lastFailure = undefined;
		task.polledAt = now;
		task.progress = 'progress' in state ? state.progress : undefined;
		if (now >= deadlineOf(task)) this.timedOut(task);
	}

	private failed(task: TrackedTask, failure: Failure, until?: number): void {
		const now = this.clock.now();
		task.failures += 1;
		task.failuresOfKind = isOfKind(failure, task.lastFailure) ? task.failuresOfKind + 1 : 1;
		task.polledAt = now;
		task.lastFailure = failure;
		task.notBefore = until ?? now + this.backoff(task.failures, failure.retryAfterSeconds);
		if (task.failuresOfKind >= mostFailures(failure, task.isKnown)) {
			this.untrack(task);
			task.fail(failure);
		} else if (now >= this.lastMoment(task)) this.timedOut(task);
	}

	private timedOut(task: TrackedTask): void {
		const { taskId, timeoutSeconds, lastFailure } = task;
		this.untrack(task);
		task.fail(deadlineFailure(this.client.provider, taskId, timeoutSeconds, lastFailure));
	}

	private untrack(task: TrackedTask): void {
		this.tasks.delete(task);
		this.client.release(task.taskId);
	}
}

function deadlineOf({ since, timeoutSeconds }: PolledTask): number {
	return since + timeoutSeconds * 1000;
}

function lastCall(task: TrackedTask): number {
	const last = deadlineOf(task) + LAST_POLL_MS;
	return task.isOld ? Math.max(last, task.trackedSince + MIN_TIME_MS) : last;
}

/** By the provider's own word, else the middle of the time in which it must have been done. */
function took({ since, polledAt }: TrackedTask, { seconds }: CompletedTask, now: number): number {
	const longest = now - since;
	if (seconds !== undefined) return Math.min(longest, seconds * 1000);
	// Asked late, it would teach the next ones to be asked later and later.
	return polledAt === undefined ? longest * LIKELY_SHARE : (polledAt + now) / 2 - since;
}

function hasEnded(state: TaskState): state is EndedTask {
	return ['completed', 'failed', 'cancelled'].includes(state.status);
}

function isOfKind(failure: Failure, last: Failure | undefined): boolean {
	return failure.retry === last?.retry && failure.isUnknownTask === last?.isUnknownTask;
}

/** How many failures of a kind in a row are waited out, the last of them being this one. */
function mostFailures(failure: Failure, isKnown: boolean): number {
	if (failure.isUnknownTask) return isKnown ? MAX_NOT_FOUND : 1;
	switch (failure.retry) {
		case 'freely':
			return Infinity;
		case 'aFewTimes':
			return MAX_UNREADABLE;
		case undefined:
			return 1;
	}
}

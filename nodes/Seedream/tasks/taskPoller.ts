import type { Failure, Result } from '../errors/failure';
import { deadlineFailure, taskFailure } from '../errors/taskFailures';
import type { BatchQuery, CompletedTask, EndedTask, TaskState } from '../providers/provider';
import type { Backoff } from '../shared/backoff';
import type { Clock } from '../shared/clock';
import { DurationEstimator } from './durationEstimator';
import { eagerStep, nextEagerPollAt } from './eagerPolls';
import { PollQueue } from './pollQueue';
import { nextPollAt, type PollState } from './pollSchedule';
import { forecast } from './progressForecast';
import type { ParsedResponse, ProviderClient } from './providerClient';

export interface PolledTask {
	taskId: string;
	/** Milliseconds since 1970: when the task was created, or when the node first saw its ID. */
	startedAt: number;
	/** Counted from `startedAt`. */
	timeoutSeconds: number;
	/** The user's own poll interval; 0 is automatic. */
	minIntervalSeconds: number;
	/** The provider's own estimate, if the task was just created. */
	estimatedSeconds?: number;
	/** No task of the model takes less. */
	minSeconds?: number;
	/** The task wasn't just created. It may be done already, so it's polled at once. */
	isExisting: boolean;
	/** The provider returned the task's ID itself, so if it isn't found, that's temporary. */
	isConfirmed: boolean;
}

interface TrackedTask extends PolledTask, PollState {
	/** Resolves with the response if that's what the caller waits for; returns whether it is. */
	offer: (response: ParsedResponse<TaskState>) => boolean;
	fail: (failure: Failure) => void;
	abort: (reason: unknown) => void;
	trackedSince: number;
	/** The response to a batch query omitted the task. */
	isPolledAlone: boolean;
	/** Failed polls in a row, and those of the same kind as the last one. */
	failures: number;
	similarFailures: number;
	lastFailure?: Failure;
	/** After a failed poll. */
	retryAt: number;
	/** Every task is polled at its deadline; if that's noticed late, this is the last moment for it. */
	lastChanceUntil?: number;
}

/** How often to look for tasks that are due. */
const TICK_MS = 20;
const MAX_PROBES = 3;
/** So few tasks are polled more often: there may be someone who waits for them. */
const MAX_FEW = 10;

/** Where a task can't be polled again soon, there are more probes, each polled later than the last. */
const MAX_STAGGERED_PROBES = 24;
const STAGGER = 1.15;
/** Images take longer. If tasks take less, the provider's interval would be as long as the task. */
const SHORT_MS = 8_000;

/** In a row; including the delays between them, about 15 and 30 seconds. */
const MAX_NOT_FOUND = 5;
const MAX_UNREADABLE = 6;

/** For the last poll, which is due at the deadline. */
const LAST_POLL_MS = 1_000;
/** After this many transient failures of batch queries in a row, over this long, tasks are polled one by one. */
const MAX_FAILED_BATCHES = 4;
const MIN_BATCH_OUTAGE_MS = 5_000;
/** For a task that couldn't be polled before its deadline. */
const MIN_TIME_MS = 10_000;

/** If the first poll finds a task completed, it was probably done at this share of its age. */
const LIKELY_SHARE = 0.95;
/** Where a poll that's too early costs the provider's interval: the next poll is just as late. */
const CAUTIOUS_SHARE = 0.995;

/** Between two batch queries, as a share of the age of the oldest task that's due. */
const BATCH_STEP = 0.04;
/** The same while it's unknown how long tasks take. */
const PROBE_BATCH_STEP = 0.06;
const MAX_BATCH_STEP_MS = 5_000;

/** Polls all running tasks of a batch at one provider. */
export class TaskPoller {
	private readonly tasks = new Set<TrackedTask>();

	/** Those that aren't due yet. */
	private queue = new PollQueue<TrackedTask>();

	/** Those that are due, but not being polled yet. */
	private due: TrackedTask[] = [];

	/** The first polls of each come this many times later than usual. */
	private readonly probes = new Map<TrackedTask, number>();

	/** Including those that have ended. */
	private count = 0;

	private readonly durationEstimator = new DurationEstimator();

	private isRunning = false;

	private usesBatches = true;

	private failedBatches = 0;

	private lastBatchFailureAt = -Infinity;

	private batchesFailingSince = 0;

	private nextBatchAt = 0;

	constructor(
		private readonly client: ProviderClient,
		private readonly clock: Clock,
		private readonly backoff: Backoff,
	) {}

	/** The task's current state. Polls that fail temporarily are repeated until the deadline. */
	async poll(task: PolledTask): Promise<Result<ParsedResponse<TaskState>>> {
		return await this.track(task, (_state): _state is TaskState => true);
	}

	/** Polls until the task is completed. A task that ended without an image is a failure. */
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
			const tracked: TrackedTask = {
				...task,
				trackedSince: this.clock.now(),
				isPolledAlone: false,
				failures: 0,
				similarFailures: 0,
				retryAt: 0,
				offer: ({ content, raw }) => {
					if (!isEnough(content)) return false;
					resolve({ ok: true, value: { content, raw } });
					return true;
				},
				fail: (failure) => resolve({ ok: false, failure }),
				abort: reject,
			};
			this.tasks.add(tracked);
			this.count += 1;
			this.schedule(tracked);
			this.addProbes();
			if (!this.isRunning) void this.run();
		});
	}

	private get isBatch(): boolean {
		return this.count > MAX_FEW;
	}

	/** How many requests it takes to poll a few tasks. */
	private get requestsPerPoll(): number {
		return this.client.provider.batchQuery && this.usesBatches ? 1 : this.tasks.size;
	}

	/** Between two polls of a task in a batch. */
	private minIntervalMs(): number {
		return this.isBatch ? 1000 * (this.client.provider.minPollSeconds ?? 0) : 0;
	}

	private async run(): Promise<void> {
		this.isRunning = true;
		try {
			while (this.tasks.size > 0) {
				this.pollDue();
				await this.clock.sleep(TICK_MS);
			}
		} catch (error) {
			this.queue = new PollQueue();
			this.due = [];
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
		const { batchQuery } = this.client.provider;
		for (const task of this.queue.takeDue(now, (waiting) => this.dueAt(waiting))) {
			if (task.isPolledAlone) void this.pollOne(task);
			else this.due.push(task);
		}
		if (batchQuery && this.usesBatches) this.pollBatches(batchQuery);
		else for (const task of this.due.splice(0)) void this.pollOne(task);
	}

	private pollBatches(batchQuery: BatchQuery): void {
		const now = this.clock.now();
		const { maxIds } = batchQuery;
		const [oldest] = this.due;
		const isLastChance = this.due.some((task) => now >= deadlineOf(task));
		if (!oldest || (now < this.nextBatchAt && !isLastChance)) return;
		const age = now - Math.max(oldest.startedAt, oldest.trackedSince);
		this.nextBatchAt = now + this.batchStep(age);
		const due = this.due.splice(0);
		const room = Math.ceil(due.length / maxIds) * maxIds - due.length;
		// Tasks that aren't due fill the requests up, but don't cause another one.
		const others = this.queue.takeNext(
			room,
			(task, dueAt) =>
				!task.isPolledAlone &&
				task.failures === 0 &&
				now >= this.allowedAt(task) &&
				(!this.isBatch || (task.polledAt !== undefined && dueAt <= this.nextBatchAt)),
		);
		const polled = [...due, ...others];
		for (let from = 0; from < polled.length; from += maxIds) {
			void this.pollBatch(polled.slice(from, from + maxIds), batchQuery);
		}
	}

	private batchStep(age: number): number {
		if (!this.isBatch) return eagerStep(age, this.requestsPerPoll);
		const share = this.durationEstimator.hasSamples() ? BATCH_STEP : PROBE_BATCH_STEP;
		return Math.min(MAX_BATCH_STEP_MS, share * age);
	}

	private schedule(task: TrackedTask): void {
		if (!this.tasks.has(task)) return;
		const { estimatedSeconds, timeoutSeconds, minIntervalSeconds } = task;
		if (this.isWaiting(task)) {
			const line = [estimatedSeconds, timeoutSeconds, minIntervalSeconds].join();
			this.queue.add(task, task.startedAt, line);
		} else this.queue.add(task, this.dueAt(task));
	}

	/** When such a task is polled depends on the others. */
	private isWaiting(task: TrackedTask): boolean {
		return task.polledAt === undefined && !task.isExisting && !this.probes.has(task);
	}

	/** The first few tasks whose creation time is known. */
	private addProbes(): void {
		if (this.durationEstimator.hasSamples()) return;
		const { probes } = this;
		const isStaggered = this.minIntervalMs() > 0;
		while (probes.size < (isStaggered ? MAX_STAGGERED_PROBES : MAX_PROBES)) {
			const [task] = this.queue.takeNext(1, (next) => this.isWaiting(next));
			if (!task) return;
			probes.set(task, isStaggered ? STAGGER ** probes.size : 1);
			this.schedule(task);
		}
	}

	/** The first completed task shows that the others are due as well. */
	private endProbes(): void {
		this.probes.clear();
		this.nextBatchAt = this.clock.now();
		for (const task of this.queue.takeDue(Infinity, () => 0)) this.schedule(task);
	}

	private dueAt(task: TrackedTask): number {
		if (task.isExisting && task.polledAt === undefined) return task.startedAt;
		const allowedAt = this.allowedAt(task);
		if (task.failures > 0) return Math.min(lastPollAt(task), Math.max(task.retryAt, allowedAt));
		const probe = this.probes.get(task);
		const requests = this.requestsPerPoll;
		const isEager = probe !== undefined || (requests === 1 && !task.isExisting);
		const eager = isEager && !this.isBatch ? nextEagerPollAt(task, requests) : undefined;
		const wanted = eager ?? nextPollAt(task, this.estimatorFor(task), probe);
		return Math.min(deadlineOf(task), Math.max(wanted, allowedAt));
	}

	/** By the user's own poll interval, and by what the provider asks for. */
	private allowedAt(task: TrackedTask): number {
		const { startedAt, polledAt, failures } = task;
		const ownMs = task.minIntervalSeconds * 1000;
		if (polledAt === undefined) return startedAt + ownMs;
		const isSpaced = failures === 0 && this.isSpaced(task);
		return polledAt + Math.max(ownMs, isSpaced ? this.minIntervalMs() : 0);
	}

	/** Whether the provider's interval is observed. */
	private isSpaced({ estimatedSeconds }: TrackedTask): boolean {
		const { durationEstimator } = this;
		if (this.minIntervalMs() === 0) return false;
		const expected = durationEstimator.expected(estimatedSeconds) ?? Infinity;
		return !durationEstimator.hasSamples() || expected >= SHORT_MS;
	}

	/** As the provider states it, otherwise halfway between the last two polls. */
	private durationOf(task: TrackedTask, { seconds }: CompletedTask, now: number): number {
		const { startedAt, polledAt, estimatedSeconds } = task;
		const max = now - startedAt;
		if (seconds !== undefined) return Math.min(max, seconds * 1000);
		const isSpaced = this.isSpaced(task);
		// The full time would make every next task be polled later than the one before.
		const likely = max * (isSpaced ? CAUTIOUS_SHARE : LIKELY_SHARE);
		if (polledAt === undefined) {
			// If the poll came later than expected, that says nothing about the task.
			return Math.min(likely, this.estimatorFor(task).expected(estimatedSeconds) ?? Infinity);
		}
		// Others may have been polled since this task's last poll, and weren't done.
		if (isSpaced && estimatedSeconds === undefined) return likely;
		return (polledAt + now) / 2 - startedAt;
	}

	private estimatorFor(task: TrackedTask): DurationEstimator {
		const { durationEstimator } = this;
		return this.isSpaced(task) ? durationEstimator.cautious() : durationEstimator;
	}

	private async pollOne(task: TrackedTask): Promise<void> {
		await this.whilePolling([task], async () => {
			const response = await this.client.query(task.taskId, this.latestPoll(task));
			if (!response) this.timedOut(task);
			else if (response.ok) this.onResponse(task, response.value);
			else this.onFailure(task, response.failure);
		});
	}

	private async pollBatch(tasks: readonly TrackedTask[], batchQuery: BatchQuery): Promise<void> {
		const [first] = tasks;
		if (tasks.length === 1 && first) return await this.pollOne(first);
		await this.whilePolling(tasks, async () => {
			const ids = tasks.map(({ taskId }) => taskId);
			const until = Math.min(...tasks.map((task) => this.latestPoll(task)));
			const sentAt = this.clock.now();
			const responses = await this.client.queryMany(ids, batchQuery, until);
			if (!responses) {
				const now = this.clock.now();
				for (const task of tasks) if (now >= this.latestPoll(task)) this.timedOut(task);
				return;
			}
			if (!responses.ok) {
				this.onBatchFailure(tasks, responses.failure, sentAt);
				return;
			}
			this.failedBatches = 0;
			for (const task of tasks) {
				const response = responses.value.get(task.taskId);
				if (response) this.onResponse(task, response);
				else task.isPolledAlone = true;
			}
		});
	}

	/** Batch queries may be undocumented, so they aren't relied on; but any request may fail for a while. */
	private onBatchFailure(tasks: readonly TrackedTask[], failure: Failure, sentAt: number): void {
		const now = this.clock.now();
		if (this.failedBatches === 0) this.batchesFailingSince = now;
		// Requests that were in flight together fail together: that's one failure.
		if (sentAt >= this.lastBatchFailureAt) this.failedBatches += 1;
		this.lastBatchFailureAt = now;
		const isBrief =
			this.failedBatches < MAX_FAILED_BATCHES ||
			now - this.batchesFailingSince < MIN_BATCH_OUTAGE_MS;
		this.usesBatches = failure.isTransient === true && (isBrief || failure.isLimit === true);
		if (!this.usesBatches) return;
		// The same time for all, or the retries would be single requests.
		const retryAt = now + this.backoff(this.failedBatches, failure.retryAfterSeconds);
		this.nextBatchAt = Math.max(this.nextBatchAt, retryAt);
		for (const task of tasks) this.onFailure(task, failure, retryAt);
	}

	/** When the last poll may be sent: every task gets one, even if the process slept over its deadline. */
	private latestPoll(task: TrackedTask): number {
		const now = this.clock.now();
		const usual = lastPollAt(task);
		if (now < deadlineOf(task)) return usual;
		task.lastChanceUntil ??= now <= usual ? usual : now + MIN_TIME_MS;
		return task.lastChanceUntil;
	}

	/** An error that's thrown, such as a stopped execution, aborts the tasks. */
	private async whilePolling(
		tasks: readonly TrackedTask[],
		poll: () => Promise<void>,
	): Promise<void> {
		try {
			await poll();
		} catch (error) {
			this.abort(tasks, error);
		} finally {
			for (const task of tasks) this.schedule(task);
		}
	}

	private onResponse(task: TrackedTask, response: ParsedResponse<TaskState>): void {
		const { content: state } = response;
		const now = this.clock.now();
		if (state.status === 'completed' && !task.isExisting) {
			const isFirst = !this.durationEstimator.hasSamples();
			this.durationEstimator.addSample(this.durationOf(task, state, now), task.estimatedSeconds);
			if (isFirst) this.endProbes();
		}
		if (task.offer(response)) {
			this.untrack(task);
			return;
		}
		task.isConfirmed = true;
		task.failures = 0;
		task.lastFailure = undefined;
		task.polledAt = now;
		task.progress = 'progress' in state ? state.progress : undefined;
		task.forecast = forecast(task.progress, now - task.startedAt, task.forecast);
		if (now >= deadlineOf(task)) this.timedOut(task);
	}

	private onFailure(task: TrackedTask, failure: Failure, retryAt?: number): void {
		const now = this.clock.now();
		task.failures += 1;
		task.similarFailures = isSimilar(failure, task.lastFailure) ? task.similarFailures + 1 : 1;
		task.polledAt = now;
		task.lastFailure = failure;
		task.retryAt = retryAt ?? now + this.backoff(task.failures, failure.retryAfterSeconds);
		if (task.similarFailures >= maxFailures(failure, task.isConfirmed)) {
			this.untrack(task);
			task.fail(failure);
		} else if (now >= this.latestPoll(task)) this.timedOut(task);
	}

	private timedOut(task: TrackedTask): void {
		const { taskId, timeoutSeconds, lastFailure } = task;
		this.untrack(task);
		task.fail(deadlineFailure(this.client.provider, taskId, timeoutSeconds, lastFailure));
	}

	private untrack(task: TrackedTask): void {
		this.tasks.delete(task);
		if (this.probes.delete(task)) this.addProbes();
		this.client.release(task.taskId);
	}
}

function deadlineOf({ startedAt, timeoutSeconds }: PolledTask): number {
	return startedAt + timeoutSeconds * 1000;
}

function lastPollAt(task: TrackedTask): number {
	const last = deadlineOf(task) + LAST_POLL_MS;
	return task.isExisting ? Math.max(last, task.trackedSince + MIN_TIME_MS) : last;
}

function hasEnded(state: TaskState): state is EndedTask {
	return ['completed', 'failed', 'cancelled'].includes(state.status);
}

function isSimilar(failure: Failure, last: Failure | undefined): boolean {
	return failure.retry === last?.retry && failure.isUnknownTask === last?.isUnknownTask;
}

/** After how many similar failures in a row to give up. */
function maxFailures(failure: Failure, isConfirmed: boolean): number {
	if (failure.isUnknownTask) return isConfirmed ? MAX_NOT_FOUND : 1;
	switch (failure.retry) {
		case 'unlimited':
			return Infinity;
		case 'limited':
			return MAX_UNREADABLE;
		case undefined:
			return 1;
	}
}

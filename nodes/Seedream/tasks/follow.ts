import { deadlineFailure, taskFailure, type Failure, type Result } from '../errors';
import type { CompletedTask, EndedTask, TaskState } from '../providers/provider';
import type { Answer, Gateway } from './gateway';
import type { Pace } from './pace';
import type { Clock } from './ports';

export interface FollowOptions {
	clock: Clock;
	pace: Pace;
	/** Counted from `since`. */
	timeoutSeconds: number;
	/** Milliseconds since 1970: when the task was made, or when we first heard of it. */
	since: number;
	/** The pause before the first query: none for a task that may be done already. */
	firstPauseMs: number;
	/** The gateway has named the task itself, so it may be missing for a moment only. */
	isKnown: boolean;
}

/** In a row; with the pauses between them about a quarter of a minute. */
const MOST_MISSES = 5;
const MOST_UNREADABLE = 6;

/** For the one query of a task whose deadline has passed before we asked. */
const LEAST_TIME_MS = 10_000;

/** The task's state as of now. Queries that fail for a moment are repeated until the deadline. */
export async function queryTask(
	gateway: Gateway,
	taskId: string,
	options: FollowOptions,
): Promise<Result<Answer<TaskState>>> {
	return await queryUntil((_state): _state is TaskState => true, gateway, taskId, options);
}

/** Asks until the task is done. A task that ended without an image is a failure. */
export async function followTask(
	gateway: Gateway,
	taskId: string,
	options: FollowOptions,
): Promise<Result<Answer<CompletedTask>>> {
	const ended = await queryUntil(hasEnded, gateway, taskId, options);
	if (!ended.ok) return ended;
	const { content: state, raw } = ended.value;
	if (state.status === 'completed') return { ok: true, value: { content: state, raw } };
	return { ok: false, failure: taskFailure(gateway.provider, state, taskId) };
}

function hasEnded(state: TaskState): state is EndedTask {
	return ['completed', 'failed', 'cancelled'].includes(state.status);
}

/** A task whose deadline has passed already is asked for once. */
async function queryUntil<S extends TaskState>(
	isEnough: (state: TaskState) => state is S,
	gateway: Gateway,
	taskId: string,
	{ clock, pace, timeoutSeconds, since, firstPauseMs, isKnown }: FollowOptions,
): Promise<Result<Answer<S>>> {
	const deadline = since + timeoutSeconds * 1000;
	const lastCall = Math.max(deadline, clock.now() + LEAST_TIME_MS);
	let pause = firstPauseMs;
	let failures = 0;
	let lastFailure: Failure | undefined;
	const outlived = () => ({
		ok: false as const,
		failure: deadlineFailure(gateway.provider, taskId, timeoutSeconds, lastFailure),
	});
	for (;;) {
		if (pause > 0) {
			const left = deadline - clock.now();
			if (left <= 0) return outlived();
			await clock.sleep(Math.min(pause, left));
		}
		const answer = await gateway.query(taskId, lastCall);
		if (!answer) return outlived();
		if (answer.ok) {
			const { content, raw } = answer.value;
			if (isEnough(content)) return { ok: true, value: { content, raw } };
			isKnown = true;
			failures = 0;
			lastFailure = undefined;
			pause = pace.pause(clock.now() - since);
		} else {
			const { failure } = answer;
			failures += 1;
			if (failures >= mostFailures(failure, isKnown)) return answer;
			lastFailure = failure;
			pause = pace.backOff(failures, failure.afterSeconds);
		}
	}
}

/** How many failures in a row are waited out, the last of them being this one. */
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

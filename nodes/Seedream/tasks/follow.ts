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
}

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

async function queryUntil<S extends TaskState>(
	isEnough: (state: TaskState) => state is S,
	gateway: Gateway,
	taskId: string,
	{ clock, pace, timeoutSeconds, since, firstPauseMs }: FollowOptions,
): Promise<Result<Answer<S>>> {
	const deadline = since + timeoutSeconds * 1000;
	let pause = firstPauseMs;
	let failures = 0;
	let lastFailure: Failure | undefined;
	for (;;) {
		if (pause > 0) {
			const left = deadline - clock.now();
			if (left <= 0) {
				return {
					ok: false,
					failure: lastFailure
						? { ...lastFailure, status: 'processing' }
						: deadlineFailure(gateway.provider, taskId, timeoutSeconds),
				};
			}
			await clock.sleep(Math.min(pause, left));
		}
		const answer = await gateway.query(taskId);
		if (answer.ok) {
			const { content, raw } = answer.value;
			if (isEnough(content)) return { ok: true, value: { content, raw } };
			failures = 0;
			lastFailure = undefined;
			pause = pace.pause(clock.now() - since);
		} else {
			if (!answer.failure.retry) return answer;
			failures += 1;
			lastFailure = answer.failure;
			pause = pace.backOff(failures, answer.failure.retry.afterSeconds);
		}
	}
}

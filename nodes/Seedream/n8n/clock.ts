import { sleep, type IExecuteFunctions } from 'n8n-workflow';

import { type Clock, ExecutionCancelled } from '../shared/clock';

/** Older versions of n8n can't interrupt a sleep, so it's split into slices. */
const SLICE_MS = 200;

export function createExecutionClock(context: IExecuteFunctions): Clock {
	const signal = context.getExecutionCancelSignal?.();
	const now = monotonicClock();
	return {
		now,
		sleep: async (ms) => {
			const end = now() + ms;
			for (;;) {
				if (signal?.aborted) throw new ExecutionCancelled();
				const left = end - now();
				if (left <= 0) return;
				await sleep(Math.min(left, SLICE_MS));
			}
		},
	};
}

/** The computer's clock may be set while an execution waits, so only its first reading counts. */
function monotonicClock(): () => number {
	const startedAt = Date.now() - performance.now();
	return () => Math.round(startedAt + performance.now());
}

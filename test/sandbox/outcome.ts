import { taskFailure, type PromptMarkers } from './promptMarkers';
import type { TaskFailure } from './tasks';

/** The status of a task in which moderation blocked some images, but not all. */
export type PartialStatus = 'completed' | 'failed';

/** How a task ends. */
export interface Outcome {
	/** How many images are delivered. */
	delivered: number;
	/** Why it failed. */
	failure?: TaskFailure;
	/** All images are charged although the task failed. */
	isChargedOnFailure?: boolean;
}

/** A failure requested by the prompt takes precedence over one of the references. */
export function outcomeOf(
	images: number,
	{ failure: promptFailure, stopped = 0, charged }: PromptMarkers,
	referenceFailure: TaskFailure | undefined,
	partialStatus: PartialStatus,
): Outcome {
	const failure = promptFailure ?? referenceFailure;
	const delivered = failure === undefined ? Math.max(0, images - stopped) : 0;
	const isPartial = delivered > 0 && delivered < images;
	const endsFailed = delivered === 0 || (isPartial && partialStatus === 'failed');
	if (!endsFailed) return { delivered };
	return {
		delivered,
		failure: failure ?? taskFailure('content_policy_violation'),
		...(charged === true && { isChargedOnFailure: true }),
	};
}

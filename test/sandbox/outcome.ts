import { failureOf, type Markers } from './markers';
import type { TaskFailure } from './tasks';

/** How a task ends of which moderation stopped some images and let others pass. */
export type PartialEnd = 'completed' | 'failed';

/** What becomes of a task. */
export interface Outcome {
	/** How many of its images come. */
	delivered: number;
	/** Why it ends failed. */
	failure?: TaskFailure;
	/** It pays for all its images although it ends failed. */
	chargedAnyway?: boolean;
}

/** A failure that the prompt asks for comes before one of the references. */
export function outcomeOf(
	images: number,
	{ failure: asked, stopped = 0, charged }: Markers,
	ofReferences: TaskFailure | undefined,
	partialEnd: PartialEnd,
): Outcome {
	const whole = asked ?? ofReferences;
	const delivered = whole === undefined ? Math.max(0, images - stopped) : 0;
	const isPartial = delivered > 0 && delivered < images;
	const endsFailed = delivered === 0 || (isPartial && partialEnd === 'failed');
	if (!endsFailed) return { delivered };
	return {
		delivered,
		failure: whole ?? failureOf('content_policy_violation'),
		...(charged === true && { chargedAnyway: true }),
	};
}

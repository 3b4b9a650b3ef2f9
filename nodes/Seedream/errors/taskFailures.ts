import { taskMessage } from './errorMessages';
import { CHARGED_IN_VAIN, ASSUMED_WORDS, CHARGED_WORDS, type Charged, type Failure, alsoNaming, quote, withCharge, withSuggestion, withTask } from './failure';
import type { ProviderInfo, ProviderError } from './providerError';

/** Some of a row's images were made, and the others were not. */
export function imagesMissing({ label }: ProviderInfo, error: ProviderError): string {
	const { message: what } = taskMessage(error);
	return `Not all images came: ${label} ${what}${quote(error)}`;
}

interface TaskEnd {
	status: 'failed' | 'cancelled';
	error: ProviderError;
	charged: Charged;
}

/** The task ended without an image. */
export function taskFailure(
	provider: ProviderInfo & { failedTasksAreFree: 'documented' | 'assumed' },
	{ status, error, charged }: TaskEnd,
	taskId: string,
): Failure {
	const { message: what, hint } = taskMessage(error);
	const isAssumed = charged === 'no' && provider.failedTasksAreFree === 'assumed';
	const words = isAssumed ? ASSUMED_WORDS : chargedWithoutImage(charged);
	return {
		message: `${provider.label} ${what}${quote(error)}${withTask(taskId)}`,
		description: `${withSuggestion(hint, error)} ${words}`,
		code: error.code,
		type: error.type,
		charged,
		...(isAssumed ? { chargeIsAssumed: true } : {}),
		hasEnded: true,
		status,
		provider: provider.id,
		taskId,
	};
}

function chargedWithoutImage(charged: Charged): string {
	return charged === 'yes' ? CHARGED_IN_VAIN : CHARGED_WORDS[charged];
}

/** An earlier try of this execution has seen the row's task end without an image, and not for free. */
export function notMadeAgain(
	provider: ProviderInfo,
	taskIds: readonly string[],
	charged: Charged,
): Failure {
	const [taskId] = taskIds;
	const may = charged === 'yes' ? 'and has' : 'and may have';
	const failure: Failure = {
		message: `${provider.label} made no image for this row in an earlier try, ${may} charged it all the same${withTask(taskId)}`,
		description: `Nothing in this execution makes it again, because that might pay twice. Retry in the list of executions does: look in ${provider.label}'s list of tasks first. ${chargedWithoutImage(charged)}`,
		code: 'task_failed',
		type: 'task_error',
		charged,
		hasEnded: true,
		status: 'failed',
		provider: provider.id,
		taskId,
	};
	return alsoNaming(failure, taskIds);
}

/** The task outlived the deadline; it goes on at the provider. `last` is what kept us from knowing. */
export function deadlineFailure(
	provider: ProviderInfo,
	taskId: string,
	seconds: number,
	last?: Failure,
): Failure {
	const limit = seconds === 1 ? '1 second' : `${seconds} seconds`;
	const what = last
		? `did not say within ${limit} whether the image is done`
		: `is still working on the image after ${limit}`;
	const why = last
		? `. The last question failed: ${last.message.replace(withTask(taskId), '')}`
		: '';
	return {
		message: `${provider.label} ${what}: Seedream Task Status can fetch it later${withTask(taskId)}${why}`,
		description: withCharge(
			`Fetch it later with the Seedream Task Status node and the task ID ${taskId}, or raise Timeout in the options.`,
			'unknown',
		),
		code: 'timeout',
		type: 'timeout',
		charged: 'unknown',
		status: 'processing',
		provider: provider.id,
		taskId,
	};
}

/** The image exists, but its file could not be fetched; `isGone` when its link has expired. */
export function downloadFailure(
	provider: ProviderInfo,
	reason: string,
	taskId: string,
	isGone: boolean,
): Failure {
	const hint = isGone
		? `${provider.label} keeps images for 24 hours: look in its dashboard whether it still has this one.`
		: `Fetch it with the Seedream Task Status node, ${provider.label} and the task ID ${taskId}: links work for 24 hours.`;
	return {
		message: `The image was made, but could not be downloaded: ${reason}${withTask(taskId)}`,
		description: withCharge(hint, 'yes'),
		code: 'download_failed',
		type: 'download_error',
		charged: 'yes',
		status: 'failed',
		provider: provider.id,
		taskId,
	};
}

/** Of a task that is done, these images could not be fetched; `numbers` from 1. */
export function imagesNotFetched(numbers: readonly number[], all: number): string {
	const isOne = numbers.length === 1;
	const named = isOne ? `image ${numbers[0]}` : `images ${numbers.join(', ')}`;
	return `Of ${all} images, ${named} could not be downloaded, although ${isOne ? 'it was' : 'they were'} made and charged: ${isOne ? 'an entry of its own has its link' : 'entries of their own have their links'}`;
}

import type { Cost } from '../shared/cost';
import { taskMessage } from './errorMessages';
import {
	CHARGED_WITHOUT_IMAGE_MESSAGE,
	ASSUMED_FREE_MESSAGE,
	CHARGE_MESSAGES,
	type Charged,
	type Failure,
	withOtherTaskIds,
	quote,
	withChargeMessage,
	withSuggestion,
	taskTag,
} from './failure';
import type { ProviderInfo, ProviderError } from './providerError';

/** Some of a row's images were generated, and others weren't. */
export function missingImagesWarning({ label }: ProviderInfo, error: ProviderError): string {
	return `Some images are missing: ${label} ${taskMessage(error).message}${quote(error)}`;
}

interface TaskEnd {
	status: 'failed' | 'cancelled';
	error: ProviderError;
	charged: Charged;
	cost?: Cost;
}

/** The task ended without an image. */
export function taskFailure(
	provider: ProviderInfo & { failedTasksAreFree: 'documented' | 'assumed' },
	{ status, error, charged, cost }: TaskEnd,
	taskId: string,
): Failure {
	const { message, hint } = taskMessage(error);
	const isAssumed = charged === 'no' && provider.failedTasksAreFree === 'assumed';
	const charge = isAssumed ? ASSUMED_FREE_MESSAGE : chargeMessage(charged);
	return {
		message: `${provider.label} ${message}${quote(error)}${taskTag(taskId)}`,
		description: `${withSuggestion(hint, error)} ${charge}`,
		code: error.code,
		type: error.type,
		charged,
		...(isAssumed ? { chargeIsAssumed: true } : {}),
		...(cost && { cost }),
		hasEnded: true,
		status,
		provider: provider.id,
		taskId,
	};
}

function chargeMessage(charged: Charged): string {
	return charged === 'yes' ? CHARGED_WITHOUT_IMAGE_MESSAGE : CHARGE_MESSAGES[charged];
}

/** In an earlier attempt of this execution, the row's task ended without an image, and not for free. */
export function notRetried(
	provider: ProviderInfo,
	taskIds: readonly string[],
	charged: Charged,
): Failure {
	const [taskId] = taskIds;
	const charge = charged === 'yes' ? 'and charged you anyway' : 'and may have charged you anyway';
	const failure: Failure = {
		message: `${provider.label} generated no image for this row in an earlier attempt ${charge}${taskTag(taskId)}`,
		description: `To avoid charging you twice, the node doesn't generate this row again in this execution. Retry on the Executions tab does: check ${provider.label}'s task list first. ${chargeMessage(charged)}`,
		code: 'task_failed',
		type: 'task_error',
		charged,
		hasEnded: true,
		status: 'failed',
		provider: provider.id,
		taskId,
	};
	return withOtherTaskIds(failure, taskIds);
}

/** The task is still running at the deadline. `last` is set when the last status check failed. */
export function deadlineFailure(
	provider: ProviderInfo,
	taskId: string,
	seconds: number,
	last?: Failure,
): Failure {
	const limit = seconds === 1 ? '1 second' : `${seconds} seconds`;
	const state = last
		? `didn't report within ${limit} whether the image is finished`
		: `is still generating the image after ${limit}`;
	const reason = last
		? `. The last status check failed: ${last.message.replace(taskTag(taskId), '')}`
		: '';
	return {
		message: `${provider.label} ${state}. Fetch it later with the Seedream Task Status node${taskTag(taskId)}${reason}`,
		description: withChargeMessage(
			`Fetch it later with the Seedream Task Status node and the task ID ${taskId}, or raise the 'Timeout' option.`,
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

/** The image exists, but its file couldn't be downloaded; `isGone` when its link has expired. */
export function downloadFailure(
	provider: ProviderInfo,
	reason: string,
	taskId: string,
	isGone: boolean,
): Failure {
	const hint = isGone
		? `${provider.label} keeps images for 24 hours. Check its dashboard to see whether the image is still there.`
		: `Fetch it from ${provider.label} with the Seedream Task Status node and the task ID ${taskId}. Links expire after 24 hours.`;
	return {
		message: `The image was generated, but the node couldn't download it: ${reason}${taskTag(taskId)}`,
		description: withChargeMessage(hint, 'yes'),
		code: 'download_failed',
		type: 'download_error',
		charged: 'yes',
		status: 'failed',
		provider: provider.id,
		taskId,
	};
}

/** These images of a completed task couldn't be downloaded; `numbers` start at 1. */
export function missingFilesWarning(numbers: readonly number[], all: number): string {
	return numbers.length === 1
		? `The node couldn't download image ${numbers[0]} of ${all}, although it was generated and you were charged for it. A separate item has its link`
		: `The node couldn't download images ${numbers.join(', ')} of ${all}, although they were generated and you were charged for them. Separate items have their links`;
}

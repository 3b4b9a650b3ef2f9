import { z } from 'zod';

import type { Charged } from '../errors/failure';
import type { ProviderError } from '../errors/providerError';
import { isJsonObject, type JsonObject } from '../shared/json';
import { isError, parseErrorObject } from './errorResponse';
import { hasText, optionalNumber, optionalText, optionalTime, readText } from './fieldSchemas';
import { layeredImages } from './layers';
import type { CompletedTask, EndedTask, ParseResult, TaskState } from './provider';
import { imagesOfTask, linksExpire, statedExpiry } from './resultLinks';
import { chargeOf, costOf } from './taskCost';
import { hasStatus, statusOf, taskObject } from './taskObjects';

/** Reads the task in a response, whatever envelope it comes in. */
export type TaskParser = (body: unknown) => ParseResult<TaskState>;

interface TaskParserOptions {
	/** When the links' lifetime starts, where the response doesn't say when they expire. */
	linksFrom: (times: { created?: Date; completed?: Date }) => Date | undefined;
	/** Whether a plain number in `cost` is in US dollars. */
	costIsUsd?: boolean;
	creditsPerUsd: number;
	/** The error code of a failed task that has none. */
	defaultErrorCode: string;
}

const taskSchema = z.object({
	progress: optionalNumber,
	model: optionalText,
	created: optionalTime,
	created_at: optionalTime,
	completed: optionalTime,
	actual_time: optionalNumber,
	duration: optionalNumber,
	request_id: optionalText,
});

export function createTaskParser({
	linksFrom,
	defaultErrorCode,
	costIsUsd = false,
	creditsPerUsd,
}: TaskParserOptions): TaskParser {
	return (body) => {
		const task = taskObject(body);
		const images = imagesOfTask(task, body);
		if (!hasStatus(task) && images.links.length === 0) {
			return { kind: 'unreadable', reason: 'status: Required' };
		}
		const { progress, model, created, created_at, completed, ...rest } = taskSchema.parse(task);
		const createdAt = created ?? created_at;
		const status = statusOf(task) ?? inferStatus(task, images.links);
		if (status === 'submitted' || status === 'processing') {
			return { kind: 'parsed', value: { status, createdAt, progress, model } };
		}
		const cost = costOf(task, { costIsUsd, creditsPerUsd });
		const { imageUrls, layers } = layeredImages(task, images.links);
		const outcome = {
			status,
			imageUrls,
			imageErrors: images.errors,
			error: taskError(task, rest.request_id) ?? {
				code: defaultErrorCode,
				message: '',
				type: 'task_error',
			},
			charged: chargeOf(task, cost),
		};
		const details = {
			createdAt,
			layers,
			expiresAt: statedExpiry(task) ?? linksExpire(linksFrom({ created: createdAt, completed })),
			cost,
			seconds: rest.actual_time ?? rest.duration,
			model,
		};
		return { kind: 'parsed', value: endedTask(outcome, details) };
	};
}

/** For an undocumented status, the other fields decide. */
function inferStatus(task: JsonObject, links: readonly string[]): TaskState['status'] {
	if (links.length > 0) return 'completed';
	const { error, error_message, fail_reason, failMsg } = task;
	const hasError = isError(error) || [error_message, fail_reason, failMsg].some(hasText);
	return hasError ? 'failed' : 'processing';
}

interface Outcome {
	status: EndedTask['status'];
	imageUrls: readonly string[];
	/** Why images of a set are missing. */
	imageErrors: readonly ProviderError[];
	error: ProviderError;
	charged: Charged;
}

/** Finished images are charged, whatever became of the rest of the task. */
function endedTask(
	{ status, imageUrls, imageErrors, error, charged }: Outcome,
	details: Omit<CompletedTask, 'status' | 'imageUrls' | 'missing'>,
): EndedTask {
	const [imageError] = imageErrors;
	const isComplete = status === 'completed' && !imageError;
	const missing = isComplete ? undefined : (imageError ?? error);
	if (imageUrls.length > 0 || isComplete) {
		return { status: 'completed', imageUrls, ...details, ...(missing ? { missing } : {}) };
	}
	return {
		status: status === 'cancelled' ? status : 'failed',
		error: missing ?? error,
		charged,
		cost: charged === 'yes' ? details.cost : undefined,
		model: details.model,
	};
}

const taskErrorSchema = z.object({
	error: z.unknown(),
	error_message: optionalText,
	fail_reason: optionalText,
	failMsg: optionalText,
	failCode: optionalText,
	msg: optionalText,
	message: optionalText,
});

function taskError(task: JsonObject, requestId: string | undefined): ProviderError | undefined {
	const { error, failCode, ...texts } = taskErrorSchema.parse(task);
	const message =
		(typeof error === 'string' ? readText(error) : undefined) ??
		texts.error_message ??
		texts.fail_reason ??
		texts.failMsg ??
		texts.msg ??
		texts.message;
	const parsed = isError(error) && isJsonObject(error) ? parseErrorObject(error) : undefined;
	if (!parsed && message === undefined && failCode === undefined) return undefined;
	return {
		...(requestId === undefined ? {} : { requestId }),
		...(parsed ?? {
			code: failCode ?? 'task_failed',
			message: message ?? '',
			type: 'task_error',
		}),
	};
}

import { createHash } from 'crypto';
import { z } from 'zod';

import { namedStatus } from '../errors/errorCodes';
import type { Charged } from '../errors/failure';
import type { ProviderError, RequestError } from '../errors/providerError';
import { isJsonObject, parseJson, type JsonObject } from '../shared/json';
import type {
	CompletedTask,
	Cost,
	CreatedTask,
	EndedTask,
	ParseResult,
	TaskState,
} from './provider';

/**
 * Pieces that the readers of several providers share. They are tolerant on purpose: providers write
 * numbers as strings and change details without notice, and a paid task must not be lost over that.
 */

export const text = z.union([z.string(), z.number()]).transform(String);

/** Text, a number, or nothing: anything else counts as "not said". */
export const optionalText = text
	.nullish()
	.catch(undefined)
	.transform((value) => (value?.trim() ? value : undefined));

export const taskId = text.refine((value) => value.trim() !== '', 'the task id is empty');

const looseNumber = z.union([z.number(), z.string().trim().min(1).transform(Number)]);

/** A number, a numeric string, or nothing: anything else counts as "not said". */
export const optionalNumber = looseNumber.refine(Number.isFinite).optional().catch(undefined);

/** The last moment that a Date can hold, in milliseconds. */
const LATEST_TIME_MS = 8.64e15;
/** As seconds, this is the year 5138; as milliseconds, 1973. */
const MIN_MILLISECONDS_TIMESTAMP = 1e11;

/** Unix time in seconds, as all three write it, or in milliseconds, or an ISO date. */
export const optionalTime = z
	.unknown()
	.transform((value) => {
		const number = optionalNumber.parse(value);
		if (number === undefined) return typeof value === 'string' ? Date.parse(value) : NaN;
		return number < MIN_MILLISECONDS_TIMESTAMP ? number * 1000 : number;
	})
	.transform((ms) => (ms > 0 && ms <= LATEST_TIME_MS ? new Date(ms) : undefined));

const LINK_LIFETIME_MS = 24 * 60 * 60 * 1000;

/** Links expire 24 hours after the task is done (seeds 000, 001, 002, 004). */
export function linksExpire(from: Date | undefined): Date | undefined {
	return from && new Date(from.getTime() + LINK_LIFETIME_MS);
}

export function read<T>(
	schema: z.ZodType<T, z.ZodTypeDef, unknown>,
	body: unknown,
): ParseResult<T> {
	const parsed = schema.safeParse(body);
	if (parsed.success) return { kind: 'parsed', value: parsed.data };
	const reason = parsed.error.issues
		.map(({ path, message }) => (path.length ? `${path.join('.')}: ${message}` : message))
		.join('; ');
	return { kind: 'unreadable', reason };
}

// --- Errors ---------------------------------------------------------------------------------------

/** Text, or a list of texts or of objects that hold one, as web frameworks write what they object to. */
const wordsOf = z
	.unknown()
	.transform((value) => {
		const parts = (Array.isArray(value) ? value : [value]).flatMap((part: unknown) =>
			isJsonObject(part) ? [part.msg, part.message, part.detail] : [part],
		);
		return parts.flatMap((part) => optionalText.parse(part) ?? []).join('; ');
	})
	.transform((words) => (words === '' ? undefined : words));

const allowed = z.array(text).nonempty().optional().catch(undefined);

/** The error object inside an answer. Only `code`, `message` and `type` are documented. */
const errorBody = z
	.object({
		code: optionalText,
		message: optionalText,
		msg: optionalText,
		detail: wordsOf,
		errors: wordsOf,
		type: optionalText,
		request_id: optionalText,
		suggestion: optionalText,
		allowed_values: allowed,
		allowed_models: allowed,
	})
	.transform(
		({
			code,
			message,
			msg,
			detail,
			errors,
			type,
			request_id,
			suggestion,
			allowed_values: values,
			allowed_models: models,
		}): ProviderError => {
			const allows = values ?? models;
			const advice = [suggestion, allows && `Allowed: ${allows.join(', ')}.`]
				.filter((part) => part !== undefined)
				.join(' ');
			return {
				code: code ?? type ?? 'unknown_error',
				message: message ?? msg ?? detail ?? errors ?? '',
				type: type ?? 'unknown',
				...(request_id === undefined ? {} : { requestId: request_id }),
				...(advice === '' ? {} : { advice }),
			};
		},
	);

function hasWords(value: unknown): boolean {
	return optionalText.parse(value) !== undefined;
}

/** An `error` that says something: it also comes empty, or with code 0, where nothing is wrong. */
function isError(error: unknown): boolean {
	if (!isJsonObject(error)) return typeof error === 'string' && error.trim() !== '';
	if (Number(optionalText.parse(error.code) ?? NaN) < 400) return false;
	return [error.code, error.message, error.msg, error.type].some(hasWords);
}

const RATE_LIMIT = 429;

/** A page for people, of which nothing can be quoted. */
const MARKUP = /^\s*</;

/** The error in an answer that is known to be one, whatever it looks like: even an HTML page. */
export function readFailure(status: number, body: unknown): RequestError {
	const error = statedError(body);
	if (!error) {
		const message = typeof body === 'string' && !MARKUP.test(body) ? body.trim() : '';
		return { status, code: `http_${status}`, message, type: 'http_error', isBare: true };
	}
	const named = namedStatus(error);
	return { ...error, status: status >= 400 && named !== RATE_LIMIT ? status : (named ?? status) };
}

function statedError(body: unknown): ProviderError | undefined {
	if (!isJsonObject(body)) return undefined;
	const { error } = body;
	if (typeof error === 'string') {
		const { code, type, request_id: requestId } = body;
		return errorBody.parse({ code, type, request_id: requestId, message: error });
	}
	return errorBody.parse(isJsonObject(error) ? error : body);
}

/**
 * The error of a request that was not carried out, in an answer of any HTTP status. An answer that
 * names a task tells of the task instead.
 */
export function readRequestError(status: number, body: unknown): RequestError | undefined {
	if (status >= 400) return readFailure(status, body);
	if (!isJsonObject(body) || tellsOfTask(body)) return undefined;
	const saysNo =
		body.success === false ||
		Number(optionalText.parse(body.code) ?? 0) >= 400 ||
		(isError(body.error) && statusWord(body) === undefined);
	return saysNo ? readFailure(status, body) : undefined;
}

// --- Tasks ----------------------------------------------------------------------------------------

/** Where tasks stand in an answer: at the top, in `data`, or in a list there. */
function parts(body: unknown): JsonObject[] {
	if (!isJsonObject(body)) return [];
	const { data } = body;
	const inner = Array.isArray(data) ? data.filter(isJsonObject) : [data].filter(isJsonObject);
	return [...inner, body];
}

function idOf({ task_id: snake, taskId: camel, id }: JsonObject): string | undefined {
	return [snake, camel, id].map((one) => optionalText.parse(one)).find((one) => one !== undefined);
}

const TASK_ID = /^task[-_]/i;

/** The ids of tasks in an answer of any kind, even an error; a plain `id` only if it looks like one. */
export function namedTaskIds(body: unknown): string[] {
	if (!isJsonObject(body)) return [];
	const places = [...parts(body), body.error].filter(isJsonObject);
	const ids = places.flatMap(({ id, ...place }) => {
		const plain = optionalText.parse(id) ?? '';
		return idOf(place) ?? (TASK_ID.test(plain) ? plain : []);
	});
	return [...new Set(ids)];
}

function tellsOfTask(body: JsonObject): boolean {
	const isTask = (part: JsonObject) => idOf(part) !== undefined && statusWord(part) !== undefined;
	return namedTaskIds(body).length > 0 || parts(body).some(isTask);
}

/** The tasks that a create has made. Each of several is paid. */
export function readCreatedTasks(body: unknown, readTask: TaskReader): ParseResult<CreatedTask[]> {
	const [envelope] = parts(body).slice(-1);
	const inner = parts(body).slice(0, -1);
	const isNamed = inner.some((part) => idOf(part) !== undefined || isFinishedAtOnce(part));
	const tasks = (isNamed ? inner : envelope ? [envelope] : []).flatMap((part) => {
		const id = idOf(part) ?? (isFinishedAtOnce(part) ? nameFor(part) : undefined);
		return id === undefined ? [] : [createdTask(id, part, readTask)];
	});
	return tasks.length > 0
		? { kind: 'parsed', value: tasks }
		: { kind: 'unreadable', reason: 'no task id is in it' };
}

const estimate = z.object({
	task_info: z.object({ estimated_time: optionalNumber }).nullish().catch(undefined),
	estimated_time: optionalNumber,
});

function createdTask(id: string, part: JsonObject, readTask: TaskReader): CreatedTask {
	const { task_info, estimated_time: seconds } = estimate.parse(part);
	const estimatedSeconds = task_info?.estimated_time ?? seconds;
	const finished = finishedAtOnce(part, readTask);
	return {
		taskId: id,
		...(estimatedSeconds === undefined ? {} : { estimatedSeconds }),
		...(finished ? { finished } : {}),
	};
}

/** Stands for the id of a finished answer that has none. */
function nameFor(part: JsonObject): string {
	const links = JSON.stringify(imagesIn(part).links);
	return `unnamed-${createHash('sha256').update(links).digest('hex').slice(0, 16)}`;
}

function isFinishedAtOnce({ object }: JsonObject): boolean {
	return object === 'generation.result';
}

/** Some creates are answered with the images; others repeat the links of the references. */
function finishedAtOnce(part: JsonObject, readTask: TaskReader): CompletedTask | undefined {
	const isFinished = statusOf(part) === 'completed' || isFinishedAtOnce(part);
	const task = isFinished ? readTask(part) : undefined;
	if (task?.kind !== 'parsed' || task.value.status !== 'completed') return undefined;
	return task.value.imageUrls.length > 0 ? task.value : undefined;
}

type Status = TaskState['status'];

/**
 * What these words mean at every provider (docs, and several clients). A task that is at work may repeat
 * the links of its references, so its words have to be known, too.
 */
const STATUS_WORDS: Record<string, Status> = {
	completed: 'completed',
	complete: 'completed',
	succeeded: 'completed',
	success: 'completed',
	done: 'completed',
	finished: 'completed',
	failed: 'failed',
	fail: 'failed',
	failure: 'failed',
	error: 'failed',
	rejected: 'failed',
	cancelled: 'cancelled',
	canceled: 'cancelled',
	expired: 'cancelled',
	submitted: 'submitted',
	pending: 'submitted',
	queued: 'submitted',
	processing: 'processing',
	in_progress: 'processing',
	running: 'processing',
};

function statusWord({ status, state }: JsonObject): string | undefined {
	return optionalText.parse(status) ?? optionalText.parse(state);
}

/** An empty one as well: what is not said to have ended is at work. */
function hasStatus(part: JsonObject): boolean {
	return statusWord(part) !== undefined || part.status === '' || part.state === '';
}

function statusOf(part: JsonObject): Status | undefined {
	const word = statusWord(part)?.trim().toLowerCase() ?? '';
	return Object.hasOwn(STATUS_WORDS, word) ? STATUS_WORDS[word] : undefined;
}

/** Reads a task in an answer, in whatever wrapper it stands. */
export type TaskReader = (body: unknown) => ParseResult<TaskState>;

interface TaskDetails {
	/** From when on the links live, where the answer does not say when they expire. */
	linksFrom: (times: { created?: Date; completed?: Date }) => Date | undefined;
	/** Whether a plain number in `cost` is in US dollars. */
	costIsUsd?: boolean;
	/** The code of a failure that gives none. */
	noReason: string;
}

const details = z.object({
	progress: optionalNumber,
	model: optionalText,
	created: optionalTime,
	created_at: optionalTime,
	completed: optionalTime,
	actual_time: optionalNumber,
	duration: optionalNumber,
	request_id: optionalText,
});

export function taskReader({ linksFrom, noReason, costIsUsd = false }: TaskDetails): TaskReader {
	return (body) => {
		const task = taskPart(body);
		const found = imagesOf(task, body);
		if (!hasStatus(task) && found.links.length === 0) {
			return { kind: 'unreadable', reason: 'status: Required' };
		}
		const { progress, model, created, created_at, completed, ...rest } = details.parse(task);
		const status = statusOf(task) ?? statusByContent(task, found.links);
		if (status === 'submitted' || status === 'processing') {
			return { kind: 'parsed', value: { status, progress, model } };
		}
		const cost = statedCost(task, costIsUsd);
		const ended = {
			status,
			imageUrls: found.links,
			stopped: found.stopped,
			reason: reasonOf(task, rest.request_id) ?? {
				code: noReason,
				message: '',
				type: 'task_error',
			},
			charged: chargeOf(task, cost),
		};
		const completedTask = {
			expiresAt:
				statedExpiry(task) ?? linksExpire(linksFrom({ created: created ?? created_at, completed })),
			cost,
			seconds: rest.actual_time ?? rest.duration,
			model,
		};
		return { kind: 'parsed', value: endedTask(ended, completedTask) };
	};
}

/** A word that nobody has documented: what stands beside it tells. */
function statusByContent(task: JsonObject, links: readonly string[]): Status {
	if (links.length > 0) return 'completed';
	const { error, error_message, fail_reason, failMsg } = task;
	const saysWhy = isError(error) || [error_message, fail_reason, failMsg].some(hasWords);
	return saysWhy ? 'failed' : 'processing';
}

interface Ended {
	status: EndedTask['status'];
	imageUrls: readonly string[];
	/** Images of a set that were stopped on the way. */
	stopped: readonly ProviderError[];
	reason: ProviderError;
	charged: Charged;
}

/** Images that were made are paid, whatever became of the rest of the task. */
function endedTask(
	{ status, imageUrls, stopped, reason, charged }: Ended,
	completed: Omit<CompletedTask, 'status' | 'imageUrls' | 'missing'>,
): EndedTask {
	const [firstStopped] = stopped;
	const isComplete = status === 'completed' && !firstStopped;
	const missing = isComplete ? undefined : (firstStopped ?? reason);
	if (imageUrls.length > 0 || isComplete) {
		return { status: 'completed', imageUrls, ...completed, ...(missing ? { missing } : {}) };
	}
	return {
		status: status === 'cancelled' ? status : 'failed',
		error: missing ?? reason,
		charged,
		model: completed.model,
	};
}

/** The object that tells of the task: a wrapper may have words of its own, which speak of the call. */
function taskPart(body: unknown): JsonObject {
	const [first, ...others] = parts(body);
	if (!first) return {};
	const envelope = others.at(-1);
	const isTask = statusWord(first) !== undefined || !envelope || !statusWord(envelope);
	return isTask ? first : envelope;
}

const reasons = z.object({
	error: z.unknown(),
	error_message: optionalText,
	fail_reason: optionalText,
	failMsg: optionalText,
	failCode: optionalText,
	msg: optionalText,
	message: optionalText,
});

function reasonOf(task: JsonObject, requestId: string | undefined): ProviderError | undefined {
	const { error, failCode, ...texts } = reasons.parse(task);
	const words =
		(typeof error === 'string' ? optionalText.parse(error) : undefined) ??
		texts.error_message ??
		texts.fail_reason ??
		texts.failMsg ??
		texts.msg ??
		texts.message;
	const known = isError(error) && isJsonObject(error) ? errorBody.parse(error) : undefined;
	if (!known && words === undefined && failCode === undefined) return undefined;
	return {
		...(requestId === undefined ? {} : { requestId }),
		...(known ?? {
			code: failCode ?? 'task_failed',
			message: words ?? '',
			type: 'task_error',
		}),
	};
}

// --- Money ----------------------------------------------------------------------------------------

const spent = z.object({
	billing: z.object({ charged_credits: optionalNumber }).nullish().catch(undefined),
	usage: z
		.object({
			credits_used: optionalNumber,
			cost: z.object({ credits: optionalNumber, usd: optionalNumber }).optional().catch(undefined),
		})
		.nullish()
		.catch(undefined),
	credits_used: optionalNumber,
	credits_cost: optionalNumber,
	cost: z.unknown(),
});

function statedCost(task: JsonObject, costIsUsd: boolean): Cost | undefined {
	const { billing, usage, credits_used, credits_cost, cost } = spent.parse(task);
	const credits =
		billing?.charged_credits ??
		usage?.credits_used ??
		usage?.cost?.credits ??
		credits_used ??
		credits_cost;
	const usd = usage?.cost?.usd ?? (costIsUsd ? optionalNumber.parse(cost) : undefined);
	if (credits === undefined && usd === undefined) return undefined;
	return { ...(credits === undefined ? {} : { credits }), ...(usd === undefined ? {} : { usd }) };
}

const bill = z.object({
	charge_status: optionalText,
	refund_status: optionalText,
	charged_credits: optionalNumber,
	refunded_credits: optionalNumber,
});

/** Of a task that ended without an image: the provider's own words go before the rule that it is free. */
function chargeOf(task: JsonObject, cost: Cost | undefined): Charged {
	const parsed = bill.safeParse(task.billing);
	const isCostly = (cost?.credits ?? 0) > 0 || (cost?.usd ?? 0) > 0;
	if (!parsed.success) return isCostly ? 'yes' : 'no';
	const { charge_status, refund_status, charged_credits: charged = 0 } = parsed.data;
	switch (refund_status) {
		case 'completed':
			return (parsed.data.refunded_credits ?? charged) < charged ? 'yes' : 'no';
		case 'pending':
		case 'failed':
			return 'yes';
	}
	switch (charge_status) {
		case 'released':
			return 'no';
		case 'charged':
			return 'yes';
		case undefined:
			return isCostly ? 'yes' : 'no';
		default:
			return 'unknown';
	}
}

// --- Images ---------------------------------------------------------------------------------------

/** Where links stand, in the order in which they are looked for: several places hold the same images. */
const LINK_KEYS = [
	'results',
	'result',
	'result_data',
	'output',
	'outputs',
	'output_url',
	'images',
	'resultJson',
	'resultUrls',
	'resultImageUrl',
	'response',
	'data',
	'image_urls',
	'image_url',
	'image',
	'urls',
	'url',
];

interface FoundImages {
	links: string[];
	/** Entries between the images that say why one is missing. */
	stopped: ProviderError[];
}

/** In the task, else in what it is wrapped in. */
function imagesOf(task: JsonObject, body: unknown): FoundImages {
	const found = imagesIn(task);
	if (found.links.length > 0 || found.stopped.length > 0 || !isJsonObject(body)) return found;
	const { data: _task, ...wrapper } = body;
	return task === body ? found : imagesIn(wrapper);
}

/**
 * Every link to a finished image inside a value of unknown shape, once and in order: strings,
 * arrays, objects with one of the keys above, and JSON written into a string.
 */
export function imagesIn(value: unknown): FoundImages {
	const { links, stopped } = collect(value);
	return { links: [...new Set(links)], stopped };
}

function collect(value: unknown): FoundImages {
	if (typeof value === 'string') return collectText(value.trim());
	if (Array.isArray(value)) {
		const entries = value.map((entry) =>
			isJsonObject(entry) && isError(entry.error) ? stoppedEntry(entry) : collect(entry),
		);
		return {
			links: entries.flatMap(({ links }) => links),
			stopped: entries.flatMap(({ stopped }) => stopped),
		};
	}
	if (!isJsonObject(value)) return NOTHING;
	const places = LINK_KEYS.map((key) => collect(value[key]));
	return {
		links: places.find(({ links }) => links.length > 0)?.links ?? [],
		stopped: places.find(({ stopped }) => stopped.length > 0)?.stopped ?? [],
	};
}

const NOTHING: FoundImages = { links: [], stopped: [] };

function collectText(content: string): FoundImages {
	if (/^[[{]/.test(content)) return collect(parseJson(content));
	const links = content.split(BETWEEN_LINKS).map(resultLink);
	return links.every((link) => link !== undefined) ? { links, stopped: [] } : NOTHING;
}

const BETWEEN_LINKS = /[\s,;]+(?=https?:\/\/)/i;
const WEB_LINK = /^https?:\/\/[^\s/?#]/i;
/** A host with a dot and a path behind it: not every word with a slash in it. */
const WITHOUT_SCHEME = /^(?:\/\/)?((?:[a-z\d](?:[a-z\d-]*[a-z\d])?\.)+[a-z]{2,}(?::\d+)?\/\S.*)$/i;
const IMAGE_NAME = /\.(?:jpe?g|png|webp|gif|bmp|tiff?|avif)(?:[?#]\S*)?$/i;

/** The link that a text is, as it can be opened: there may be spaces in it, or words behind it. */
function resultLink(content: string): string | undefined {
	const text = content.replace(/^["'<]+|["'>]+$/g, '').trim();
	const [, withoutScheme] = WITHOUT_SCHEME.exec(text) ?? [];
	const link = withoutScheme === undefined ? text : `https://${withoutScheme}`;
	if (!WEB_LINK.test(link) || !URL.canParse(link)) return undefined;
	const [first = ''] = link.split(/\s/);
	if (first === link) return link;
	if (IMAGE_NAME.test(first)) return first;
	const isName = IMAGE_NAME.test(link) || first.includes('?');
	return isName ? link.replace(/\s/g, (space) => encodeURIComponent(space)) : undefined;
}

function stoppedEntry({ error, ...rest }: JsonObject): FoundImages {
	const { links } = collect(rest);
	return {
		links,
		stopped: links.length > 0 ? [] : [statedError({ error })].filter((one) => one !== undefined),
	};
}

/** The first moment at which one of the links expires, by the provider's own word. */
function statedExpiry(value: unknown): Date | undefined {
	const times = expiries(value);
	return times.length > 0 ? new Date(Math.min(...times)) : undefined;
}

function expiries(value: unknown): number[] {
	if (Array.isArray(value)) return value.flatMap(expiries);
	if (!isJsonObject(value)) return [];
	const own = optionalTime.parse(value.expires_at ?? value.expiresAt);
	return [...(own ? [own.getTime()] : []), ...LINK_KEYS.flatMap((key) => expiries(value[key]))];
}

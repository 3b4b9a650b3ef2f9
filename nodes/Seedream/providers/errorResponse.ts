import { z } from 'zod';

import { namedStatus } from '../errors/errorCodes';
import type { ProviderError, RequestError } from '../errors/providerError';
import { isJsonObject, type JsonObject } from '../shared/json';
import { hasText, optionalText, readText, text } from './fieldSchemas';
import { describesTask, statusText } from './taskObjects';

/** Text, or a list of texts or of objects with one, as web frameworks report validation issues. */
const joinedText = z
	.unknown()
	.transform((value) => {
		const parts = (Array.isArray(value) ? value : [value]).flatMap((part: unknown) =>
			isJsonObject(part) ? [part.msg, part.message, part.detail] : [part],
		);
		return parts.flatMap((part) => readText(part) ?? []).join('; ');
	})
	.transform((joined) => (joined === '' ? undefined : joined));

const allowedValues = z.array(text).nonempty().optional().catch(undefined);

/** The error object in a response. Only `code`, `message` and `type` are documented. */
const errorSchema = z
	.object({
		code: optionalText,
		message: optionalText,
		msg: optionalText,
		detail: joinedText,
		errors: joinedText,
		type: optionalText,
		request_id: optionalText,
		suggestion: optionalText,
		allowed_values: allowedValues,
		allowed_models: allowedValues,
	})
	.transform(({ code, type, request_id: requestId, ...rest }): ProviderError => {
		const { message, msg, detail, errors } = rest;
		const allowed = rest.allowed_values ?? rest.allowed_models;
		const suggestion = [rest.suggestion, allowed && `Allowed: ${allowed.join(', ')}.`]
			.filter((part) => part !== undefined)
			.join(' ');
		return {
			code: code ?? type ?? 'unknown_error',
			message: message ?? msg ?? detail ?? errors ?? '',
			type: type ?? 'unknown',
			...(requestId === undefined ? {} : { requestId }),
			...(suggestion === '' ? {} : { suggestion }),
		};
	});

/** Providers also send an empty `error`, or one with code 0, where nothing is wrong. */
export function isError(error: unknown): boolean {
	if (!isJsonObject(error)) return typeof error === 'string' && error.trim() !== '';
	if (Number(readText(error.code) ?? NaN) < 400) return false;
	return [error.code, error.message, error.msg, error.type].some(hasText);
}

export function parseErrorObject(error: JsonObject): ProviderError {
	return errorSchema.parse(error);
}

/** The error in a response that's known to be one: its `error`, or the body itself. */
export function providerErrorIn(body: unknown): ProviderError | undefined {
	if (!isJsonObject(body)) return undefined;
	const { error } = body;
	if (typeof error === 'string') {
		const { code, type, request_id: requestId } = body;
		return parseErrorObject({ code, type, request_id: requestId, message: error });
	}
	return parseErrorObject(isJsonObject(error) ? error : body);
}

const RATE_LIMIT = 429;

/** A web page, which can't be quoted. */
const MARKUP = /^\s*</;

function parseErrorResponse(status: number, body: unknown): RequestError {
	const error = providerErrorIn(body);
	if (!error) {
		const message = typeof body === 'string' && !MARKUP.test(body) ? body.trim() : '';
		return { status, code: `http_${status}`, message, type: 'http_error', isBare: true };
	}
	const named = namedStatus(error);
	return { ...error, status: status >= 400 && named !== RATE_LIMIT ? status : (named ?? status) };
}

/**
 * The error of a request that wasn't carried out, whatever the HTTP status of the response. A
 * response that names a task is about the task instead.
 */
export function parseRequestError(status: number, body: unknown): RequestError | undefined {
	if (status >= 400) return parseErrorResponse(status, body);
	if (!isJsonObject(body) || describesTask(body)) return undefined;
	const isRejected =
		body.success === false ||
		Number(readText(body.code) ?? 0) >= 400 ||
		(isError(body.error) && statusText(body) === undefined);
	return isRejected ? parseErrorResponse(status, body) : undefined;
}

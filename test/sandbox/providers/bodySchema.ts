import Ajv, { type ErrorObject, type SchemaObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

import { MAX_CALLBACK_URL_LENGTH, parseHttpUrl } from '../callbackUrls';
import type { ImageFormat } from '../tasks';

/** Why a body is invalid. `param` is the field's name as the provider writes it (dotted). */
export interface BodyError {
	param?: string;
	message: string;
}

/** No coercion: a number written as a string is an error. Lengths count code points, as JSON Schema says. */
const ajv = addFormats(new Ajv({ coerceTypes: false, useDefaults: false, strict: true }));

export function compileSchema<T>(schema: SchemaObject): ValidateFunction<T> {
	return ajv.compile<T>(schema);
}

/** The schema of a model's body. It rejects `known` fields that the model doesn't have; unknown ones are ignored. */
export function bodySchema(
	required: readonly string[],
	known: readonly string[],
	fields: Record<string, SchemaObject>,
): SchemaObject {
	const absent = Object.fromEntries(known.map((name) => [name, false]));
	return { type: 'object', required, properties: { ...absent, ...fields } };
}

/** The first error of the last call of `validate`. */
export function firstSchemaError(validate: ValidateFunction): BodyError {
	const error = validate.errors?.[0];
	if (error === undefined) return { message: 'the request is invalid' };
	const param = paramOf(error);
	const list = Array.isArray(error.params['allowedValues'])
		? `: ${error.params['allowedValues'].join(', ')}`
		: '';
	return {
		...(param !== '' && { param }),
		message: `${param === '' ? 'the body' : param} ${reasonOf(error)}${list}`,
	};
}

/** For an optional field that must be an http(s) URL. */
export function urlError(param: string, url: string | undefined): BodyError | undefined {
	return url !== undefined && parseHttpUrl(url) === undefined
		? { param, message: `${param} must be an http(s) URL` }
		: undefined;
}

/** For a callback URL that may also be internal, or http. */
export function lenientCallbackUrlError(
	param: string,
	url: string | undefined,
): BodyError | undefined {
	return url !== undefined && url.length > MAX_CALLBACK_URL_LENGTH
		? { param, message: `${param} must not be longer than ${MAX_CALLBACK_URL_LENGTH} characters` }
		: urlError(param, url);
}

/** For a transparent background, which the model otherwise refuses at no cost. */
export function transparencyError(
	{ background, image_urls: urls = [] }: { background?: string; image_urls?: readonly string[] },
	format: ImageFormat,
): BodyError | undefined {
	if (background !== 'transparent' || (format === 'png' && urls.length === 1)) return undefined;
	return {
		param: 'background',
		message: 'background transparent needs exactly one reference and output_format png',
	};
}

/** For the first reference image that isn't an http(s) URL. */
export function referenceUrlError(urls: readonly string[] = []): BodyError | undefined {
	const errors = urls.map((url, index) => urlError(`image_urls.${index}`, url));
	return errors.find((error) => error !== undefined);
}

/** A property that a model doesn't have has the schema `false`. */
function reasonOf({ keyword, message = 'is invalid' }: ErrorObject): string {
	return keyword === 'false schema' ? 'is not supported by this model' : message;
}

function paramOf(error: ErrorObject): string {
	const path = error.instancePath.split('/').slice(1);
	const missing: unknown = error.params['missingProperty'];
	return [...path, ...(typeof missing === 'string' ? [missing] : [])].join('.');
}

import Ajv, { type ErrorObject, type Schema, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

import { parseHttpUrl } from '../callbackUrls';

/** Why a body is invalid. `param` is the field's name as the provider writes it (dotted). */
export interface BodyError {
	param?: string;
	message: string;
}

/** No coercion: a number written as a string is an error. Lengths count code points, as JSON Schema says. */
const ajv = addFormats(new Ajv({ coerceTypes: false, useDefaults: false, strict: true }));

export function compileSchema<T>(schema: Schema): ValidateFunction<T> {
	return ajv.compile<T>(schema);
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
		message: `${param === '' ? 'the body' : param} ${error.message ?? 'is invalid'}${list}`,
	};
}

/** For an optional field that must be an http(s) URL. */
export function urlError(param: string, url: string | undefined): BodyError | undefined {
	return url !== undefined && parseHttpUrl(url) === undefined
		? { param, message: `${param} must be an http(s) URL` }
		: undefined;
}

/** For the first reference image that isn't an http(s) URL. */
export function referenceUrlError(urls: readonly string[] = []): BodyError | undefined {
	const errors = urls.map((url, index) => urlError(`image_urls.${index}`, url));
	return errors.find((error) => error !== undefined);
}

function paramOf(error: ErrorObject): string {
	const path = error.instancePath.split('/').slice(1);
	const missing: unknown = error.params['missingProperty'];
	return [...path, ...(typeof missing === 'string' ? [missing] : [])].join('.');
}

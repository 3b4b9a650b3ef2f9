import Ajv, { type ErrorObject, type Schema, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

/** What is wrong with a body: the field's name as the provider writes it (dotted), and a sentence. */
export interface BodyFault {
	param?: string;
	message: string;
}

/** No coercion: a number written as a string stays wrong. Lengths count code points, as JSON Schema says. */
const ajv = addFormats(new Ajv({ coerceTypes: false, useDefaults: false, strict: true }));

export function compile<T>(schema: Schema): ValidateFunction<T> {
	return ajv.compile<T>(schema);
}

/** The first fault the last run of `validate` found. */
export function faultOf(validate: ValidateFunction): BodyFault {
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

function paramOf(error: ErrorObject): string {
	const path = error.instancePath.split('/').slice(1);
	const missing: unknown = error.params['missingProperty'];
	return [...path, ...(typeof missing === 'string' ? [missing] : [])].join('.');
}

import { httpFailure } from '../../../../nodes/Seedream/errors/requestFailures';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { NOT_CHARGED, CREATE, httpError } from './httpErrors';

describe("the quote of the provider's own words", () => {
	it.each([
		['400', 'n is too large', ' (n is too large)'],
		['invalid_request', 'n is too large', ' (invalid_request: n is too large)'],
		['http_502', '', ' (http_502)'],
		['502', '', ''],
	])('follows the message: code %j, message %j', (code, message, words) => {
		const failure = httpFailure(
			apiMart,
			{ status: 400, code, message, type: 't' },
			undefined,
			CREATE,
		);
		expect(failure.message).toBe(`APIMart rejected the request${words}`);
	});

	it.each([
		['400', 'n is too large', ' (n is too large, request ID req-1)'],
		['400', '', ' (request ID req-1)'],
		['bad', 'n', ' (bad: n, request ID req-1)'],
		['bad', '', ' (bad, request ID req-1)'],
	])('names the request ID for support: code %j, message %j', (code, message, words) => {
		const error = { status: 400, code, message, type: 't', requestId: 'req-1' };
		expect(httpFailure(apiMart, error, undefined, CREATE).message).toBe(
			`APIMart rejected the request${words}`,
		);
	});
});

it("a request ID that the provider's message contains isn't repeated", () => {
	const said = { message: 'No. (request id: req-1)', requestId: 'req-1' };
	expect(httpError(400, CREATE, apiMart, said).message).toBe(
		'APIMart rejected the request (some_code: No. (request id: req-1))',
	);
});

it("the description includes the provider's own suggestion", () => {
	const failure = httpError(400, CREATE, evoLink, { suggestion: 'Allowed: 2K, 4K.' });
	expect(failure.description).toBe(
		`Change the value that the message names, then try again. Allowed: 2K, 4K. ${NOT_CHARGED}`,
	);
});

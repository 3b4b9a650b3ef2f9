import { UPLOAD_MESSAGES } from '../../../../nodes/Seedream/errors/errorMessages';
import {
	invalidRow,
	missingCredential,
	sameUploadLink,
	uploadFailure,
} from '../../../../nodes/Seedream/errors/inputFailures';
import {
	networkFailure,
	unreadableResponse,
} from '../../../../nodes/Seedream/errors/requestFailures';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { NOT_CHARGED, CREATE, FREE, httpError } from './httpErrors';

it('the failure of a row without a credential names the provider', () => {
	expect(missingCredential(apiInOne)).toMatchObject({
		message: 'No API in One credential is selected',
		description: `Open the node, select or create a credential for API in One, then try again. ${NOT_CHARGED}`,
		charged: 'no',
		provider: 'apiInOne',
	});
});

it('an invalid row names everything that is wrong with it', () => {
	expect(invalidRow(["'Prompt' is empty", "'Resolution' isn't available"], evoLink)).toMatchObject({
		message: "'Prompt' is empty. 'Resolution' isn't available",
		description: `Correct the row, then try again. ${NOT_CHARGED}`,
		charged: 'no',
		provider: 'evoLink',
	});
	expect(invalidRow(["'Provider' is empty"]).provider).toBeUndefined();
});

describe('a failed upload', () => {
	const failures = [
		httpError(401, FREE),
		httpError(429, FREE),
		httpError(500, FREE),
		httpError(503, FREE),
		networkFailure(apiMart, { code: 'ECONNRESET', mayHaveArrived: true }, FREE),
		networkFailure(apiMart, { code: 'ENOTFOUND', mayHaveArrived: false }, FREE),
		unreadableResponse(apiMart, 'data: Required', { data: null }, FREE),
	];

	it.each(failures)('costs nothing, and keeps the message and the hint: $message', (failure) => {
		const uploaded = uploadFailure(failure);
		expect(uploaded.isUnavailable).toBe(failure.isUnavailable);
		expect(uploaded).toMatchObject({
			message: `The node couldn't upload a reference image: ${failure.message}`,
			description: failure.description,
			charged: 'no',
			code: failure.code,
			type: failure.type,
			status: 'failed',
			provider: 'apiMart',
		});
		expect(uploaded.description).toMatch(new RegExp(`${NOT_CHARGED}$`));
	});

	it('may be retried wherever that could help, because uploads are free', () => {
		expect(failures.map((failure) => uploadFailure(failure).retry)).toEqual([
			undefined,
			...Array(5).fill('unlimited'),
			'limited',
		]);
	});

	it.each([
		['40001', 413, "rejected the file because it's too large"],
		['40002', 400, "doesn't accept files of this type"],
		['40003', 400, 'already stores too many of your files'],
		['40004', 400, "couldn't use the file's URL"],
		['50001', 500, "couldn't store the file"],
	])('with code %s has its own message', (code, status, message) => {
		const failure = httpError(status, FREE, evoLink, { code });
		expect(failure.message).toBe(`EvoLink ${message} (So it is.)`);
		expect(failure.description).toBe(`${UPLOAD_MESSAGES[code]?.hint} ${NOT_CHARGED}`);
		expect(httpError(status, CREATE, evoLink, { code }).message).not.toContain(message);
	});

	it('because two files got one link costs nothing', () => {
		expect(sameUploadLink(evoLink)).toMatchObject({
			message:
				"The node couldn't upload a reference image: EvoLink returned the same link for two different files",
			description: expect.stringMatching(/Reference Image URLs.*You weren't charged\.$/),
			code: 'upload_not_unique',
			charged: 'no',
		});
	});
});

import { type Failure, withCharge } from './failure';
import type { ProviderInfo } from './providerError';

/** An image did not get to the provider: no task was made, and a file costs nothing. */
export function uploadFailure(failure: Failure): Failure {
	return { ...failure, message: `A reference image could not be uploaded: ${failure.message}` };
}

/** Two different files came back under one link: whatever it shows, it is wrong for one of them. */
export function sameUploadLink(provider: ProviderInfo): Failure {
	return {
		message: `A reference image could not be uploaded: ${provider.label} gave two different files the same link`,
		description: withCharge(
			`Use links instead (Reference Image URLs), or run the row again later. ${provider.label}'s support should know.`,
			'no',
		),
		code: 'upload_not_unique',
		type: 'upload_error',
		charged: 'no',
		status: 'failed',
		provider: provider.id,
	};
}

/** The file was there when the row was checked, and is not there any more. */
export function missingFile(provider: ProviderInfo, label: string): Failure {
	return {
		message: `${label} cannot be read any more`,
		description: withCharge('Run the workflow again from the node that makes the file.', 'no'),
		code: 'file_lost',
		type: 'invalid_input',
		charged: 'no',
		status: 'failed',
		provider: provider.id,
	};
}

/** The row's provider cannot be asked: the user has not chosen a credential for it. */
export function missingCredential(provider: ProviderInfo): Failure {
	return {
		message: `No ${provider.label} credential is selected`,
		description: withCharge(
			`Open the node, choose or create a credential for ${provider.label} and run again.`,
			'no',
		),
		code: 'missing_credential',
		type: 'invalid_input',
		charged: 'no',
		status: 'failed',
		provider: provider.id,
	};
}

/** A row that was refused before anything was sent. */
export function invalidRow(messages: readonly string[], provider?: ProviderInfo): Failure {
	return {
		message: messages.join('; '),
		description: withCharge('Correct the row and run again.', 'no'),
		code: 'invalid_row',
		type: 'invalid_input',
		charged: 'no',
		status: 'failed',
		provider: provider?.id,
	};
}

/** Nothing can be sent to what stands in the credential. */
export function badBaseUrl(provider: ProviderInfo, base: string): Failure {
	return {
		...missingCredential(provider),
		message: `The base URL in the ${provider.label} credential is not an address: "${base}"`,
		description: withCharge(
			'Open the credential and correct the Base URL: it begins with https:// and has no spaces or quotes.',
			'no',
		),
		code: 'invalid_base_url',
	};
}

/** n8n does not give the credential out: it was deleted, or encrypted with another key. */
export function unreadableCredential(provider: ProviderInfo, reason: string): Failure {
	return {
		...missingCredential(provider),
		message: `The ${provider.label} credential cannot be read: ${reason}`,
		description: withCharge(
			'Open the node and choose the credential again, or create a new one. If the encryption key of n8n has changed, every credential has to be entered again.',
			'no',
		),
		code: 'credential_unreadable',
	};
}

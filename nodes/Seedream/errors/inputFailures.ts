import { type Failure, withChargeMessage } from './failure';
import type { ProviderInfo } from './providerError';

/** An image didn't reach the provider: no task was created, and uploads are free. */
export function uploadFailure(failure: Failure): Failure {
	return { ...failure, message: `The node couldn't upload a reference image: ${failure.message}` };
}

/** Two different files got one link: whichever file it shows, it's wrong for the other. */
export function sameUploadLink(provider: ProviderInfo): Failure {
	return {
		message: `The node couldn't upload a reference image: ${provider.label} returned the same link for two different files`,
		description: withChargeMessage(
			`Use links in 'Reference Image URLs' instead, or try again later. Report this to ${provider.label}'s support.`,
			'no',
		),
		code: 'upload_not_unique',
		type: 'upload_error',
		charged: 'no',
		status: 'failed',
		provider: provider.id,
	};
}

/** The file existed when the row was checked, but doesn't anymore. */
export function missingFile(provider: ProviderInfo, label: string): Failure {
	return {
		message: `The node can't read ${label} anymore`,
		description: withChargeMessage(
			'Run the workflow again from the node that creates the file.',
			'no',
		),
		code: 'file_lost',
		type: 'invalid_input',
		charged: 'no',
		status: 'failed',
		provider: provider.id,
	};
}

/** The user hasn't selected a credential for the row's provider. */
export function missingCredential(provider: ProviderInfo): Failure {
	return {
		message: `No ${provider.label} credential is selected`,
		description: withChargeMessage(
			`Open the node, select or create a credential for ${provider.label}, then try again.`,
			'no',
		),
		code: 'missing_credential',
		type: 'invalid_input',
		charged: 'no',
		cause: 'credential-invalid',
		status: 'failed',
		provider: provider.id,
	};
}

/** The editor shows the credentials of the other providers only if an expression sets the provider. */
export function missingFallbackCredential(provider: ProviderInfo, { message }: Failure): Failure {
	return {
		...missingCredential(provider),
		message: `'Fall Back To' can't use ${provider.label}: ${message}`,
		description: withChargeMessage(
			`Open the node and switch 'Provider' to Expression, so that it shows the credentials of all providers. Select one for ${provider.label}, then try again.`,
			'no',
		),
	};
}

/** A row that was rejected before anything was sent. */
export function invalidRow(messages: readonly string[], provider?: ProviderInfo): Failure {
	return {
		message: messages.join('. '),
		description: withChargeMessage('Correct the row, then try again.', 'no'),
		code: 'invalid_row',
		type: 'invalid_input',
		charged: 'no',
		status: 'failed',
		provider: provider?.id,
	};
}

/** The credential's base URL isn't a URL. */
export function invalidBaseUrl(provider: ProviderInfo, base: string): Failure {
	return {
		...missingCredential(provider),
		message: `The 'Base URL' in the ${provider.label} credential isn't a valid URL: "${base}"`,
		description: withChargeMessage(
			"Open the credential and correct the 'Base URL'. It starts with https:// and has no spaces or quotes.",
			'no',
		),
		code: 'invalid_base_url',
		cause: 'configuration-invalid',
	};
}

/** n8n can't provide the credential: it was deleted, or encrypted with another key. */
export function unreadableCredential(provider: ProviderInfo, reason: string): Failure {
	return {
		...missingCredential(provider),
		message: `n8n can't read the ${provider.label} credential: ${reason}`,
		description: withChargeMessage(
			"Open the node and select the credential again, or create a new one. If n8n's encryption key has changed, you need to enter every credential again.",
			'no',
		),
		code: 'credential_unreadable',
	};
}

import type { SandboxResponse } from './responses';

/** Object stores, which serve the providers' files, answer in XML. */
export function objectStoreError(status: number, code: string, message: string) {
	return {
		status,
		headers: { 'content-type': 'application/xml' },
		body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
	};
}

export function objectNotFound(): SandboxResponse {
	return objectStoreError(404, 'NoSuchKey', 'The specified key does not exist.');
}

import type { IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';
import { z } from 'zod';

import type { Result } from '../errors/failure';
import { badBaseUrl, missingCredential, unreadableCredential } from '../errors/inputFailures';
import type { FileUpload } from '../images/fileUpload';
import type { Provider } from '../providers/provider';
import { parseJsonExactly } from '../shared/json';
import type { ApiClient, HttpResult } from '../tasks/apiClient';
import { multipart } from './multipart';
import { attempt, throwIfCancelled } from './networkErrors';
import { endOfCall } from './requestTimeout';

const API_TIMEOUT_MS = 60_000;
const UPLOAD_TIMEOUT_MS = 300_000;

export const credentialSchema = z.record(z.unknown());

/** The door to one provider: knows the base URL, and n8n adds the key. */
export async function createApiClient(
	context: IExecuteFunctions,
	provider: Provider,
	itemIndex: number,
): Promise<Result<ApiClient>> {
	const { credential } = provider;
	if (!context.getNode().credentials?.[credential]) {
		return { ok: false, failure: missingCredential(provider) };
	}
	const read = await readCredential(context, provider, itemIndex);
	if (!read.ok) return read;
	const fields = read.value;
	const base = baseUrl(fields, 'baseUrl');
	if (!isAddress(base)) return { ok: false, failure: badBaseUrl(provider, base) };
	const address = (field: FileUpload['baseUrl'], path: string) =>
		`${baseUrl(fields, field)}${path}`;

	const request = async (
		options: IHttpRequestOptions & { timeout: number },
		mustFinish = false,
	): Promise<HttpResult> => {
		throwIfCancelled(context);
		const end = endOfCall(context, options.timeout, mustFinish);
		const result = await attempt(
			async (): Promise<unknown> =>
				await context.helpers.httpRequestWithAuthentication.call(
					withSignal(context, end.signal),
					credential,
					{ ...options, ...FULL_RESPONSE },
				),
			end.signal,
		);
		end.release();
		if (!mustFinish) throwIfCancelled(context);
		if (result.kind === 'networkError') return result;
		const { status, headers, body } = responseSchema.parse(result.response);
		return { kind: 'response', status, headers, body: withoutKey(parsed(body), fields.apiKey) };
	};
	return {
		ok: true,
		value: {
			send: async ({ method, path, body, headers, timeoutMs, mustFinish }) =>
				await request(
					{
						method,
						url: address('baseUrl', path),
						body,
						headers,
						json: true,
						// As text: an id of many digits loses some of them as a number.
						encoding: 'text',
						// A redirected POST becomes a GET; that the address has moved has to be said instead.
						disableFollowRedirect: method === 'POST',
						timeout: timeoutMs ?? API_TIMEOUT_MS,
					},
					mustFinish,
				),
			upload: async (upload) => {
				if (!isAddress(baseUrl(fields, upload.baseUrl))) return NOWHERE;
				return await request({
					method: 'POST',
					url: address(upload.baseUrl, upload.path),
					...multipart(upload),
					encoding: 'text',
					// To be able to follow a redirect, the whole body would be kept in memory.
					disableFollowRedirect: true,
					timeout: UPLOAD_TIMEOUT_MS,
				});
			},
		},
	};
}

/** A credential that is gone, or was encrypted with another key, fails the rows that need it, and no other. */
async function readCredential(
	context: IExecuteFunctions,
	provider: Provider,
	itemIndex: number,
): Promise<Result<Record<string, unknown>>> {
	try {
		const fields = await context.getCredentials(provider.credential, itemIndex);
		return { ok: true, value: credentialSchema.parse(fields) };
	} catch (error) {
		throwIfCancelled(context);
		const reason = error instanceof Error ? error.message : String(error);
		return { ok: false, failure: unreadableCredential(provider, reason) };
	}
}

function baseUrl(fields: Record<string, unknown>, field: FileUpload['baseUrl']): string {
	return String(fields[field] ?? '')
		.trim()
		.replace(/\/+$/, '');
}

/** As n8n would say it of an address that is none. */
const NOWHERE: HttpResult = {
	kind: 'networkError',
	code: 'ERR_INVALID_URL',
	mayHaveArrived: false,
};

/** Whether requests can be sent there at all. */
function isAddress(base: string): boolean {
	return /^https?:\/\/[^\s"'<>]+$/i.test(base) && URL.canParse(base);
}

/** n8n breaks off an authenticated request by the signal of the context it is made in, and by no other. */
function withSignal(context: IExecuteFunctions, signal: AbortSignal): IExecuteFunctions {
	return Object.create(context, { getExecutionCancelSignal: { value: () => signal } });
}

function parsed(body: unknown): unknown {
	return typeof body === 'string' ? (parseJsonExactly(body) ?? body) : body;
}

/** Some providers quote the key in their errors, and errors are shown, saved and logged. */
function withoutKey(body: unknown, apiKey: unknown): unknown {
	const key = String(apiKey ?? '').trim();
	const text = JSON.stringify(body);
	const quoted = JSON.stringify(key).slice(1, -1);
	if (key === '' || !text?.includes(quoted)) return body;
	return JSON.parse(text.replaceAll(quoted, '[API key]'));
}

export const FULL_RESPONSE: Partial<IHttpRequestOptions> = {
	ignoreHttpStatusErrors: true,
	returnFullResponse: true,
	sendCredentialsOnCrossOriginRedirect: false,
};

const responseSchema = z
	.object({ statusCode: z.number(), headers: z.record(z.unknown()).default({}), body: z.unknown() })
	.transform(({ statusCode, headers, body }) => ({
		status: statusCode,
		headers: Object.fromEntries(
			Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
		),
		body,
	}));

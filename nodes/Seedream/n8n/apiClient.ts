import type {
	ICredentialDataDecryptedObject,
	IExecuteFunctions,
	IHttpRequestOptions,
} from 'n8n-workflow';
import { z } from 'zod';

import type { Result } from '../errors/failure';
import { invalidBaseUrl, missingCredential, unreadableCredential } from '../errors/inputFailures';
import type { FileUpload } from '../images/fileUpload';
import type { Provider } from '../providers/provider';
import { signCallbackUrl, type AddCallbackData } from '../request/callbackData';
import { parseJsonExactly } from '../shared/json';
import type { ApiClient, HttpRequest, HttpResult } from '../tasks/apiClient';
import { multipart } from './multipart';
import { attempt, throwIfCancelled } from './networkErrors';
import { nodeOf } from './node';
import { RequestTimeout } from './requestTimeout';

const API_TIMEOUT_MS = 60_000;
const UPLOAD_TIMEOUT_MS = 300_000;

export const credentialSchema = z.record(z.unknown());

/** The key as the credentials send it, without the white space around it. */
export function apiKeyOf({ apiKey }: Record<string, unknown>): string {
	return String(apiKey ?? '').trim();
}

/** Also signs what comes back with a callback, because only it has the API key. */
export interface SigningApiClient extends ApiClient {
	addCallbackData: AddCallbackData;
}

/** An API client for the provider, with the row's credential; n8n adds the API key. */
export async function createApiClient(
	context: IExecuteFunctions,
	provider: Provider,
	itemIndex: number,
): Promise<Result<SigningApiClient>> {
	if (!nodeOf(context).credentials?.[provider.credential]) {
		return { ok: false, failure: missingCredential(provider) };
	}
	const credential = await readCredential(context, provider, itemIndex);
	if (!credential.ok) return credential;
	const base = baseUrl(credential.value, 'baseUrl');
	if (!isWebAddress(base)) return { ok: false, failure: invalidBaseUrl(provider, base) };
	const client = new N8nApiClient(context, provider.credential, credential.value);
	return { ok: true, value: client };
}

class N8nApiClient implements SigningApiClient {
	constructor(
		private readonly context: IExecuteFunctions,
		private readonly credentialType: string,
		private readonly credential: ICredentialDataDecryptedObject,
	) {}

	readonly addCallbackData: AddCallbackData = (url, json) =>
		signCallbackUrl(url, json, apiKeyOf(this.credential));

	async send({
		method,
		path,
		body,
		headers,
		timeoutMs = API_TIMEOUT_MS,
		mustFinish = false,
	}: HttpRequest): Promise<HttpResult> {
		return await this.request(
			{
				method,
				url: `${baseUrl(this.credential, 'baseUrl')}${path}`,
				body,
				headers,
				json: true,
				// As text: parsed as a number, a long ID would lose digits.
				encoding: 'text',
				// A redirected POST would become a GET. The new address has to be reported instead.
				disableFollowRedirect: method === 'POST',
			},
			timeoutMs,
			mustFinish,
		);
	}

	async upload(upload: FileUpload): Promise<HttpResult> {
		const base = baseUrl(this.credential, upload.baseUrl);
		if (!isWebAddress(base)) return INVALID_URL;
		return await this.request(
			{
				method: 'POST',
				url: `${base}${upload.path}`,
				...multipart(upload),
				encoding: 'text',
				// To follow a redirect, the whole body would have to stay in memory.
				disableFollowRedirect: true,
			},
			UPLOAD_TIMEOUT_MS,
		);
	}

	private async request(
		options: IHttpRequestOptions,
		timeoutMs: number,
		mustFinish = false,
	): Promise<HttpResult> {
		const { context, credentialType, credential } = this;
		const result = await exchange(context, { timeoutMs, mustFinish }, async (signal) =>
			context.helpers.httpRequestWithAuthentication.call(
				withSignal(context, signal),
				credentialType,
				{ ...options, timeout: timeoutMs, ...FULL_RESPONSE },
				// Otherwise n8n would read and decrypt it for each request.
				{ credentialsDecrypted: { id: '', name: '', type: credentialType, data: credential } },
			),
		);
		if (result.kind === 'networkError') return result;
		return { ...result, body: withoutApiKey(result.body, apiKeyOf(credential)) };
	}
}

/** What a provider tells everyone; without a credential, at the `baseUrl` that it documents. */
export async function sendWithoutKey(
	context: IExecuteFunctions,
	provider: Provider,
	itemIndex: number,
	{ baseUrl: documented, path, timeoutMs }: { baseUrl: string; path: string; timeoutMs: number },
): Promise<HttpResult> {
	const isSelected = nodeOf(context).credentials?.[provider.credential] !== undefined;
	const credential = isSelected && (await readCredential(context, provider, itemIndex));
	const base = credential && credential.ok ? baseUrl(credential.value, 'baseUrl') : documented;
	if (!isWebAddress(base)) return INVALID_URL;
	return await exchange(context, { timeoutMs }, async (abortSignal) =>
		context.helpers.httpRequest({
			method: 'GET',
			url: `${base}${path}`,
			encoding: 'text',
			timeout: timeoutMs,
			abortSignal,
			...FULL_RESPONSE,
		}),
	);
}

async function exchange(
	context: IExecuteFunctions,
	{ timeoutMs, mustFinish = false }: { timeoutMs: number; mustFinish?: boolean },
	send: (signal: AbortSignal) => Promise<unknown>,
): Promise<HttpResult> {
	throwIfCancelled(context);
	const timeout = new RequestTimeout(context, timeoutMs, mustFinish);
	const result = await attempt(async () => await send(timeout.signal), timeout.signal);
	timeout.release();
	if (!mustFinish) throwIfCancelled(context);
	if (result.kind === 'networkError') return result;
	const { status, headers, body } = responseSchema.parse(result.response);
	return { kind: 'response', status, headers, body: parsed(body) };
}

/** A credential that was deleted, or encrypted with another key, fails only the rows that need it. */
async function readCredential(
	context: IExecuteFunctions,
	provider: Provider,
	itemIndex: number,
): Promise<Result<ICredentialDataDecryptedObject>> {
	try {
		return { ok: true, value: await context.getCredentials(provider.credential, itemIndex) };
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

/** What n8n reports for an invalid URL. */
const INVALID_URL: HttpResult = {
	kind: 'networkError',
	code: 'ERR_INVALID_URL',
	mayHaveArrived: false,
};

function isWebAddress(base: string): boolean {
	return /^https?:\/\/[^\s"'<>]+$/i.test(base) && URL.canParse(base);
}

/** n8n aborts an authenticated request only by the signal of the context that it's made in. */
function withSignal(context: IExecuteFunctions, signal: AbortSignal): IExecuteFunctions {
	return Object.create(context, { getExecutionCancelSignal: { value: () => signal } });
}

function parsed(body: unknown): unknown {
	return typeof body === 'string' ? (parseJsonExactly(body) ?? body) : body;
}

/** Some providers quote the API key in their errors, and errors are shown, saved and logged. */
function withoutApiKey(body: unknown, key: string): unknown {
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
	.object({
		statusCode: z.number(),
		headers: z.object({}).passthrough().default({}),
		body: z.unknown(),
	})
	.transform(({ statusCode, headers, body }) => ({
		status: statusCode,
		headers: Object.fromEntries(
			Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
		),
		body,
	}));

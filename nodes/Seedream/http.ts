import { randomUUID } from 'crypto';
import type { IBinaryData, IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';
import { z } from 'zod';

import { missingCredential, type Result } from './errors';
import type { OpenedLink } from './images/download';
import type { Provider } from './providers/provider';
import { Cancelled, type FileUpload, type GatewayDoor, type HttpAnswer } from './tasks/ports';

const API_TIMEOUT_MS = 60_000;
const UPLOAD_TIMEOUT_MS = 300_000;
/** Without a byte for this long, a download counts as broken off. */
const LINK_TIMEOUT_MS = 60_000;

/** These happen before a request has left, so the gateway cannot have accepted anything. */
const NEVER_LEFT = new Set([
	'ECONNREFUSED',
	'ENOTFOUND',
	'EAI_AGAIN',
	'ENETUNREACH',
	'EHOSTUNREACH',
	'CERT_HAS_EXPIRED',
	'DEPTH_ZERO_SELF_SIGNED_CERT',
	'ERR_TLS_CERT_ALTNAME_INVALID',
	'SELF_SIGNED_CERT_IN_CHAIN',
	'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const credentialSchema = z.record(z.unknown());

/** The door to one gateway: knows the base URL, and n8n adds the key. */
export async function gatewayDoor(
	context: IExecuteFunctions,
	provider: Provider,
	itemIndex: number,
): Promise<Result<GatewayDoor>> {
	const { credential } = provider;
	if (!context.getNode().credentials?.[credential]) {
		return { ok: false, failure: missingCredential(provider) };
	}
	const fields = credentialSchema.parse(await context.getCredentials(credential, itemIndex));
	const address = (field: FileUpload['baseUrl'], path: string) =>
		`${String(fields[field] ?? '')
			.trim()
			.replace(/\/+$/, '')}${path}`;

	const request = async (options: IHttpRequestOptions): Promise<HttpAnswer> => {
		const answer = await attempt(
			async (): Promise<unknown> =>
				await context.helpers.httpRequestWithAuthentication.call(context, credential, {
					...options,
					...FULL_ANSWER,
				}),
		);
		throwIfCancelled(context);
		if (answer.kind === 'noReply') return answer;
		const { status, headers, body } = replySchema.parse(answer.reply);
		return { kind: 'reply', status, headers, body: withoutKey(body, fields.apiKey) };
	};
	return {
		ok: true,
		value: {
			send: async ({ method, path, body, headers }) =>
				await request({
					method,
					url: address('baseUrl', path),
					body,
					headers,
					json: true,
					timeout: API_TIMEOUT_MS,
				}),
			upload: async (upload) =>
				await request({
					method: 'POST',
					url: address(upload.baseUrl, upload.path),
					...multipart(upload),
					// To be able to follow a redirect, the whole body would be kept in memory.
					disableFollowRedirect: true,
					timeout: UPLOAD_TIMEOUT_MS,
				}),
		},
	};
}

/** Some gateways quote the key in their errors, and errors are shown, saved and logged. */
function withoutKey(body: unknown, apiKey: unknown): unknown {
	const key = String(apiKey ?? '').trim();
	const text = JSON.stringify(body);
	const quoted = JSON.stringify(key).slice(1, -1);
	if (key === '' || !text?.includes(quoted)) return body;
	return JSON.parse(text.replaceAll(quoted, '[API key]'));
}

/** A body with the one part `file`, of a length that is known before it is read. */
function multipart({ fileName, mimeType, bytes, content }: FileUpload) {
	const boundary = `seedream-${randomUUID()}`;
	const head = Buffer.from(
		`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${fileName}"\r\nContent-Type: ${mimeType}\r\n\r\n`,
	);
	const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
	return {
		body: content.framed(head, tail),
		headers: {
			'Content-Type': `multipart/form-data; boundary=${boundary}`,
			'Content-Length': head.length + bytes + tail.length,
		},
	};
}

const FULL_ANSWER: Partial<IHttpRequestOptions> = {
	ignoreHttpStatusErrors: true,
	returnFullResponse: true,
	sendCredentialsOnCrossOriginRedirect: false,
};

const replySchema = z
	.object({ statusCode: z.number(), headers: z.record(z.unknown()).default({}), body: z.unknown() })
	.transform(({ statusCode, headers, body }) => ({
		status: statusCode,
		headers: Object.fromEntries(
			Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
		),
		body,
	}));

const lengthSchema = z
	.object({ 'content-length': z.coerce.number() })
	.transform((headers) => headers['content-length'])
	.optional()
	.catch(undefined);

type Body = Exclude<Parameters<IExecuteFunctions['helpers']['prepareBinaryData']>[0], Buffer>;

/** Opens links to finished images. The API key never goes with them. */
export function linkDoor(
	context: IExecuteFunctions,
): (url: string) => Promise<OpenedLink<IBinaryData>> {
	return async (url) => {
		const answer = await attempt(
			async (): Promise<{ statusCode: number; headers: unknown; body: Body }> =>
				await context.helpers.httpRequest({
					method: 'GET',
					url,
					encoding: 'stream',
					timeout: LINK_TIMEOUT_MS,
					abortSignal: context.getExecutionCancelSignal?.(),
					...FULL_ANSWER,
				}),
		);
		throwIfCancelled(context);
		if (answer.kind === 'noReply') return answer;
		const { statusCode, headers, body } = answer.reply;
		return {
			kind: 'opened',
			status: statusCode,
			bytes: lengthSchema.parse(headers),
			body,
			store: async (fileName, { mimeType }) =>
				await context.helpers.prepareBinaryData(body, fileName, mimeType),
			discard: () => body.destroy(),
		};
	};
}

type NoReply = Extract<HttpAnswer, { kind: 'noReply' }>;

async function attempt<T>(
	request: () => Promise<T>,
): Promise<NoReply | { kind: 'reply'; reply: T }> {
	try {
		return { kind: 'reply', reply: await request() };
	} catch (error) {
		const code = networkCode(error);
		return { kind: 'noReply', code, mayHaveArrived: !NEVER_LEFT.has(code) };
	}
}

function throwIfCancelled(context: IExecuteFunctions): void {
	if (context.getExecutionCancelSignal?.()?.aborted) throw new Cancelled();
}

const failureSchema = z.object({
	code: z.string().optional().catch(undefined),
	message: z.string().optional().catch(undefined),
	cause: z.unknown(),
});

/** n8n wraps what the network reports, so the code may stand some causes deep. */
function networkCode(error: unknown): string {
	const parsed = failureSchema.safeParse(error);
	if (!parsed.success) return 'UNKNOWN';
	const { code, cause, message } = parsed.data;
	if (code !== undefined) return code;
	return cause === undefined ? (message ?? 'UNKNOWN') : networkCode(cause);
}

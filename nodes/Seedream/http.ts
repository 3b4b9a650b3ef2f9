import { randomUUID } from 'crypto';
import type { IBinaryData, IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';
import { z } from 'zod';

import { missingCredential, type Result } from './errors';
import type { DownloadPorts } from './images/download';
import type { Provider } from './providers/provider';
import { Cancelled, type FileUpload, type GatewayDoor, type HttpAnswer } from './tasks/ports';

const API_TIMEOUT_MS = 60_000;
const UPLOAD_TIMEOUT_MS = 300_000;
/** Without a byte for this long, a download counts as broken off. */
const LINK_TIMEOUT_MS = 30_000;
/** Enough for the largest image on a slow line. */
const DOWNLOAD_TIMEOUT_MS = 600_000;
/** A download that is slower than this after its first half minute is one that never ends. */
const MIN_BYTES_A_SECOND = 2_000;
/** How long the answer to a create is still waited for after a stop. */
const AFTER_STOP_MS = 60_000;

/** These happen before a request has left, so the gateway cannot have accepted anything. */
const NEVER_LEFT = new Set([
	'ECONNREFUSED',
	'ENOTFOUND',
	'EAI_AGAIN',
	'ENETUNREACH',
	'EHOSTUNREACH',
	'CERT_HAS_EXPIRED',
	'CERT_NOT_YET_VALID',
	'CERT_UNTRUSTED',
	'DEPTH_ZERO_SELF_SIGNED_CERT',
	'ERR_SSL_WRONG_VERSION_NUMBER',
	'ERR_TLS_CERT_ALTNAME_INVALID',
	'SELF_SIGNED_CERT_IN_CHAIN',
	'UNABLE_TO_GET_ISSUER_CERT',
	'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
	'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
/** Node.js names the step in which a socket failed; these come before the request. */
const STEPS_BEFORE = new Set(['connect', 'getaddrinfo']);
/** A TLS handshake that fails may have the same code as any connection that breaks. */
const FAILED_HANDSHAKE = /before secure TLS connection|handshake|wrong version number/i;

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

	const request = async (
		options: IHttpRequestOptions & { timeout: number },
		mustFinish = false,
	): Promise<HttpAnswer> => {
		throwIfCancelled(context);
		const end = endOfCall(context, options.timeout, mustFinish);
		const answer = await attempt(
			async (): Promise<unknown> =>
				await context.helpers.httpRequestWithAuthentication.call(
					withSignal(context, end),
					credential,
					{ ...options, ...FULL_ANSWER },
				),
			end,
		);
		if (!mustFinish) throwIfCancelled(context);
		if (answer.kind === 'noReply') return answer;
		const { status, headers, body } = replySchema.parse(answer.reply);
		return { kind: 'reply', status, headers, body: withoutKey(body, fields.apiKey) };
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
						timeout: timeoutMs ?? API_TIMEOUT_MS,
					},
					mustFinish,
				),
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

/**
 * When a call is over, whatever still trickles in: axios itself only ends what is silent. A stop ends it
 * at once, but for a create, whose answer names what was paid.
 */
function endOfCall(context: IExecuteFunctions, ms: number, mustFinish: boolean): AbortSignal {
	const inTime = AbortSignal.timeout(Math.ceil(ms));
	const stop = context.getExecutionCancelSignal?.();
	if (!stop) return inTime;
	if (!mustFinish) return AbortSignal.any([stop, inTime]);
	const afterStop = new AbortController();
	const onStop = () => {
		const grace = AbortSignal.timeout(AFTER_STOP_MS);
		grace.addEventListener('abort', () => afterStop.abort(grace.reason), { once: true });
	};
	stop.addEventListener('abort', onStop, { once: true });
	return AbortSignal.any([afterStop.signal, inTime]);
}

/** n8n breaks off an authenticated request by the signal of the context it is made in, and by no other. */
function withSignal(context: IExecuteFunctions, signal: AbortSignal): IExecuteFunctions {
	return Object.create(context, { getExecutionCancelSignal: { value: () => signal } });
}

/** Some gateways quote the key in their errors, and errors are shown, saved and logged. */
function withoutKey(body: unknown, apiKey: unknown): unknown {
	const key = String(apiKey ?? '').trim();
	const text = JSON.stringify(body);
	const quoted = JSON.stringify(key).slice(1, -1);
	if (key === '' || !text?.includes(quoted)) return body;
	return JSON.parse(text.replaceAll(quoted, '[API key]'));
}

/** A body with the part `file`, of a length that is known before it is read. */
function multipart({ fileName, fields = {}, mimeType, bytes, content }: FileUpload) {
	const boundary = `seedream-${randomUUID()}`;
	const texts = Object.entries(fields).map(
		([name, value]) =>
			`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
	);
	const head = Buffer.from(
		`${texts.join('')}--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${fileName}"\r\nContent-Type: ${mimeType}\r\n\r\n`,
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

const contentSchema = z
	.object({
		'content-length': z.coerce.number().optional().catch(undefined),
		'content-type': z.string().optional().catch(undefined),
	})
	.transform((headers) => ({
		bytes: headers['content-length'],
		contentType: headers['content-type'],
	}));

type Body = Exclude<Parameters<IExecuteFunctions['helpers']['prepareBinaryData']>[0], Buffer>;

/** Some image servers answer 403 to programs that do not look like a browser. */
const BROWSER = 'Mozilla/5.0 (compatible; n8n-nodes-seedream)';

/** Opens links to images. The API key never goes with them. */
export function linkDoor(context: IExecuteFunctions): DownloadPorts<IBinaryData>['open'] {
	return async (url, { asBrowser = false, timeoutMs = DOWNLOAD_TIMEOUT_MS } = {}) => {
		throwIfCancelled(context);
		const end = endOfCall(context, timeoutMs, false);
		const answer = await attempt(
			async (): Promise<{ statusCode: number; headers: object; body: Body }> =>
				await context.helpers.httpRequest({
					method: 'GET',
					url,
					encoding: 'stream',
					timeout: Math.min(LINK_TIMEOUT_MS, timeoutMs),
					abortSignal: end,
					...(asBrowser ? { headers: { 'User-Agent': BROWSER } } : {}),
					...FULL_ANSWER,
				}),
			end,
		);
		throwIfCancelled(context);
		if (answer.kind === 'noReply') return answer;
		const { statusCode, headers, body } = answer.reply;
		// Whoever reads it hears of an error; but it may break off while nobody does.
		body.on('error', () => undefined);
		end.addEventListener('abort', () => body.destroy(new Error(TOO_SLOW)), { once: true });
		return {
			kind: 'opened',
			status: statusCode,
			...contentSchema.parse(headers),
			body,
			store: async (fileName, { mimeType }, see) => {
				const isTooSlow = slowness();
				const seen = body.map((bytes: Uint8Array) => {
					if (isTooSlow(bytes.length)) throw new Error(TOO_SLOW);
					see(bytes);
					return bytes;
				});
				return await context.helpers.prepareBinaryData(seen, fileName, mimeType);
			},
			discard: () => body.destroy(),
		};
	};
}

const TOO_SLOW = 'the transfer is too slow to ever end';

/** Judges a transfer by its pace so far: one that trickles is never silent, and so never times out. */
function slowness(): (bytes: number) => boolean {
	const begun = performance.now();
	let all = 0;
	return (bytes) => {
		all += bytes;
		const ms = performance.now() - begun;
		return ms > LINK_TIMEOUT_MS && (all / ms) * 1000 < MIN_BYTES_A_SECOND;
	};
}

type NoReply = Extract<HttpAnswer, { kind: 'noReply' }>;

/** Ends with `end` at the latest, also where n8n cannot break off its request. */
async function attempt<T>(
	request: () => Promise<T>,
	end: AbortSignal,
): Promise<NoReply | { kind: 'reply'; reply: T }> {
	const over = new Promise<never>((_resolve, reject) => {
		end.addEventListener('abort', () => reject(end.reason), { once: true });
	});
	over.catch(() => undefined);
	try {
		return { kind: 'reply', reply: await Promise.race([request(), over]) };
	} catch (error) {
		if (end.aborted) return { kind: 'noReply', code: 'ETIMEDOUT', mayHaveArrived: true };
		return { kind: 'noReply', ...networkFault(error) };
	}
}

function throwIfCancelled(context: IExecuteFunctions): void {
	if (context.getExecutionCancelSignal?.()?.aborted) throw new Cancelled();
}

const faultSchema = z.object({
	code: z.string().optional().catch(undefined),
	message: z.string().optional().catch(undefined),
	syscall: z.string().optional().catch(undefined),
	cause: z.unknown(),
});

/** n8n wraps what the network reports, so what happened may stand some causes deep. */
function networkFault(error: unknown): { code: string; mayHaveArrived: boolean } {
	const parsed = faultSchema.safeParse(error);
	if (!parsed.success) return { code: 'UNKNOWN', mayHaveArrived: true };
	const { code, cause, message = '', syscall = '' } = parsed.data;
	const inner = cause === undefined ? undefined : networkFault(cause);
	const isBefore =
		NEVER_LEFT.has(code ?? '') || STEPS_BEFORE.has(syscall) || FAILED_HANDSHAKE.test(message);
	return {
		code: code ?? inner?.code ?? (message || 'UNKNOWN'),
		mayHaveArrived: !isBefore && (inner?.mayHaveArrived ?? true),
	};
}

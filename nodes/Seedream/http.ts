import { randomUUID } from 'crypto';
import type { IBinaryData, IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';
import { z } from 'zod';

import { type Result, badBaseUrl, missingCredential, unreadableCredential } from './errors';
import { parseJsonExactly } from './json';
import type { DownloadPorts } from './images/download';
import type { Provider } from './providers/provider';
import { isInternalHost } from './request/hosts';
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

/**
 * These happen before anything is written to the socket, so the provider cannot have accepted anything:
 * addresses and proxies that make no sense, hosts that are not there, TLS that is not agreed.
 */
const NEVER_LEFT =
	/^(ECONNREFUSED|ENOTFOUND|EAI_|ENETUNREACH|ENETDOWN|EHOST|EADDR|EACCES|EPERM|EPROTO|ENOENT|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|ERR_TLS_|ERR_SSL_|ERR_INVALID_|ERR_UNESCAPED_|ERR_SOCKET_BAD_PORT|ERR_UNSUPPORTED_|ERR_BAD_OPTION|ERR_PROXY|ERR_NOT_SUPPORT)/;
/** TLS that breaks after it was agreed. */
const BROKEN_TLS = /BAD_RECORD_MAC|DECRYPTION_FAILED|UNEXPECTED_EOF|CLOSE_NOTIFY/;
/** Node.js names the step in which a socket failed; these come before the request. */
const STEPS_BEFORE = new Set(['connect', 'getaddrinfo']);
/** What has no code of its own, or one that any connection that breaks may have. */
const FAILED_BEFORE =
	/before secure TLS connection|handshake|wrong version number|invalid url|unsupported protocol|proxy connection ended|proxy response|tunnel/i;

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
	): Promise<HttpAnswer> => {
		throwIfCancelled(context);
		const end = endOfCall(context, options.timeout, mustFinish);
		const answer = await attempt(
			async (): Promise<unknown> =>
				await context.helpers.httpRequestWithAuthentication.call(
					withSignal(context, end.signal),
					credential,
					{ ...options, ...FULL_ANSWER },
				),
			end.signal,
		);
		end.release();
		if (!mustFinish) throwIfCancelled(context);
		if (answer.kind === 'noReply') return answer;
		const { status, headers, body } = replySchema.parse(answer.reply);
		return { kind: 'reply', status, headers, body: withoutKey(parsed(body), fields.apiKey) };
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
const NOWHERE: HttpAnswer = { kind: 'noReply', code: 'ERR_INVALID_URL', mayHaveArrived: false };

/** Whether requests can be sent there at all. */
function isAddress(base: string): boolean {
	return /^https?:\/\/[^\s"'<>]+$/i.test(base) && URL.canParse(base);
}

/**
 * When a call is over, whatever still trickles in: axios itself only ends what is silent. A stop ends it
 * at once, but for a create, whose answer names what was paid.
 */
interface CallEnd {
	signal: AbortSignal;
	/** What may end it. */
	sources: AbortSignal[];
	/** Ends it as well when nothing has come for so long; to be told of everything that comes. */
	inSilence: (mostMs: number) => () => void;
	/** The call has ended by itself. */
	release: () => void;
}

/** Node.js drops a timer together with its signal, as soon as nobody holds that any more. */
const held = new Set<CallEnd>();

function endOfCall(context: IExecuteFunctions, ms: number, mustFinish: boolean): CallEnd {
	const end = new AbortController();
	const over = new AbortController();
	const once = { once: true, signal: over.signal };
	const call: CallEnd = {
		signal: end.signal,
		sources: [],
		inSilence: (mostMs) => {
			let lastHeard = performance.now();
			const listen = (pauseMs: number) => {
				const pause = AbortSignal.timeout(Math.ceil(pauseMs));
				call.sources.push(pause);
				const onEnd = () => {
					const left = lastHeard + mostMs - performance.now();
					if (left > 0) listen(left);
					else end.abort(pause.reason);
				};
				pause.addEventListener('abort', onEnd, once);
			};
			listen(mostMs);
			return () => {
				lastHeard = performance.now();
			};
		},
		release: () => {
			held.delete(call);
			over.abort();
		},
	};
	const endWith = (source: AbortSignal) => {
		call.sources.push(source);
		source.addEventListener('abort', () => end.abort(source.reason), once);
	};
	held.add(call);
	endWith(AbortSignal.timeout(Math.ceil(ms)));
	const stop = context.getExecutionCancelSignal?.();
	if (stop && !mustFinish) endWith(stop);
	if (stop && mustFinish) {
		stop.addEventListener('abort', () => endWith(AbortSignal.timeout(AFTER_STOP_MS)), once);
	}
	return call;
}

/** n8n breaks off an authenticated request by the signal of the context it is made in, and by no other. */
function withSignal(context: IExecuteFunctions, signal: AbortSignal): IExecuteFunctions {
	return Object.create(context, { getExecutionCancelSignal: { value: () => signal } });
}

function parsed(body: unknown): unknown {
	return typeof body === 'string' ? (parseJsonExactly(body) ?? body) : body;
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
		'content-range': z.string().optional().catch(undefined),
	})
	.transform((headers) => ({
		bytes: headers['content-length'],
		contentType: headers['content-type'],
		range: headers['content-range'],
	}));

type Body = Exclude<Parameters<IExecuteFunctions['helpers']['prepareBinaryData']>[0], Buffer>;

/** Some image servers answer 403 to programs that do not look like a browser. */
const BROWSER = 'Mozilla/5.0 (compatible; n8n-nodes-seedream)';

/** Whose links these are, and in which row its credential is looked up. */
interface LinkMaker {
	provider: Provider;
	itemIndex: number;
}

/**
 * Opens links to images. The API key never goes with them. The links of a provider on the internet lead
 * to the internet: its answers are input like any other, and may not have this n8n fetch what only its
 * own network can see. Without a `maker`, the links are the user's.
 */
export function linkDoor(
	context: IExecuteFunctions,
	maker?: LinkMaker,
): DownloadPorts<IBinaryData>['open'] {
	let guard: Promise<boolean> | undefined;
	const mustBePublic = async () => await (guard ??= isOnInternet(context, maker));
	return async (url, { asBrowser = false, timeoutMs = DOWNLOAD_TIMEOUT_MS } = {}) => {
		throwIfCancelled(context);
		const end = endOfCall(context, timeoutMs, false);
		const refusal = (await mustBePublic()) ? internalRefusal : () => undefined;
		const get = async (hop: string): Promise<Reply> =>
			await context.helpers.httpRequest({
				method: 'GET',
				url: hop,
				encoding: 'stream',
				timeout: Math.min(LINK_TIMEOUT_MS, timeoutMs),
				abortSignal: end.signal,
				// Followed here, each step can be looked at before it is taken.
				disableFollowRedirect: true,
				...(asBrowser ? { headers: { 'User-Agent': BROWSER } } : {}),
				...FULL_ANSWER,
			});
		const answer = await attempt(async () => await follow(url, get, refusal), end.signal);
		if (answer.kind === 'noReply' || 'why' in answer.reply) end.release();
		throwIfCancelled(context);
		if (answer.kind === 'noReply') return answer;
		if ('why' in answer.reply) return { kind: 'noReply', code: 'REFUSED', why: answer.reply.why };
		const { statusCode, headers, body } = answer.reply;
		// Whoever reads it hears of an error; but it may break off while nobody does.
		body.on('error', () => undefined);
		body.on('close', end.release);
		end.signal.addEventListener('abort', () => body.destroy(new Error(TOO_SLOW)), { once: true });
		// axios does so only where it follows redirects itself.
		const heard = end.inSilence(Math.min(LINK_TIMEOUT_MS, timeoutMs));
		return {
			kind: 'opened',
			status: statusCode,
			...contentSchema.parse(headers),
			body,
			store: async (fileName, { mimeType }, see) => {
				const isTooSlow = slowness();
				const seen = body.map((bytes: Uint8Array) => {
					heard();
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

interface Reply {
	statusCode: number;
	headers: object;
	body: Body;
}

const MOST_REDIRECTS = 10;
const locationSchema = z.object({ location: z.string().min(1) });

/** Follows redirects as n8n would, but to no address that `refusal` has something against. */
async function follow(
	link: string,
	get: (url: string) => Promise<Reply>,
	refusal: (url: string) => string | undefined,
): Promise<Reply | { why: string }> {
	let url = link;
	for (let redirects = 0; ; redirects += 1) {
		const why = refusal(url);
		if (why !== undefined) return { why };
		const reply = await get(url);
		const location = locationSchema.safeParse(reply.headers).data?.location;
		if (reply.statusCode < 300 || reply.statusCode > 399 || location === undefined) return reply;
		reply.body.on('error', () => undefined);
		reply.body.destroy();
		if (redirects === MOST_REDIRECTS) return { why: `the link ${link} leads on and on` };
		const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
		if (!next || !/^https?:$/.test(next.protocol)) {
			return { why: `the link ${link} leads to ${location}, which is no address on the web` };
		}
		url = next.href;
	}
}

/**
 * By its host as it is written: a name of the public internet that resolves to an address inside this
 * network is only known by a lookup, which n8n does itself, and may do otherwise than we would.
 */
function internalRefusal(url: string): string | undefined {
	if (!URL.canParse(url) || !isInternalHost(new URL(url).hostname)) return undefined;
	return `the link leads into a private network, although the provider is not in one: ${url}`;
}

/** Of a provider in the own network, such as one behind a gateway of the company, links may be so as well. */
async function isOnInternet(
	context: IExecuteFunctions,
	maker: LinkMaker | undefined,
): Promise<boolean> {
	if (!maker) return false;
	const { credential } = maker.provider;
	const fields = credentialSchema.parse(await context.getCredentials(credential, maker.itemIndex));
	const baseUrl = String(fields.baseUrl ?? '').trim();
	return !URL.canParse(baseUrl) || !isInternalHost(new URL(baseUrl).hostname);
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

/** Of the address, or of a proxy's, that is none, n8n only says so. */
function codeOf(message: string): string {
	return /^invalid url$/i.test(message.trim()) ? 'ERR_INVALID_URL' : message;
}

/** n8n wraps what the network reports, so what happened may stand some causes deep. */
function networkFault(error: unknown): { code: string; mayHaveArrived: boolean } {
	const parsed = faultSchema.safeParse(error);
	if (!parsed.success) return { code: 'UNKNOWN', mayHaveArrived: true };
	const { code, cause, message = '', syscall = '' } = parsed.data;
	const inner = cause === undefined ? undefined : networkFault(cause);
	const isBefore =
		(NEVER_LEFT.test(code ?? '') && !BROKEN_TLS.test(code ?? '')) ||
		STEPS_BEFORE.has(syscall) ||
		FAILED_BEFORE.test(message);
	return {
		code: code ?? inner?.code ?? (codeOf(message) || 'UNKNOWN'),
		mayHaveArrived: !isBefore && (inner?.mayHaveArrived ?? true),
	};
}

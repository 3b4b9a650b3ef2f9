import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import type { Downloader, DownloadStream } from '../images/download';
import type { Provider } from '../providers/provider';
import { isInternalHost } from '../request/hosts';
import { FULL_RESPONSE, credentialSchema } from './apiClient';
import { attempt, throwIfCancelled } from './networkErrors';
import { RequestTimeout } from './requestTimeout';

/** A download that receives nothing for this long has timed out. */
const IDLE_TIMEOUT_MS = 30_000;
/** Enough for the largest image on a slow connection. */
const DOWNLOAD_TIMEOUT_MS = 600_000;
/** A download that is slower than this after its first 30 seconds would never end. */
const MIN_BYTES_PER_SECOND = 2_000;
const MAX_REDIRECTS = 10;

/** Some image servers respond with 403 to programs that don't look like a browser. */
const BROWSER = 'Mozilla/5.0 (compatible; n8n-nodes-seedream)';

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

const locationSchema = z.object({ location: z.string().min(1) });

type Body = Exclude<Parameters<IExecuteFunctions['helpers']['prepareBinaryData']>[0], Buffer>;

interface StreamResponse {
	statusCode: number;
	headers: object;
	body: Body;
}

/** Why a link isn't followed, for people. */
interface Refused {
	reason: string;
}

/** Who gave the links, and the row in which the credential is looked up. */
interface LinkSource {
	provider: Provider;
	itemIndex: number;
}

/**
 * Opens links to images. The API key never goes with them. A provider on the internet can only send
 * us to the internet: its responses are untrusted input, and must not make this n8n fetch what only
 * its own network can reach. Without a `source`, the links are the user's own.
 */
export function createDownloader(
	context: IExecuteFunctions,
	source?: LinkSource,
): Downloader<IBinaryData> {
	let isPublic: Promise<boolean> | undefined;
	return async (url, { asBrowser = false, timeoutMs = DOWNLOAD_TIMEOUT_MS } = {}) => {
		throwIfCancelled(context);
		const timeout = new RequestTimeout(context, timeoutMs);
		const idleMs = Math.min(IDLE_TIMEOUT_MS, timeoutMs);
		isPublic ??= isOnInternet(context, source);
		const refuse = (await isPublic) ? refuseInternalHost : () => undefined;
		const get = async (hop: string): Promise<StreamResponse> =>
			await context.helpers.httpRequest({
				method: 'GET',
				url: hop,
				encoding: 'stream',
				timeout: idleMs,
				abortSignal: timeout.signal,
				// Redirects are followed here, so that each can be checked first.
				disableFollowRedirect: true,
				...(asBrowser ? { headers: { 'User-Agent': BROWSER } } : {}),
				...FULL_RESPONSE,
			});
		const result = await attempt(
			async () => await followRedirects(url, get, refuse),
			timeout.signal,
		);
		const isOpen = result.kind === 'response' && 'body' in result.response;
		if (!isOpen) timeout.release();
		throwIfCancelled(context);
		if (result.kind === 'networkError') return result;
		if ('reason' in result.response) {
			return { kind: 'networkError', code: 'REFUSED', reason: result.response.reason };
		}
		return downloadStream(context, result.response, timeout, idleMs);
	};
}

function downloadStream(
	context: IExecuteFunctions,
	{ statusCode, headers, body }: StreamResponse,
	timeout: RequestTimeout,
	idleMs: number,
): DownloadStream<IBinaryData> {
	// Whoever reads the body gets its errors; but it may also fail while nobody reads it.
	body.on('error', () => undefined);
	body.on('close', () => timeout.release());
	timeout.signal.addEventListener('abort', () => body.destroy(new Error(TOO_SLOW)), { once: true });
	// axios has an idle timeout only where it follows redirects itself.
	const onActivity = timeout.abortWhenIdle(idleMs);
	return {
		kind: 'opened',
		status: statusCode,
		...contentSchema.parse(headers),
		body,
		store: async (fileName, { mimeType }, onBytes) => {
			const isTooSlow = createSpeedCheck();
			const checked = body.map((bytes: Uint8Array) => {
				onActivity();
				if (isTooSlow(bytes.length)) throw new Error(TOO_SLOW);
				onBytes(bytes);
				return bytes;
			});
			return await context.helpers.prepareBinaryData(checked, fileName, mimeType);
		},
		discard: () => body.destroy(),
	};
}

/** Follows redirects as n8n would, except to addresses that `refuse` gives a reason against. */
async function followRedirects(
	link: string,
	get: (url: string) => Promise<StreamResponse>,
	refuse: (url: string) => string | undefined,
): Promise<StreamResponse | Refused> {
	let url = link;
	for (let redirects = 0; ; redirects += 1) {
		const reason = refuse(url);
		if (reason !== undefined) return { reason };
		const response = await get(url);
		if (response.statusCode < 300 || response.statusCode > 399) return response;
		const location = locationSchema.safeParse(response.headers).data?.location;
		if (location === undefined) return response;
		response.body.on('error', () => undefined);
		response.body.destroy();
		if (redirects === MAX_REDIRECTS) return { reason: `the link ${link} redirects too often` };
		const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
		if (!next || !/^https?:$/.test(next.protocol)) {
			return { reason: `the link ${link} redirects to ${location}, which isn't a web address` };
		}
		url = next.href;
	}
}

/**
 * Judged by the host as it's written. Whether a public name resolves to a private address would take
 * a lookup, which n8n does itself, and possibly with another result than ours.
 */
function refuseInternalHost(url: string): string | undefined {
	if (!URL.canParse(url) || !isInternalHost(new URL(url).hostname)) return undefined;
	return `the link leads into a private network, but the provider isn't in one: ${url}`;
}

/** A provider inside a private network, such as behind a company's proxy, may link into it as well. */
async function isOnInternet(
	context: IExecuteFunctions,
	source: LinkSource | undefined,
): Promise<boolean> {
	if (!source) return false;
	const { credential } = source.provider;
	const fields = credentialSchema.parse(await context.getCredentials(credential, source.itemIndex));
	const baseUrl = String(fields.baseUrl ?? '').trim();
	return !URL.canParse(baseUrl) || !isInternalHost(new URL(baseUrl).hostname);
}

const TOO_SLOW = 'the download is too slow to ever finish';

/** By the average speed so far: a download that trickles is never idle, and so never times out. */
function createSpeedCheck(): (bytes: number) => boolean {
	const startedAt = performance.now();
	let total = 0;
	return (bytes) => {
		total += bytes;
		const ms = performance.now() - startedAt;
		return ms > IDLE_TIMEOUT_MS && (total / ms) * 1000 < MIN_BYTES_PER_SECOND;
	};
}

import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import type { DownloadPorts } from '../images/download';
import type { Provider } from '../providers/provider';
import { isInternalHost } from '../request/hosts';
import { FULL_RESPONSE, credentialSchema } from './apiClient';
import { attempt, throwIfCancelled } from './networkErrors';
import { endOfCall } from './requestTimeout';

/** Without a byte for this long, a download counts as broken off. */
const LINK_TIMEOUT_MS = 30_000;

/** Enough for the largest image on a slow line. */
const DOWNLOAD_TIMEOUT_MS = 600_000;

/** A download that is slower than this after its first half minute is one that never ends. */
const MIN_BYTES_A_SECOND = 2_000;

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

/** Some image servers result 403 to programs that do not look like a browser. */
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
export function createDownloader(
	context: IExecuteFunctions,
	maker?: LinkMaker,
): DownloadPorts<IBinaryData>['open'] {
	let guard: Promise<boolean> | undefined;
	const mustBePublic = async () => await (guard ??= isOnInternet(context, maker));
	return async (url, { asBrowser = false, timeoutMs = DOWNLOAD_TIMEOUT_MS } = {}) => {
		throwIfCancelled(context);
		const end = endOfCall(context, timeoutMs, false);
		const rejection = (await mustBePublic()) ? internalRefusal : () => undefined;
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
				...FULL_RESPONSE,
			});
		const result = await attempt(async () => await followRedirects(url, get, rejection), end.signal);
		if (result.kind === 'networkError' || 'why' in result.response) end.release();
		throwIfCancelled(context);
		if (result.kind === 'networkError') return result;
		if ('why' in result.response)
			return { kind: 'networkError', code: 'REFUSED', why: result.response.why };
		const { statusCode, headers, body } = result.response;
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

const MAX_REDIRECTS = 10;

const locationSchema = z.object({ location: z.string().min(1) });

/** Follows redirects as n8n would, but to no address that `refusal` has something against. */
async function followRedirects(
	link: string,
	get: (url: string) => Promise<Reply>,
	rejection: (url: string) => string | undefined,
): Promise<Reply | { why: string }> {
	let url = link;
	for (let redirects = 0; ; redirects += 1) {
		const why = rejection(url);
		if (why !== undefined) return { why };
		const reply = await get(url);
		const location = locationSchema.safeParse(reply.headers).data?.location;
		if (reply.statusCode < 300 || reply.statusCode > 399 || location === undefined) return reply;
		reply.body.on('error', () => undefined);
		reply.body.destroy();
		if (redirects === MAX_REDIRECTS) return { why: `the link ${link} leads on and on` };
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

/** Of a provider in the own network, such as one behind a proxy of the company, links may be so as well. */
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

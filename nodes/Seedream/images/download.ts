import type { Failure } from '../errors/failure';
import { downloadFailure } from '../errors/taskFailures';
import type { Provider } from '../providers/provider';
import type { Clock } from '../shared/clock';
import { IMAGE_FORMATS, imageFormat, type ImageFormat } from './imageFormat';
import { detectTruncation } from './truncation';

/** The response to a link. Exactly one of `store` and `discard` consumes its body. */
export type DownloadStream<Stored> =
	/** `reason`: why the link wasn't followed, as a message for users. */
	| { kind: 'networkError'; code: string; reason?: string }
	| {
			kind: 'opened';
			status: number;
			/** From the response headers. */
			bytes?: number;
			contentType?: string;
			/** Content-Range. */
			range?: string;
			body: NodeJS.ReadableStream & AsyncIterable<Uint8Array>;
			/** Streams the body to n8n's binary data storage; throws if it's interrupted. */
			store: (
				fileName: string,
				format: ImageFormat,
				onBytes: (bytes: Uint8Array) => void,
			) => Promise<Stored>;
			discard: () => void;
	  };

export interface OpenOptions {
	/** Sends a browser's user agent. */
	asBrowser?: boolean;
	/** For the whole download. The downloader has a default. */
	timeoutMs?: number;
}

/** Opens a link without the API key. Network errors are results, never thrown. */
export type Downloader<Stored> = (
	url: string,
	options?: OpenOptions,
) => Promise<DownloadStream<Stored>>;

export interface DownloadTools<Stored> {
	clock: Clock;
	open: Downloader<Stored>;
}

export interface ImageSource {
	provider: Provider;
	taskId: string;
	url: string;
	/** When the link expires, if known. */
	expiresAt?: Date;
	nameFile: (format: ImageFormat) => string;
}

/** `gone`: the link no longer leads to the image. Polling the task may return a new one. */
export type Downloaded<Stored> =
	| { kind: 'stored'; stored: Stored }
	| { kind: 'gone'; failure: Failure }
	| { kind: 'failed'; failure: Failure };

/** Enough to identify an image, and to quote what isn't one. */
const START_LENGTH = 48;
/** Enough to see why a request was denied. */
const ERROR_LENGTH = 512;

const MAX_ATTEMPTS = 5;
const INITIAL_DELAY_MS = 500;

/** Ten times the largest image of a model, uncompressed. */
export const MAX_FILE_BYTES = 200 * 1024 * 1024;

/** Downloads one image. Temporary failures are retried, at the latest at `until`. */
export async function downloadImage<Stored>(
	{ provider, taskId, url, expiresAt, nameFile }: ImageSource,
	until: number,
	{ clock, open }: DownloadTools<Stored>,
): Promise<Downloaded<Stored>> {
	let asBrowser = false;
	for (let attempts = 1; ; attempts += 1) {
		const attempt = await attemptDownload(await open(url, { asBrowser }), url, nameFile);
		if (attempt.kind === 'stored') return attempt;
		const { kind, reason, status = 0 } = attempt;
		const isFresh = (expiresAt?.getTime() ?? 0) > clock.now();
		// The link hasn't expired, so the provider's storage may not have received the file yet.
		const isAwaited = kind === 'absent' && isFresh;
		// Some servers only reject unknown user agents.
		if (isAwaited && DENIED.has(status)) asBrowser = true;
		const isGone = kind === 'gone' || (kind === 'absent' && GONE_WHEN_EXPIRED.has(status));
		const failure = downloadFailure(provider, reason, taskId, isGone || isAwaited);
		if (isGone && !isAwaited) return { kind: 'gone', failure };
		const isRetryable = kind === 'broken' || isAwaited || TEMPORARY.has(status);
		const delay = INITIAL_DELAY_MS * 2 ** (attempts - 1);
		if (!isRetryable || attempts === MAX_ATTEMPTS || clock.now() + delay > until) {
			return { kind: isAwaited ? 'gone' : 'failed', failure };
		}
		await clock.sleep(delay);
	}
}

type Attempt<Stored> =
	| { kind: 'stored'; stored: Stored }
	/** `absent`: no longer there, or not there yet. */
	| { kind: 'gone' | 'absent' | 'broken' | 'final'; reason: string; status?: number };

const GONE = 410;
/** From a link that will work in a moment, or has worked before. */
const ABSENT = new Set([401, 403, 404, 408, 409, 423, 425]);
/** Expired links return 403, deleted files 404. */
const GONE_WHEN_EXPIRED = new Set([403, 404]);
/** However old the link is. */
const TEMPORARY = new Set([408, 409, 423, 425]);
const DENIED = new Set([401, 403]);
/** In the error of an object store. */
const EXPIRED_MESSAGE = /expired/i;

async function attemptDownload<Stored>(
	link: DownloadStream<Stored>,
	url: string,
	nameFile: ImageSource['nameFile'],
): Promise<Attempt<Stored>> {
	if (link.kind === 'networkError') {
		if (link.reason !== undefined) return { kind: 'final', reason: link.reason };
		return { kind: 'broken', reason: `the server didn't respond (${link.code})` };
	}
	const { status, bytes = 0, body, store, discard } = link;
	if (status < 200 || status > 299) return await httpError(link);
	const size = new SizeLimit(url);
	try {
		if (isPartial(link)) {
			discard();
			return { kind: 'broken', reason: 'the link returned only a part of the file' };
		}
		size.check(bytes);
		const start = await firstBytes(body, START_LENGTH);
		const name = imageFormat(start);
		const format = name && IMAGE_FORMATS[name];
		if (format) {
			const truncation = detectTruncation(name);
			const stored = await store(nameFile(format), format, (chunk) => {
				size.add(chunk.length);
				truncation.update(chunk);
			});
			return truncation.isComplete()
				? { kind: 'stored', stored }
				: { kind: 'broken', reason: 'the file is incomplete' };
		}
		discard();
		return { kind: 'broken', reason: `the link returned ${describe(start, link)}` };
	} catch (error) {
		if (size.problem) {
			discard();
			return { kind: 'final', reason: size.problem };
		}
		const reason = error instanceof Error ? error.message : INTERRUPTED;
		return { kind: 'broken', reason };
	}
}

const INTERRUPTED = 'the download was interrupted';

/** Throws as soon as the file is too large to be an image, and sets `problem`. */
class SizeLimit {
	problem?: string;

	private total = 0;

	constructor(private readonly url: string) {}

	check(bytes: number): void {
		if (bytes <= MAX_FILE_BYTES) return;
		this.problem = `the file is larger than 200 MB. You can still download it from ${this.url}`;
		throw new Error(this.problem);
	}

	add(bytes: number): void {
		this.total += bytes;
		this.check(this.total);
	}
}

const CONTENT_RANGE = /^bytes\s+(\d+)-(\d+)\/(\d+|\*)$/i;

/** A server may respond to a request without a range with 206, and send the whole file. */
function isPartial({ status, range }: { status: number; range?: string }): boolean {
	if (status !== 206 || range === undefined) return false;
	const [, from, to, length] = CONTENT_RANGE.exec(range.trim()) ?? [];
	// If the length is unknown, the image itself tells whether it's complete.
	return from !== '0' || (length !== '*' && Number(to) + 1 < Number(length));
}

async function httpError<Stored>(
	link: Extract<DownloadStream<Stored>, { kind: 'opened' }>,
): Promise<Attempt<never>> {
	const { status, body, discard } = link;
	const reason = `the link returned HTTP ${status}`;
	const isAbsent = ABSENT.has(status);
	try {
		if (status === GONE) return { kind: 'gone', reason };
		if (status === 429 || status >= 500) return { kind: 'broken', reason };
		if (status < 400) return { kind: 'final', reason };
		const start = await firstBytes(body, ERROR_LENGTH);
		if (EXPIRED_MESSAGE.test(start.toString('latin1'))) return { kind: 'gone', reason };
		return { kind: isAbsent ? 'absent' : 'final', reason, status };
	} catch {
		return { kind: isAbsent ? 'absent' : 'final', reason, status };
	} finally {
		discard();
	}
}

/** Names the content type and, if it's text, quotes the beginning. */
function describe(start: Buffer, { contentType }: { contentType?: string }): string {
	if (start.length === 0) return 'an empty file instead of an image';
	const type = contentType ?? 'content of an unknown type';
	// The last character may be incomplete.
	const text = start
		.toString('utf8')
		.replace(/\uFFFD$/, '')
		.trim();
	return PRINTABLE.test(text)
		? `${type} instead of an image, starting with "${text}"`
		: `${type} that isn't an image`;
}

const PRINTABLE = /^(?:\s|[^\p{Cc}\uFFFD])+$/u;

/** The beginning of the stream, which is put back so that nothing is missing later. */
async function firstBytes(stream: NodeJS.ReadableStream, maxBytes: number): Promise<Buffer> {
	return await new Promise((resolve, reject) => {
		const finish = (settle: () => void) => {
			stream.removeListener('readable', onReadable);
			stream.removeListener('end', onEnd);
			stream.removeListener('error', onError);
			stream.removeListener('close', onClose);
			settle();
		};
		const onReadable = () => {
			const start = stream.read(maxBytes);
			if (start === null) return;
			const bytes = Buffer.from(start);
			stream.unshift(bytes);
			finish(() => resolve(bytes));
		};
		const onEnd = () => finish(() => resolve(Buffer.alloc(0)));
		const onError = (error: Error) => finish(() => reject(error));
		const onClose = () => finish(() => reject(new Error(INTERRUPTED)));
		stream.on('readable', onReadable);
		stream.on('end', onEnd);
		stream.on('error', onError);
		stream.on('close', onClose);
	});
}

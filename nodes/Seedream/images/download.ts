import type { Failure } from '../errors/failure';
import { downloadFailure } from '../errors/taskFailures';
import type { Provider } from '../providers/provider';
import type { Clock } from '../shared/clock';
import { IMAGE_FORMATS, imageFormat, type ImageFormat } from './imageFormat';
import { detectTruncation } from './truncation';

/** The answer to a link. Its body is read by exactly one of `store` and `discard`. */
export type DownloadStream<Stored> =
	/** `why`: it was not followed, because of where it leads; for people. */
	| { kind: 'networkError'; code: string; why?: string }
	| {
			kind: 'opened';
			status: number;
			/** As the answer announces them. */
			bytes?: number;
			contentType?: string;
			/** Which part of the file it is, where the answer says so (Content-Range). */
			range?: string;
			body: NodeJS.ReadableStream & AsyncIterable<Uint8Array>;
			/** Streams the body to where n8n keeps files, and shows what goes by; throws when it breaks off. */
			store: (
				fileName: string,
				format: ImageFormat,
				see: (bytes: Uint8Array) => void,
			) => Promise<Stored>;
			discard: () => void;
	  };

export interface OpenOptions {
	/** Introduces itself as a browser does. */
	asBrowser?: boolean;
	/** How long the whole transfer may take; the port decides without. */
	timeoutMs?: number;
}

export interface DownloadPorts<Stored> {
	clock: Clock;
	/** Opens the link without the API key; never throws for what the network does. */
	open: (url: string, options?: OpenOptions) => Promise<DownloadStream<Stored>>;
}

export interface ImageSource {
	provider: Provider;
	taskId: string;
	url: string;
	/** When the link expires, where that is known. */
	expiresAt?: Date;
	nameFile: (format: ImageFormat) => string;
}

/** `gone`: the link is no link to the image any more, and a new query may give another. */
export type Downloaded<Stored> =
	| { kind: 'stored'; stored: Stored }
	| { kind: 'gone'; failure: Failure }
	| { kind: 'failed'; failure: Failure };

/** Enough bytes to know an image by, and to quote what came in place of one. */
const START_LENGTH = 48;
/** Enough to find out why a link is refused. */
const WORDS_LENGTH = 512;

const MAX_ATTEMPTS = 5;
const INITIAL_DELAY_MS = 500;

/** No image comes near it: ten times the largest that a model makes, uncompressed. */
export const MAX_FILE_BYTES = 200 * 1024 * 1024;

/** Fetches one finished image. What a moment can mend is tried again, `until` then at the latest. */
export async function downloadImage<Stored>(
	{ provider, taskId, url, expiresAt, nameFile }: ImageSource,
	until: number,
	{ clock, open }: DownloadPorts<Stored>,
): Promise<Downloaded<Stored>> {
	let asBrowser = false;
	for (let tries = 1; ; tries += 1) {
		const attempt = await keep(await open(url, { asBrowser }), url, nameFile);
		if (attempt.kind === 'stored') return attempt;
		const { kind, reason, status = 0 } = attempt;
		const isFresh = (expiresAt?.getTime() ?? 0) > clock.now();
		// A fresh link has not expired: its file may be on its way through the provider's stores yet.
		const isAwaited = kind === 'absent' && isFresh;
		// Some servers only dislike who asks.
		if (isAwaited && DISLIKES.has(status)) asBrowser = true;
		const isGone = kind === 'gone' || (kind === 'absent' && GONE_WHEN_OLD.has(status));
		const failure = downloadFailure(provider, reason, taskId, isGone || isAwaited);
		if (isGone && !isAwaited) return { kind: 'gone', failure };
		const isWorthAnother = kind === 'broken' || isAwaited || MOMENTARY.has(status);
		const pause = INITIAL_DELAY_MS * 2 ** (tries - 1);
		if (!isWorthAnother || tries === MAX_ATTEMPTS || clock.now() + pause > until) {
			return { kind: isAwaited ? 'gone' : 'failed', failure };
		}
		await clock.sleep(pause);
	}
}

type Attempt<Stored> =
	| { kind: 'stored'; stored: Stored }
	/** `absent`: not there, not any more or not yet. */
	| { kind: 'gone' | 'absent' | 'broken' | 'final'; reason: string; status?: number };

const GONE = 410;
/** What a link may answer that works in a moment, or worked before. */
const ABSENT = new Set([401, 403, 404, 408, 409, 423, 425]);
/** Expired links end with 403; 404 says that the file is deleted. */
const GONE_WHEN_OLD = new Set([403, 404]);
/** However old the link is, these pass. */
const MOMENTARY = new Set([408, 409, 423, 425]);
const DISLIKES = new Set([401, 403]);
/** What the object stores behind them write. */
const EXPIRED = /expired/i;

async function keep<Stored>(
	link: DownloadStream<Stored>,
	url: string,
	nameFile: ImageSource['nameFile'],
): Promise<Attempt<Stored>> {
	if (link.kind === 'networkError') {
		if (link.why !== undefined) return { kind: 'final', reason: link.why };
		return { kind: 'broken', reason: `the link does not answer (${link.code})` };
	}
	const { status, bytes: announced, body, store, discard } = link;
	if (status < 200 || status > 299) return await refused(link);
	const size = new SizeWatch(url);
	try {
		if (isPart(link)) {
			discard();
			return { kind: 'broken', reason: 'the link answered with a part of its file' };
		}
		size.announced(announced ?? 0);
		const start = await firstBytes(body, START_LENGTH);
		const name = imageFormat(start);
		const format = name && IMAGE_FORMATS[name];
		if (format) {
			const end = detectTruncation(name);
			const stored = await store(nameFile(format), format, (bytes) => {
				size.see(bytes);
				end.see(bytes);
			});
			return end.isComplete()
				? { kind: 'stored', stored }
				: { kind: 'broken', reason: 'its file breaks off before its end' };
		}
		discard();
		return { kind: 'broken', reason: `the link answered with ${whatCame(start, link)}` };
	} catch (error) {
		if (size.problem) {
			discard();
			return { kind: 'final', reason: size.problem };
		}
		const reason = error instanceof Error ? error.message : 'the transfer broke off';
		return { kind: 'broken', reason };
	}
}

/** Throws as soon as the file is too large to be an image; `problem` says so then. */
class SizeWatch {
	problem?: string;

	private seen = 0;

	constructor(private readonly url: string) {}

	announced(bytes: number): void {
		if (bytes <= MAX_FILE_BYTES) return;
		this.problem = `its file is larger than 200 MB, so it was left where it is: ${this.url}`;
		throw new Error(this.problem);
	}

	see(bytes: Uint8Array): void {
		this.seen += bytes.length;
		this.announced(this.seen);
	}
}

const CONTENT_RANGE = /^bytes\s+(\d+)-(\d+)\/(\d+|\*)$/i;

/** A server may answer a plain request with 206, and all of the file. */
function isPart({ status, range }: { status: number; range?: string }): boolean {
	if (status !== 206 || range === undefined) return false;
	const [, from, to, length] = CONTENT_RANGE.exec(range.trim()) ?? [];
	// Where the length is not known, the image itself tells whether it is whole.
	return from !== '0' || (length !== '*' && Number(to) + 1 < Number(length));
}

async function refused<Stored>(
	link: Extract<DownloadStream<Stored>, { kind: 'opened' }>,
): Promise<Attempt<never>> {
	const { status, body, discard } = link;
	const reason = `the link answered with HTTP ${status}`;
	const isAbsent = ABSENT.has(status);
	try {
		if (status === GONE) return { kind: 'gone', reason };
		if (status === 429 || status >= 500) return { kind: 'broken', reason };
		if (status < 400) return { kind: 'final', reason };
		const start = await firstBytes(body, WORDS_LENGTH);
		if (EXPIRED.test(start.toString('latin1'))) return { kind: 'gone', reason };
		return { kind: isAbsent ? 'absent' : 'final', reason, status };
	} catch {
		return { kind: isAbsent ? 'absent' : 'final', reason, status };
	} finally {
		discard();
	}
}

/** For people who want to find out why: its announced type, and how it begins if that is text. */
function whatCame(start: Buffer, { contentType }: { contentType?: string }): string {
	if (start.length === 0) return 'an empty file instead of an image';
	const type = contentType ?? 'something';
	// The last character may be cut in two.
	const words = start
		.toString('utf8')
		.replace(/\uFFFD$/, '')
		.trim();
	return PRINTABLE.test(words)
		? `${type} instead of an image: it begins "${words}"`
		: `${type} that is not an image`;
}

const PRINTABLE = /^(?:\s|[^\p{Cc}\uFFFD])+$/u;

/** The start of the stream, put back so that the stream stays whole. */
async function firstBytes(stream: NodeJS.ReadableStream, most: number): Promise<Buffer> {
	return await new Promise((resolve, reject) => {
		const finish = (settle: () => void) => {
			stream.removeListener('readable', onReadable);
			stream.removeListener('end', onEnd);
			stream.removeListener('error', onError);
			stream.removeListener('close', onClose);
			settle();
		};
		const onReadable = () => {
			const start = stream.read(most);
			if (start === null) return;
			const bytes = Buffer.from(start);
			stream.unshift(bytes);
			finish(() => resolve(bytes));
		};
		const onEnd = () => finish(() => resolve(Buffer.alloc(0)));
		const onError = (error: Error) => finish(() => reject(error));
		const onClose = () => finish(() => reject(new Error('the transfer broke off')));
		stream.on('readable', onReadable);
		stream.on('end', onEnd);
		stream.on('error', onError);
		stream.on('close', onClose);
	});
}

import { downloadFailure, type Failure } from '../errors';
import type { Provider } from '../providers/provider';
import type { Clock } from '../tasks/ports';
import { IMAGE_FORMATS, imageFormat, type ImageFormat } from './format';
import { watchEnd } from './whole';

/** The answer to a link. Its body is read by exactly one of `store` and `discard`. */
export type OpenedLink<Stored> =
	| { kind: 'noReply'; code: string }
	| {
			kind: 'opened';
			status: number;
			/** As the answer announces them. */
			bytes?: number;
			contentType?: string;
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
	open: (url: string, options?: OpenOptions) => Promise<OpenedLink<Stored>>;
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

const MOST_TRIES = 5;
const FIRST_PAUSE_MS = 500;

/** Fetches one finished image. What a moment can mend is tried again, `until` then at the latest. */
export async function downloadImage<Stored>(
	{ provider, taskId, url, expiresAt, nameFile }: ImageSource,
	until: number,
	{ clock, open }: DownloadPorts<Stored>,
): Promise<Downloaded<Stored>> {
	let forbidden = 0;
	for (let tries = 1; ; tries += 1) {
		const attempt = await keep(await open(url, { asBrowser: forbidden > 0 }), nameFile);
		if (attempt.kind === 'stored') return attempt;
		const { reason } = attempt;
		const isFresh = (expiresAt?.getTime() ?? 0) > clock.now();
		// A fresh link that is forbidden has not expired: some servers only dislike who asks.
		const isDisliked = attempt.kind === 'forbidden' && isFresh;
		if (isDisliked) forbidden += 1;
		const isGone = attempt.kind === 'gone' || (attempt.kind === 'forbidden' && !isFresh);
		const failure = downloadFailure(provider, reason, taskId, isGone);
		if (isGone || forbidden === MOST_FORBIDDEN) return { kind: 'gone', failure };
		const pause = FIRST_PAUSE_MS * 2 ** (tries - 1);
		if (attempt.kind === 'final' || tries === MOST_TRIES || clock.now() + pause > until) {
			return { kind: 'failed', failure };
		}
		await clock.sleep(pause);
	}
}

type Attempt<Stored> =
	| { kind: 'stored'; stored: Stored }
	| { kind: 'gone' | 'forbidden' | 'broken' | 'final'; reason: string };

/** In a row, each time as another client. */
const MOST_FORBIDDEN = 3;

/** Links end with 403; 404 and 410 say that the file is deleted. */
const FORBIDDEN = 403;
const GONE = new Set([404, 410]);
/** What the object stores behind them write. */
const EXPIRED = /expired/i;

async function keep<Stored>(
	link: OpenedLink<Stored>,
	nameFile: ImageSource['nameFile'],
): Promise<Attempt<Stored>> {
	if (link.kind === 'noReply') {
		return { kind: 'broken', reason: `the link does not answer (${link.code})` };
	}
	const { status, body, store, discard } = link;
	if (status !== 200) return await refused(link);
	try {
		const start = await firstBytes(body, START_LENGTH);
		const name = imageFormat(start);
		const format = name && IMAGE_FORMATS[name];
		if (format) {
			const end = watchEnd(name);
			const stored = await store(nameFile(format), format, end.see);
			return end.isWhole()
				? { kind: 'stored', stored }
				: { kind: 'broken', reason: 'its file breaks off before its end' };
		}
		discard();
		return { kind: 'broken', reason: `the link answered with ${whatCame(start, link)}` };
	} catch (error) {
		const reason = error instanceof Error ? error.message : 'the transfer broke off';
		return { kind: 'broken', reason };
	}
}

async function refused<Stored>(
	link: Extract<OpenedLink<Stored>, { kind: 'opened' }>,
): Promise<Attempt<never>> {
	const { status, body, discard } = link;
	const reason = `the link answered with HTTP ${status}`;
	try {
		if (GONE.has(status)) return { kind: 'gone', reason };
		if (status !== FORBIDDEN) {
			return { kind: status === 429 || status >= 500 ? 'broken' : 'final', reason };
		}
		const start = await firstBytes(body, WORDS_LENGTH);
		return { kind: EXPIRED.test(start.toString('latin1')) ? 'gone' : 'forbidden', reason };
	} catch {
		return { kind: 'forbidden', reason };
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

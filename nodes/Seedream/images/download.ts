import { downloadFailure, type Result } from '../errors';
import type { Provider } from '../providers/provider';
import type { Clock } from '../tasks/ports';
import { IMAGE_FORMATS, imageFormat, SIGNATURE_LENGTH, type ImageFormat } from './format';

/** The answer to a link. Its body is read by exactly one of `store` and `discard`. */
export type OpenedLink<Stored> =
	| { kind: 'noReply'; code: string }
	| {
			kind: 'opened';
			status: number;
			/** As the answer announces it. */
			bytes?: number;
			body: NodeJS.ReadableStream & AsyncIterable<Uint8Array>;
			/** Streams the body to where n8n keeps files; throws when it breaks off. */
			store: (fileName: string, format: ImageFormat) => Promise<Stored>;
			discard: () => void;
	  };

export interface DownloadPorts<Stored> {
	clock: Clock;
	/** Opens the link without the API key; never throws for what the network does. */
	open: (url: string) => Promise<OpenedLink<Stored>>;
}

export interface ImageSource {
	provider: Provider;
	taskId: string;
	url: string;
	nameFile: (format: ImageFormat) => string;
}

const MOST_TRIES = 4;
const FIRST_PAUSE_MS = 500;

/** Fetches one finished image. What a moment can mend is tried again. */
export async function downloadImage<Stored>(
	source: ImageSource,
	{ clock, open }: DownloadPorts<Stored>,
): Promise<Result<Stored>> {
	for (let attempt = 1; ; attempt += 1) {
		const download = await keep(await open(source.url), source.nameFile);
		if (download.kind === 'stored') return { ok: true, value: download.stored };
		if (!download.mayHelpLater || attempt === MOST_TRIES) {
			const { provider, taskId } = source;
			return { ok: false, failure: downloadFailure(provider, download.reason, taskId) };
		}
		await clock.sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1));
	}
}

type Download<Stored> =
	{ kind: 'stored'; stored: Stored } | { kind: 'failed'; reason: string; mayHelpLater: boolean };

async function keep<Stored>(
	link: OpenedLink<Stored>,
	nameFile: ImageSource['nameFile'],
): Promise<Download<Stored>> {
	if (link.kind === 'noReply') return failed(`the link does not answer (${link.code})`, true);
	const { status, body, store, discard } = link;
	if (status !== 200) {
		discard();
		return failed(`the link answered with HTTP ${status}`, status === 429 || status >= 500);
	}
	try {
		const name = imageFormat(await firstBytes(body));
		const format = name && IMAGE_FORMATS[name];
		if (format) return { kind: 'stored', stored: await store(nameFile(format), format) };
		discard();
		return failed('the link answered with something that is not an image', false);
	} catch (error) {
		return failed(error instanceof Error ? error.message : 'the transfer broke off', true);
	}
}

function failed(reason: string, mayHelpLater: boolean): Download<never> {
	return { kind: 'failed', reason, mayHelpLater };
}

/** The start of the stream, put back so that the stream stays whole. */
async function firstBytes(stream: NodeJS.ReadableStream): Promise<Buffer> {
	return await new Promise((resolve, reject) => {
		const finish = (settle: () => void) => {
			stream.removeListener('readable', onReadable);
			stream.removeListener('end', onEnd);
			stream.removeListener('error', onError);
			stream.removeListener('close', onClose);
			settle();
		};
		const onReadable = () => {
			const start = stream.read(SIGNATURE_LENGTH);
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

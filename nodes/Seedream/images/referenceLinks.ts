import type { Failure, Result } from '../errors/failure';
import { missingFile, sameUploadLink } from '../errors/inputFailures';
import type { Provider, FileReferences, SendBinaryAs } from '../providers/provider';
import type { Backoff } from '../shared/backoff';
import type { Clock } from '../shared/clock';
import { createLimit } from '../shared/limit';
import type { FileContent, FileUpload } from './fileUpload';
import type { ImageFile } from './imageFile';
import { IMAGE_FORMATS } from './imageFormat';
import type { Reference } from './reference';

/** `until` in milliseconds since 1970; `hash` of the content. */
export interface Upload {
	url: string;
	until: number;
	hash: string;
}

/** Links to files that a provider keeps; survives a second try of the node. */
export interface UploadCache {
	find: (key: string) => Upload | undefined;
	/** What it shows, as a hash. */
	contentOf: (url: string) => string | undefined;
	keep: (key: string, upload: Upload) => void;
}

/** Uploads files to one provider. */
export interface Uploader {
	readonly provider: Provider;
	upload: (upload: FileUpload, read: UploadRoute['readUploaded']) => Promise<Result<string>>;
	/** Whether an upload that failed may be sent again; `hasTriesLeft` counts for what is no overload. */
	mayUploadAgain: (failure: Failure, hasTriesLeft: boolean) => boolean;
}

type UploadRoute = Extract<FileReferences, { kind: 'upload' }>;

const CONCURRENT_UPLOADS = 4;
const MAX_ATTEMPTS = 4;
/** A link that is about to die is not used any more: the task still has to open it. */
const SPARE_MS = 60 * 60 * 1000;

/** Turns references into links that a provider can open. One image used by many rows is uploaded once. */
export class ReferenceLinks {
	private readonly limit = createLimit(CONCURRENT_UPLOADS);

	private readonly pending = new Map<string, Promise<Result<string>>>();

	/** Those of `pending` that have begun. */
	private readonly sending = new Set<Promise<unknown>>();

	/** Links that two different files came back with: they show the wrong one to one of them. */
	private readonly ambiguous = new Set<string>();

	constructor(
		private readonly clock: Clock,
		private readonly backoff: Backoff,
		private readonly cache: UploadCache,
	) {}

	/** The links of a row's references, in their order. */
	async resolve(
		references: readonly Reference[],
		uploader: Uploader,
		sendBinaryAs: SendBinaryAs,
	): Promise<Result<string[]>> {
		const links = await Promise.all(
			references.map(async (one) => await this.linkOf(one, uploader, sendBinaryAs)),
		);
		// The files that are on their way might come back with a link of this row's.
		await Promise.allSettled([...this.sending]);
		const urls: string[] = [];
		for (const link of links) {
			if (!link.ok) return link;
			if (this.ambiguous.has(link.value)) {
				return { ok: false, failure: sameUploadLink(uploader.provider) };
			}
			urls.push(link.value);
		}
		return { ok: true, value: urls };
	}

	private async linkOf(
		reference: Reference,
		uploader: Uploader,
		sendBinaryAs: SendBinaryAs,
	): Promise<Result<string>> {
		if (reference.kind === 'link') return { ok: true, value: reference.url };
		const { file } = reference;
		if (sendBinaryAs === 'dataUri') return await dataUri(file, uploader);
		const { fileReferences } = uploader.provider;
		return fileReferences.kind === 'upload'
			? await this.uploadOnce(file, uploader, fileReferences)
			: { ok: true, value: file.signedLink() ?? '' };
	}

	private async uploadOnce(
		file: ImageFile,
		uploader: Uploader,
		route: UploadRoute,
	): Promise<Result<string>> {
		const key = `${uploader.provider.id}/${file.key}`;
		const cached = this.cache.find(key);
		if (cached && cached.until - SPARE_MS > this.clock.now()) {
			return { ok: true, value: cached.url };
		}
		const upload =
			this.pending.get(key) ??
			this.limit(async () => await this.uploadAndCache(key, file, uploader, route));
		this.pending.set(key, upload);
		return await upload;
	}

	private async uploadAndCache(
		key: string,
		file: ImageFile,
		uploader: Uploader,
		route: UploadRoute,
	): Promise<Result<string>> {
		const { clock, cache } = this;
		const upload = uploadFile(file, uploader, route, clock, this.backoff);
		this.sending.add(upload);
		try {
			const uploaded = await upload;
			if (uploaded.ok) {
				const url = uploaded.value;
				const { hash } = file;
				if ((cache.contentOf(url) ?? hash) !== hash) this.ambiguous.add(url);
				cache.keep(key, { url, until: clock.now() + route.keptHours * 60 * 60 * 1000, hash });
			}
			return uploaded;
		} finally {
			// A failure is not held against the rows that come later.
			this.pending.delete(key);
			this.sending.delete(upload);
		}
	}
}

async function uploadFile(
	file: ImageFile,
	uploader: Uploader,
	{ baseUrl, path, nameField, readUploaded }: UploadRoute,
	clock: Clock,
	backoff: Backoff,
): Promise<Result<string>> {
	const { hash, bytes, measured, mimeType } = file;
	// Under a name that exists already, the provider would replace that file: each content has a name of its own.
	const name = `reference-${hash.slice(0, 32)}`;
	const fileName = measured ? `${name}.${IMAGE_FORMATS[measured.format].extension}` : name;
	const fields = nameField === undefined ? {} : { [nameField]: fileName };
	for (let tries = 1; ;) {
		const content = await openFile(file, uploader);
		if (!content.ok) return content;
		const upload = { baseUrl, path, fileName, fields, mimeType, bytes, content: content.value };
		const uploaded = await sendAndClose(upload, uploader, readUploaded);
		if (uploaded.ok || !uploader.mayUploadAgain(uploaded.failure, tries < MAX_ATTEMPTS))
			return uploaded;
		if (uploaded.failure.isUnavailable) continue;
		await clock.sleep(backoff(tries, uploaded.failure.retryAfterSeconds));
		tries += 1;
	}
}

/** A request that fails early leaves the file unread, and open. */
async function sendAndClose(
	upload: FileUpload,
	uploader: Uploader,
	readUploaded: UploadRoute['readUploaded'],
): Promise<Result<string>> {
	try {
		return await uploader.upload(upload, readUploaded);
	} finally {
		upload.content.discard();
	}
}

async function openFile(file: ImageFile, { provider }: Uploader): Promise<Result<FileContent>> {
	try {
		return { ok: true, value: await file.content() };
	} catch {
		return { ok: false, failure: missingFile(provider, file.label) };
	}
}

async function dataUri(file: ImageFile, { provider }: Uploader): Promise<Result<string>> {
	const chunks: Uint8Array[] = [];
	try {
		for await (const chunk of (await file.content()).chunks) chunks.push(chunk);
	} catch {
		return { ok: false, failure: missingFile(provider, file.label) };
	}
	const content = Buffer.concat(chunks).toString('base64');
	return { ok: true, value: `data:${file.mimeType};base64,${content}` };
}

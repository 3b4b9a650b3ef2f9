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

export interface Upload {
	url: string;
	/** When the provider deletes the file, in milliseconds since 1970. */
	until: number;
	/** Of the content. */
	hash: string;
}

/** Links to uploaded files. It survives a second try of the node. */
export interface UploadCache {
	find: (key: string) => Upload | undefined;
	/** The hash of the content behind a link. */
	contentOf: (url: string) => string | undefined;
	keep: (key: string, upload: Upload) => void;
}

/** Uploads files to one provider. */
export interface Uploader {
	readonly provider: Provider;
	upload: (upload: FileUpload, parse: UploadRoute['parseUploaded']) => Promise<Result<string>>;
	/** Whether a failed upload may be sent again. Being busy doesn't count as an attempt. */
	mayRetryUpload: (failure: Failure, hasAttemptsLeft: boolean) => boolean;
}

type UploadRoute = Extract<FileReferences, { kind: 'upload' }>;

const CONCURRENT_UPLOADS = 4;
const MAX_ATTEMPTS = 4;
/** A link that expires sooner isn't used, because the task still has to open it. */
const MIN_LIFETIME_MS = 60 * 60 * 1000;

/** Turns references into links that the provider can open. An image in several rows is uploaded once. */
export class ReferenceLinks {
	private readonly limit = createLimit(CONCURRENT_UPLOADS);

	private readonly pending = new Map<string, Promise<Result<string>>>();

	/** Those of `pending` that have started. */
	private readonly running = new Set<Promise<unknown>>();

	/** Links that the provider returned for two different files: one of them is wrong. */
	private readonly ambiguous = new Set<string>();

	constructor(
		private readonly clock: Clock,
		private readonly backoff: Backoff,
		private readonly cache: UploadCache,
	) {}

	/** The links to a row's references, in the same order. */
	async resolve(
		references: readonly Reference[],
		uploader: Uploader,
		sendBinaryAs: SendBinaryAs,
	): Promise<Result<string[]>> {
		const links = await Promise.all(
			references.map(async (reference) => await this.linkTo(reference, uploader, sendBinaryAs)),
		);
		// Uploads that are still running may return one of this row's links.
		await Promise.allSettled([...this.running]);
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

	private async linkTo(
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
		if (cached && cached.until - MIN_LIFETIME_MS > this.clock.now()) {
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
		this.running.add(upload);
		try {
			const uploaded = await upload;
			if (uploaded.ok) {
				const url = uploaded.value;
				const { hash } = file;
				if ((cache.contentOf(url) ?? hash) !== hash) this.ambiguous.add(url);
				cache.keep(key, { url, until: clock.now() + route.retentionHours * 60 * 60 * 1000, hash });
			}
			return uploaded;
		} finally {
			// Later rows may try again if this one failed.
			this.pending.delete(key);
			this.running.delete(upload);
		}
	}
}

async function uploadFile(
	file: ImageFile,
	uploader: Uploader,
	{ baseUrl, path, nameField, parseUploaded }: UploadRoute,
	clock: Clock,
	backoff: Backoff,
): Promise<Result<string>> {
	const { hash, bytes, measured, mimeType } = file;
	// The provider would replace an existing file of the same name, so the name depends on the content.
	const name = `reference-${hash.slice(0, 32)}`;
	const fileName = measured ? `${name}.${IMAGE_FORMATS[measured.format].extension}` : name;
	const fields = nameField === undefined ? {} : { [nameField]: fileName };
	for (let attempts = 1; ;) {
		const content = await openFile(file, uploader);
		if (!content.ok) return content;
		const upload = { baseUrl, path, fileName, fields, mimeType, bytes, content: content.value };
		const uploaded = await sendAndClose(upload, uploader, parseUploaded);
		if (uploaded.ok || !uploader.mayRetryUpload(uploaded.failure, attempts < MAX_ATTEMPTS))
			return uploaded;
		if (uploaded.failure.isUnavailable) continue;
		await clock.sleep(backoff(attempts, uploaded.failure.retryAfterSeconds));
		attempts += 1;
	}
}

/** If a request fails early, the file is still open. */
async function sendAndClose(
	upload: FileUpload,
	uploader: Uploader,
	parseUploaded: UploadRoute['parseUploaded'],
): Promise<Result<string>> {
	try {
		return await uploader.upload(upload, parseUploaded);
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

import { lostFile, sameUploadLink, type Result } from '../errors';
import type { FileReferences, Reference, SendBinaryAs } from '../providers/provider';
import type { BackOff } from '../tasks/backOff';
import type { Gateway } from '../tasks/gateway';
import { createLimit } from '../tasks/limit';
import type { Clock, FileContent, FileUpload } from '../tasks/ports';
import { IMAGE_FORMATS } from './format';
import type { ImageFile } from './imageFile';

/** `until` in milliseconds since 1970; `hash` of the content. */
export interface Upload {
	url: string;
	until: number;
	hash: string;
}

/** Links to files that a gateway keeps; survives a second try of the node. */
export interface UploadMemory {
	find: (key: string) => Upload | undefined;
	/** What it shows, as a hash. */
	contentOf: (url: string) => string | undefined;
	keep: (key: string, upload: Upload) => void;
}

/** Turns a row's references into links that its gateway can open, in their order. */
export type LinksOf = (
	references: readonly Reference[],
	gateway: Gateway,
	sendBinaryAs: SendBinaryAs,
) => Promise<Result<string[]>>;

type UploadRoute = Extract<FileReferences, { kind: 'upload' }>;

const CONCURRENT_UPLOADS = 4;
const MOST_TRIES = 4;
/** A link that is about to die is not used any more: the task still has to open it. */
const SPARE_MS = 60 * 60 * 1000;

/** One image used by many rows is uploaded once. */
export function createReferenceLinks(
	clock: Clock,
	backOff: BackOff,
	memory: UploadMemory,
): LinksOf {
	const limit = createLimit(CONCURRENT_UPLOADS);
	const underway = new Map<string, Promise<Result<string>>>();
	/** Those of `underway` that have begun. */
	const sending = new Set<Promise<unknown>>();
	/** Links that two different files came back with: they show the wrong one to one of them. */
	const ambiguous = new Set<string>();

	const uploadOnce = async (
		file: ImageFile,
		gateway: Gateway,
		route: UploadRoute,
	): Promise<Result<string>> => {
		const key = `${gateway.provider.id}/${file.key}`;
		const kept = memory.find(key);
		if (kept && kept.until - SPARE_MS > clock.now()) return { ok: true, value: kept.url };
		const upload =
			underway.get(key) ?? limit(async () => await uploadAndKeep(key, file, gateway, route));
		underway.set(key, upload);
		return await upload;
	};

	const uploadAndKeep = async (
		key: string,
		file: ImageFile,
		gateway: Gateway,
		route: UploadRoute,
	): Promise<Result<string>> => {
		const upload = uploadFile(file, gateway, route, clock, backOff);
		sending.add(upload);
		try {
			const uploaded = await upload;
			if (uploaded.ok) {
				const url = uploaded.value;
				const { hash } = file;
				if ((memory.contentOf(url) ?? hash) !== hash) ambiguous.add(url);
				memory.keep(key, { url, until: clock.now() + route.keptHours * 60 * 60 * 1000, hash });
			}
			return uploaded;
		} finally {
			// A failure is not held against the rows that come later.
			underway.delete(key);
			sending.delete(upload);
		}
	};

	return async (references, gateway, sendBinaryAs) => {
		const links = await Promise.all(
			references.map(async (reference): Promise<Result<string>> => {
				if (reference.kind === 'link') return { ok: true, value: reference.url };
				const { file } = reference;
				if (sendBinaryAs === 'dataUri') return await dataUri(file, gateway);
				const { fileReferences } = gateway.provider;
				return fileReferences.kind === 'upload'
					? await uploadOnce(file, gateway, fileReferences)
					: { ok: true, value: file.signedLink() ?? '' };
			}),
		);
		// The files that are on their way might come back with a link of this row's.
		await Promise.allSettled([...sending]);
		const urls: string[] = [];
		for (const link of links) {
			if (!link.ok) return link;
			if (ambiguous.has(link.value)) {
				return { ok: false, failure: sameUploadLink(gateway.provider) };
			}
			urls.push(link.value);
		}
		return { ok: true, value: urls };
	};
}

async function uploadFile(
	file: ImageFile,
	gateway: Gateway,
	{ baseUrl, path, nameField, readUploaded }: UploadRoute,
	clock: Clock,
	backOff: BackOff,
): Promise<Result<string>> {
	const { hash, bytes, measured, mimeType } = file;
	// Under a name that exists already, the provider would replace that file: each content has a name of its own.
	const name = `reference-${hash.slice(0, 32)}`;
	const fileName = measured ? `${name}.${IMAGE_FORMATS[measured.format].extension}` : name;
	const fields = nameField === undefined ? {} : { [nameField]: fileName };
	for (let tries = 1; ;) {
		const content = await openFile(file, gateway);
		if (!content.ok) return content;
		const upload = { baseUrl, path, fileName, fields, mimeType, bytes, content: content.value };
		const uploaded = await sendAndClose(upload, gateway, readUploaded);
		if (uploaded.ok || !gateway.mayUploadAgain(uploaded.failure, tries < MOST_TRIES))
			return uploaded;
		if (uploaded.failure.isRefusal) continue;
		await clock.sleep(backOff(tries, uploaded.failure.afterSeconds));
		tries += 1;
	}
}

/** A request that fails early leaves the file unread, and open. */
async function sendAndClose(
	upload: FileUpload,
	gateway: Gateway,
	readUploaded: UploadRoute['readUploaded'],
): Promise<Result<string>> {
	try {
		return await gateway.upload(upload, readUploaded);
	} finally {
		upload.content.discard();
	}
}

async function openFile(file: ImageFile, { provider }: Gateway): Promise<Result<FileContent>> {
	try {
		return { ok: true, value: await file.content() };
	} catch {
		return { ok: false, failure: lostFile(provider, file.label) };
	}
}

async function dataUri(file: ImageFile, { provider }: Gateway): Promise<Result<string>> {
	const chunks: Uint8Array[] = [];
	try {
		for await (const chunk of (await file.content()).chunks) chunks.push(chunk);
	} catch {
		return { ok: false, failure: lostFile(provider, file.label) };
	}
	const content = Buffer.concat(chunks).toString('base64');
	return { ok: true, value: `data:${file.mimeType};base64,${content}` };
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { fileUrl, type FileStore } from '../fileStore';
import { readImageMetadata, type ImageMetadata } from '../imageMetadata';
import { readForm, type FilePart, type MultipartForm } from '../multipart';
import type { RequestPipeline, UploadInfo } from '../requestPipeline';
import type { SandboxResponse } from '../responses';
import type { ProviderName } from '../tasks';
import { isAuthorized, type Provider } from './provider';

/** How a provider accepts files. */
export interface UploadApi {
	/** From the server's root: EvoLink's files have a host of their own. */
	path: string;
	/** As sharp names them. */
	formats: readonly string[];
	maxBytes: number;
	ttlMs: number;
	/** The text field that names a file. An upload with an existing name replaces that file. */
	nameField?: string;
	/** Whether the sandbox's `maxFiles` applies. */
	hasFileLimit: boolean;
	responseBody(file: AcceptedFile): unknown;
	errorResponse(reason: UploadErrorReason, message: string): SandboxResponse;
}

export type UploadErrorReason = 'tooLarge' | 'wrongType' | 'tooManyFiles';

/** What a response to an upload may contain. Times are in milliseconds. */
export interface AcceptedFile {
	id: string;
	url: string;
	/** From the client. */
	fileName: string;
	/** From the form's name field, if the provider reads it. */
	name?: string;
	/** Detected from the bytes. */
	contentType: string;
	bytes: number;
	at: number;
	expiresAt: number;
}

/** A file that a provider accepted. */
export interface Upload extends UploadInfo {
	provider: ProviderName;
	url: string;
	/** From the form's name field, if the provider reads it. */
	name?: string;
	width: number;
	height: number;
	/** Detected from the bytes. */
	format: string;
	/** Milliseconds, by the sandbox's clock. */
	at: number;
}

export interface UploadContext {
	now(): number;
	origin(): string;
	pipeline: RequestPipeline;
	files: FileStore;
	uploads: Upload[];
	maxFiles?: number;
}

/** Empty if the form doesn't name the file. */
type NamedFile = Pick<Upload, 'name'>;

/** EvoLink and APIMart use the same name. */
const FILE_FIELD = 'file';

/** In a scope of their own, because only these routes stream form bodies. */
export function addUploadRoutes(
	app: FastifyInstance,
	providers: readonly Provider[],
	context: UploadContext,
): void {
	app.register(async (scope) => {
		scope.addContentTypeParser(/^multipart\/form-data/i, (_request, _body, done) => done(null));
		for (const provider of providers) {
			const { uploads } = provider;
			if (uploads === undefined) continue;
			const handler = new UploadHandler(provider, uploads, context);
			scope.post(uploads.path, (request, reply) => handler.handle(request, reply));
		}
	});
}

class UploadHandler {
	constructor(
		private readonly provider: Provider,
		private readonly api: UploadApi,
		private readonly context: UploadContext,
	) {}

	/** The form is on the disk before the intercept is called, so the intercept can look at its content. */
	async handle(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
		const { pipeline, files } = this.context;
		const form = await readForm(request.raw, () => files.newPath());
		const info = {
			provider: this.provider.name,
			step: 'upload' as const,
			...(form.parts[0] !== undefined && { upload: uploadInfoOf(form.parts[0]) }),
		};
		try {
			return await pipeline.handle(request, reply, info, () =>
				isAuthorized(this.provider, request) ? this.accept(form) : this.provider.errorResponse(401),
			);
		} finally {
			await Promise.all(form.parts.map(({ path }) => files.deleteUnlessStored(path)));
		}
	}

	private async accept(form: MultipartForm): Promise<SandboxResponse> {
		const { formats, maxBytes, errorResponse } = this.api;
		const [part, ...more] = form.parts;
		if (form.error !== undefined) return this.provider.errorResponse(400, form.error);
		if (part === undefined || more.length > 0 || part.field !== FILE_FIELD) {
			const message = `The form must hold exactly one file, named ${FILE_FIELD}`;
			return this.provider.errorResponse(400, message);
		}
		if (part.bytes > maxBytes) {
			return errorResponse('tooLarge', `The file must not be larger than ${maxBytes} bytes`);
		}
		const image = await readImageMetadata(part.path);
		if (image === undefined || !formats.includes(image.format)) {
			return errorResponse('wrongType', `The file must be an image: ${formats.join(', ')}`);
		}
		const named = this.nameIn(form);
		if (!this.hasSpaceFor(named)) {
			return errorResponse('tooManyFiles', 'The account holds too many files');
		}
		return { status: 200, body: this.store(part, image, named) };
	}

	private nameIn({ fields }: MultipartForm): NamedFile {
		const { nameField } = this.api;
		const name = nameField === undefined ? undefined : fields.get(nameField);
		return name ? { name } : {};
	}

	/** A file that replaces another one doesn't count. */
	private hasSpaceFor({ name }: NamedFile): boolean {
		const { now, files, maxFiles = Infinity } = this.context;
		if (!this.api.hasFileLimit) return true;
		const others = files
			.activeFilesOf(this.provider.name, now())
			.filter((file) => name === undefined || file.name !== name);
		return others.length < maxFiles;
	}

	/** Returns the response's body. */
	private store(
		part: FilePart,
		{ format, width, height }: ImageMetadata,
		named: NamedFile,
	): unknown {
		const { now, origin, files, uploads } = this.context;
		const { name: provider } = this.provider;
		const { path, bytes, fileName } = part;
		const at = now();
		const expiresAt = at + this.api.ttlMs;
		const contentType = `image/${format}`;
		const file = files.store({ path, contentType, bytes, provider, ...named, expiresAt });
		const url = fileUrl(file, origin());
		uploads.push({ provider, url, ...uploadInfoOf(part), ...named, width, height, format, at });
		const { id } = file;
		return this.api.responseBody({
			id,
			url,
			fileName,
			...named,
			contentType,
			bytes,
			at,
			expiresAt,
		});
	}
}

function uploadInfoOf({ fileName, mimeType, bytes, sha256 }: FilePart): UploadInfo {
	return { fileName, mimeType, bytes, sha256 };
}

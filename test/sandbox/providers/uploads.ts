import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { FaultDoor } from '../faults';
import { fileLink, type FileShelf, type ShelvedFile } from '../fileShelf';
import { readImageFacts } from '../imageFacts';
import { readForm, type FilePart, type ReadForm } from '../multipart';
import type { Answer } from '../responses';
import type { ProviderName } from '../tasks';
import type { Provider, UploadService } from './provider';

/** A file a provider took. */
export interface Upload {
	provider: ProviderName;
	url: string;
	/** Name and MIME type as the client gave them; the rest is read in the bytes. */
	fileName: string;
	/** The name that the form gave it, where the provider reads one. */
	name?: string;
	mimeType: string;
	bytes: number;
	sha256: string;
	width: number;
	height: number;
	format: string;
	/** Milliseconds, by the sandbox's clock. */
	at: number;
}

/** Where uploads go. */
export interface Reception {
	now(): number;
	origin(): string;
	door: FaultDoor;
	files: FileShelf;
	uploads: Upload[];
	/** How many files a provider keeps, where it counts them. */
	maxFiles?: number;
}

/** Under which the provider keeps a file; empty where the form gives it none. */
type Named = Pick<Upload, 'name'>;

/** The field both providers name. */
const FIELD = 'file';

/** In a scope of its own: only here a form's body is left to be streamed. */
export function addUploadRoutes(
	app: FastifyInstance,
	providers: readonly Provider[],
	reception: Reception,
): void {
	app.register(async (scope) => {
		scope.addContentTypeParser(/^multipart\/form-data/i, (_request, _body, done) => done(null));
		for (const provider of providers) {
			const { uploads } = provider;
			if (uploads === undefined) continue;
			const counter = new UploadCounter(provider, uploads, reception);
			scope.post(uploads.path, (request, reply) => counter.take(request, reply));
		}
	});
}

/** Takes files in for one provider. */
class UploadCounter {
	constructor(
		private readonly provider: Provider,
		private readonly service: UploadService,
		private readonly reception: Reception,
	) {}

	/** The form is on the disk before a fault is asked for: an intercept may judge by its content. */
	async take(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
		const { door, files } = this.reception;
		const form = await readForm(request.raw, () => files.newPath());
		const arrival = {
			provider: this.provider.name,
			step: 'upload' as const,
			...(form.parts[0] !== undefined && { upload: factsOf(form.parts[0]) }),
		};
		try {
			return await door.serve(request, reply, arrival, () =>
				request.headers.authorization === `Bearer ${this.provider.key}`
					? this.accept(form)
					: this.provider.refusal(401),
			);
		} finally {
			await Promise.all(form.parts.map(({ path }) => files.dropUnshelved(path)));
		}
	}

	private async accept(form: ReadForm): Promise<Answer> {
		const { formats, mostBytes } = this.service;
		const [part, ...more] = form.parts;
		if (form.fault !== undefined) return this.provider.refusal(400, form.fault);
		if (part === undefined || more.length > 0 || part.field !== FIELD) {
			return this.provider.refusal(400, `The form must hold exactly one file, named ${FIELD}`);
		}
		if (part.bytes > mostBytes) {
			return this.service.refusal(
				'tooLarge',
				`The file must not be larger than ${mostBytes} bytes`,
			);
		}
		const image = await readImageFacts(part.path);
		if (image === undefined || !formats.includes(image.format)) {
			return this.service.refusal('wrongType', `The file must be an image: ${formats.join(', ')}`);
		}
		const named = this.nameIn(form);
		if (!this.hasRoomFor(named)) {
			return this.service.refusal('tooManyFiles', 'The account holds too many files');
		}
		return { status: 200, body: this.keep(part, image, named) };
	}

	private nameIn({ fields }: ReadForm): Named {
		const { nameField } = this.service;
		const name = nameField === undefined ? undefined : fields.get(nameField);
		return name ? { name } : {};
	}

	/** One that takes the place of another needs no room. */
	private hasRoomFor({ name }: Named): boolean {
		const { now, files, maxFiles = Infinity } = this.reception;
		if (!this.service.countsFiles) return true;
		const others = files
			.livingOf(this.provider.name, now())
			.filter((file) => name === undefined || file.name !== name);
		return others.length < maxFiles;
	}

	private keep(
		part: FilePart,
		image: { format: string; width: number; height: number },
		named: Named,
	): unknown {
		const { now, origin, files, uploads } = this.reception;
		const at = now();
		const expiresAt = at + this.service.keptMs;
		const file: ShelvedFile = files.shelve({
			path: part.path,
			contentType: `image/${image.format}`,
			bytes: part.bytes,
			provider: this.provider.name,
			...named,
			expiresAt,
		});
		const url = fileLink(file, origin());
		const { format, width, height } = image;
		uploads.push({
			provider: this.provider.name,
			url,
			...factsOf(part),
			...named,
			width,
			height,
			format,
			at,
		});
		return this.service.answer({
			id: file.id,
			url,
			fileName: part.fileName,
			...named,
			contentType: file.contentType,
			bytes: part.bytes,
			at,
			expiresAt,
		});
	}
}

function factsOf({ fileName, mimeType, bytes, sha256 }: FilePart) {
	return { fileName, mimeType, bytes, sha256 };
}

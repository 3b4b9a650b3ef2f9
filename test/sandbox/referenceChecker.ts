import type { FileStore } from './fileStore';
import { resolveImage } from './imageLinks';
import {
	canDecode,
	isComplete,
	isTransparentPng,
	readImageMetadata,
	type ImageMetadata,
	type ImageSource,
} from './imageMetadata';
import type { ImageRenderer } from './imageRenderer';
import type { PixelSize } from './pixelSizes';
import { checkReference, unusableReference, type ReferenceLimits } from './referenceLimits';
import type { ProviderName, TaskFailure, TaskInput, TaskStore } from './tasks';

/** Where the images behind the sandbox's own links come from. */
export interface ReferenceSources {
	now(): number;
	origin(): string;
	tasks: TaskStore;
	files: FileStore;
	renderer: ImageRenderer;
}

/** What a provider found out about a task's references. */
export interface ReferenceCheck {
	failure?: TaskFailure;
	/** The first reference that an image can show. Opened each time, so that none stays in memory. */
	shown?: OpenImage;
	/** Of the first reference, if it's at hand and usable. */
	size?: PixelSize;
}

export type OpenImage = () => Promise<ImageSource>;

/** External images are never downloaded. */
type ReferenceTarget = OpenImage | 'external' | 'missing';

const DATA_URI = /^data:[^,]*;base64,/;

/** Checks references as a provider does when it runs the task. */
export class ReferenceChecker {
	constructor(private readonly sources: ReferenceSources) {}

	/** Returns the first failure, in the order of the references. */
	async check(
		provider: ProviderName,
		{ references, referenceLimits }: Pick<TaskInput, 'references' | 'referenceLimits'>,
	): Promise<ReferenceCheck> {
		const checks = await Promise.all(
			references.map((reference, index) =>
				this.checkOne(provider, referenceLimits, reference, index),
			),
		);
		const failed = checks.find(({ failure }) => failure !== undefined);
		if (failed !== undefined) return failed;
		const shown = checks.find((check) => check.shown !== undefined)?.shown;
		const size = checks[0]?.size;
		return { ...(shown !== undefined && { shown }), ...(size !== undefined && { size }) };
	}

	/** Whether it's a PNG with transparency. Only said of references that are at hand. */
	async isTransparent(reference: string): Promise<boolean | undefined> {
		const target = this.resolve(reference);
		return typeof target === 'string' ? undefined : await isTransparentPng(await target());
	}

	private async checkOne(
		provider: ProviderName,
		limits: ReferenceLimits,
		reference: string,
		index: number,
	): Promise<ReferenceCheck> {
		const target = this.resolve(reference);
		if (target === 'external') return {};
		const field = `image_urls.${index}`;
		if (target === 'missing') {
			const failure = unusableReference(provider, 'nothing is found at its address');
			return { failure: withField(field, failure) };
		}
		const image = await target();
		const metadata = await readImageMetadata(image);
		const failure = await imageFailure(provider, limits, image, metadata);
		if (failure !== undefined) return { failure: withField(field, failure) };
		if (metadata === undefined) return {};
		const { width, height } = metadata;
		return { size: { width, height }, ...(canDecode(metadata) && { shown: target }) };
	}

	private resolve(reference: string): ReferenceTarget {
		if (DATA_URI.test(reference)) {
			return async () => Buffer.from(reference.replace(DATA_URI, ''), 'base64');
		}
		const { origin, pathname } = new URL(reference);
		return origin === this.sources.origin() ? this.resolvePath(pathname) : 'external';
	}

	private resolvePath(path: string): ReferenceTarget {
		const { files, tasks, renderer, now } = this.sources;
		const [, folder, id = '', fileName = ''] = path.split('/');
		if (folder === 'uploads') {
			const file = files.find(id, now());
			return file === undefined ? 'missing' : async () => file.path;
		}
		const task = folder === 'images' ? tasks.find(id) : undefined;
		const image = task === undefined ? 'unknown' : resolveImage(task, fileName, now());
		if (task === undefined || typeof image === 'string') return 'missing';
		return () => renderer.render(task, image.index);
	}
}

async function imageFailure(
	provider: ProviderName,
	limits: ReferenceLimits,
	image: ImageSource,
	metadata: ImageMetadata | undefined,
): Promise<TaskFailure | undefined> {
	if (metadata === undefined) return unusableReference(provider, 'it cannot be read as an image');
	const failure = checkReference(provider, limits, metadata);
	if (failure !== undefined) return failure;
	return (await isComplete(image, metadata))
		? undefined
		: unusableReference(provider, 'its data is damaged');
}

/** Users with several references need to know which one failed. */
function withField(field: string, { code, message }: TaskFailure): TaskFailure {
	return { code, message: `${field}: ${message}` };
}

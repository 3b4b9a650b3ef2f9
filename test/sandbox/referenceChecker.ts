import type { FileStore } from './fileStore';
import { resolveImage } from './imageLinks';
import {
	canDecode,
	isComplete,
	readImageMetadata,
	type ImageMetadata,
	type ImageSource,
} from './imageMetadata';
import type { ImageRenderer } from './imageRenderer';
import { checkReference, unusableReference } from './referenceLimits';
import type { ProviderName, TaskFailure, TaskStore } from './tasks';

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
}

export type OpenImage = () => Promise<ImageSource>;

/** External images are never downloaded. */
type ReferenceTarget = OpenImage | 'external' | 'missing';

const DATA_URI = /^data:[^,]*;base64,/;

/** Checks references as a provider does when it runs the task. */
export class ReferenceChecker {
	constructor(private readonly sources: ReferenceSources) {}

	/** Returns the first failure, in the order of the references. */
	async check(provider: ProviderName, references: readonly string[]): Promise<ReferenceCheck> {
		const checks = await Promise.all(
			references.map((reference, index) => this.checkOne(provider, reference, index)),
		);
		const failed = checks.find(({ failure }) => failure !== undefined);
		return failed ?? checks.find(({ shown }) => shown !== undefined) ?? {};
	}

	private async checkOne(
		provider: ProviderName,
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
		const failure = await imageFailure(provider, image, metadata);
		if (failure !== undefined) return { failure: withField(field, failure) };
		return metadata !== undefined && canDecode(metadata) ? { shown: target } : {};
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
	image: ImageSource,
	metadata: ImageMetadata | undefined,
): Promise<TaskFailure | undefined> {
	if (metadata === undefined) return unusableReference(provider, 'it cannot be read as an image');
	const failure = checkReference(provider, metadata);
	if (failure !== undefined) return failure;
	return (await isComplete(image, metadata))
		? undefined
		: unusableReference(provider, 'its data is damaged');
}

/** Users with several references need to know which one failed. */
function withField(field: string, { code, message }: TaskFailure): TaskFailure {
	return { code, message: `${field}: ${message}` };
}

import type { FileShelf } from './fileShelf';
import {
	isDrawable,
	isComplete,
	readImageFacts,
	type ImageFacts,
	type ImageSource,
} from './imageFacts';
import { imageBehind } from './links';
import type { PictureShelf } from './pictures';
import { judgeReference, unusable } from './references';
import type { ProviderName, TaskFailure, TaskStore } from './tasks';

/** Where the images behind own links are. */
export interface Archive {
	now(): number;
	origin(): string;
	tasks: TaskStore;
	files: FileShelf;
	shelf: Pick<PictureShelf, 'picture'>;
}

/** What a provider saw when it looked at a task's references. */
export interface Sight {
	failure?: TaskFailure;
	/** The first reference that a picture can show. Opened anew each time, so that none is kept in memory. */
	shown?: OpenImage;
}

/** Brings an image for reading. */
export type OpenImage = () => Promise<ImageSource>;

/** `elsewhere` is never fetched; behind `nothing` there is no image, or none any more. */
type Place = OpenImage | 'elsewhere' | 'nothing';

const DATA_URI = /^data:[^,]*;base64,/;

/** Looks at references as a provider does when the task runs. */
export class ReferenceReader {
	constructor(private readonly archive: Archive) {}

	/** The first fault, in the order of the references. */
	async look(provider: ProviderName, references: readonly string[]): Promise<Sight> {
		const looks = await Promise.all(
			references.map((reference, index) => this.lookAt(provider, reference, index)),
		);
		const failed = looks.find(({ failure }) => failure !== undefined);
		return failed ?? looks.find(({ shown }) => shown !== undefined) ?? {};
	}

	/** Of one reference, either a failure or an image to show, or neither. */
	private async lookAt(provider: ProviderName, reference: string, index: number): Promise<Sight> {
		const place = this.find(reference);
		if (place === 'elsewhere') return {};
		const field = `image_urls.${index}`;
		if (place === 'nothing') {
			return { failure: named(field, unusable(provider, 'nothing is found at its address')) };
		}
		const image = await place();
		const facts = await readImageFacts(image);
		const failure = await faultOf(provider, image, facts);
		if (failure !== undefined) return { failure: named(field, failure) };
		return facts !== undefined && isDrawable(facts) ? { shown: place } : {};
	}

	private find(reference: string): Place {
		if (DATA_URI.test(reference)) {
			return async () => Buffer.from(reference.replace(DATA_URI, ''), 'base64');
		}
		const { origin, pathname } = new URL(reference);
		return origin === this.archive.origin() ? this.findByPlace(pathname) : 'elsewhere';
	}

	private findByPlace(path: string): Place {
		const { files, tasks, shelf, now } = this.archive;
		const [, folder, first = '', second = ''] = path.split('/');
		if (folder === 'uploads') {
			const file = files.find(first, now());
			return file === undefined ? 'nothing' : async () => file.path;
		}
		const task = folder === 'images' ? tasks.find(first) : undefined;
		const image = task === undefined ? 'unknown' : imageBehind(task, second, now());
		if (task === undefined || typeof image === 'string') return 'nothing';
		return () => shelf.picture(task, image.index);
	}
}

async function faultOf(
	provider: ProviderName,
	image: ImageSource,
	facts: ImageFacts | undefined,
): Promise<TaskFailure | undefined> {
	if (facts === undefined) return unusable(provider, 'it cannot be read as an image');
	const failure = judgeReference(provider, facts);
	if (failure !== undefined) return failure;
	return (await isComplete(image, facts)) ? undefined : unusable(provider, 'its data is damaged');
}

/** A user with several references wants to know which one. */
function named(field: string, { code, message }: TaskFailure): TaskFailure {
	return { code, message: `${field}: ${message}` };
}

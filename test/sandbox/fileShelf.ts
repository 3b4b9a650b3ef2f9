import { mkdtempSync, writeFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { randomIdPart, type ProviderName } from './tasks';

/** A file that has a link. Times in milliseconds. */
export interface ShelvedFile {
	id: string;
	/** Where it lies on the disk. */
	path: string;
	contentType: string;
	bytes: number;
	/** Whose upload it is; absent for a file that a test put there. */
	provider?: ProviderName;
	/** Under which its provider keeps it: the next upload of that name takes its place, and its link. */
	name?: string;
	/** Absent: until the sandbox closes. */
	expiresAt?: number;
}

const ID_LENGTH = 20;

/** Links with an ending look like those of a real file host. */
const ENDINGS: Record<string, string> = {
	'image/jpeg': '.jpg',
	'image/png': '.png',
	'image/webp': '.webp',
	'image/gif': '.gif',
	'image/bmp': '.bmp',
	'image/tiff': '.tiff',
};

/** Files under links, in a temporary folder that is made with the first one and goes with `close()`. */
export class FileShelf {
	private readonly files = new Map<string, ShelvedFile>();

	/** Also of files whose place another one took: a picture may still show them. */
	private readonly shelvedPaths = new Set<string>();

	private made?: string;

	constructor(private readonly parent: string = tmpdir()) {}

	/** For a file that may become a shelved one. */
	newPath(): string {
		return join(this.folder(), randomIdPart(ID_LENGTH));
	}

	add(bytes: Buffer, contentType: string): ShelvedFile {
		const path = this.newPath();
		writeFileSync(path, bytes);
		return this.shelve({ path, contentType, bytes: bytes.length });
	}

	/** Gives a file that already lies at a `newPath()` its link. */
	shelve(file: Omit<ShelvedFile, 'id'>): ShelvedFile {
		const id =
			this.namesakeOf(file)?.id ?? `${randomIdPart(ID_LENGTH)}${ENDINGS[file.contentType] ?? ''}`;
		const shelved = { ...file, id };
		this.files.set(id, shelved);
		this.shelvedPaths.add(file.path);
		return shelved;
	}

	/** The files of a provider whose links live at that moment. */
	livingOf(provider: ProviderName, at: number): ShelvedFile[] {
		return [...this.files.values()].filter((file) => file.provider === provider && lives(file, at));
	}

	/** Undefined when unknown, or expired at that moment. An expired file stays on the disk for pictures. */
	find(id: string, at: number): ShelvedFile | undefined {
		const file = this.files.get(id);
		return file !== undefined && lives(file, at) ? file : undefined;
	}

	/** Deletes a file unless it was given a link. */
	async dropUnshelved(path: string): Promise<void> {
		if (!this.shelvedPaths.has(path)) await rm(path, { force: true });
	}

	async close(): Promise<void> {
		if (this.made !== undefined) await rm(this.made, { recursive: true, force: true });
	}

	private namesakeOf({ provider, name }: Omit<ShelvedFile, 'id'>): ShelvedFile | undefined {
		if (name === undefined) return undefined;
		return [...this.files.values()].find(
			(file) => file.provider === provider && file.name === name,
		);
	}

	private folder(): string {
		this.made ??= mkdtempSync(join(this.parent, 'seedream-sandbox-'));
		return this.made;
	}
}

function lives({ expiresAt = Infinity }: ShelvedFile, at: number): boolean {
	return at < expiresAt;
}

/** The bytes from `start` up to and without `end`. */
export async function readSlice(path: string, start: number, end: number): Promise<Buffer> {
	const file = await open(path);
	try {
		const slice = Buffer.alloc(end - start);
		const { bytesRead } = await file.read(slice, 0, slice.length, start);
		return slice.subarray(0, bytesRead);
	} finally {
		await file.close();
	}
}

/** The address of a shelved file. */
export function fileLink(file: ShelvedFile, origin: string): string {
	return `${origin}/uploads/${file.id}`;
}

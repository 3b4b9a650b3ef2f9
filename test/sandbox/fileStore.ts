import { mkdtempSync, writeFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { randomIdPart, type ProviderName } from './tasks';

/** A file that has a URL. Times are in milliseconds. */
export interface StoredFile {
	id: string;
	/** On the disk. */
	path: string;
	contentType: string;
	bytes: number;
	/** The provider it was uploaded to; absent for files that a test added. */
	provider?: ProviderName;
	/** The next upload with the same name replaces this file and keeps its URL. */
	name?: string;
	/** Absent: when the sandbox closes. */
	expiresAt?: number;
}

const ID_LENGTH = 20;

/** Real file hosts put extensions into their URLs. */
const EXTENSIONS: Record<string, string> = {
	'image/jpeg': '.jpg',
	'image/png': '.png',
	'image/webp': '.webp',
	'image/gif': '.gif',
	'image/bmp': '.bmp',
	'image/tiff': '.tiff',
	'image/heic': '.heic',
	'image/heif': '.heif',
};

/** Files with URLs, in a temporary folder that is created on first use and deleted by `close()`. */
export class FileStore {
	private readonly files = new Map<string, StoredFile>();

	/** Includes replaced files, which an image may still show. */
	private readonly storedPaths = new Set<string>();

	private folderPath?: string;

	constructor(private readonly parent: string = tmpdir()) {}

	/** A path for a file that may be stored later. */
	newPath(): string {
		return join(this.folder(), randomIdPart(ID_LENGTH));
	}

	add(bytes: Buffer, contentType: string): StoredFile {
		const path = this.newPath();
		writeFileSync(path, bytes);
		return this.store({ path, contentType, bytes: bytes.length });
	}

	/** Gives a URL to a file that was written to a `newPath()`. */
	store(file: Omit<StoredFile, 'id'>): StoredFile {
		const extension = EXTENSIONS[file.contentType] ?? '';
		const id = this.findByName(file)?.id ?? `${randomIdPart(ID_LENGTH)}${extension}`;
		const stored = { ...file, id };
		this.files.set(id, stored);
		this.storedPaths.add(file.path);
		return stored;
	}

	/** A provider's files that haven't expired at that time. */
	activeFilesOf(provider: ProviderName, at: number): StoredFile[] {
		return [...this.files.values()].filter(
			(file) => file.provider === provider && isActive(file, at),
		);
	}

	/** Undefined if the file is unknown or expired at that time. Expired files stay on the disk: an image may show them. */
	find(id: string, at: number): StoredFile | undefined {
		const file = this.files.get(id);
		return file !== undefined && isActive(file, at) ? file : undefined;
	}

	async deleteUnlessStored(path: string): Promise<void> {
		if (!this.storedPaths.has(path)) await rm(path, { force: true });
	}

	async close(): Promise<void> {
		if (this.folderPath !== undefined) await rm(this.folderPath, { recursive: true, force: true });
	}

	private findByName({ provider, name }: Omit<StoredFile, 'id'>): StoredFile | undefined {
		if (name === undefined) return undefined;
		return [...this.files.values()].find(
			(file) => file.provider === provider && file.name === name,
		);
	}

	private folder(): string {
		this.folderPath ??= mkdtempSync(join(this.parent, 'seedream-sandbox-'));
		return this.folderPath;
	}
}

function isActive({ expiresAt = Infinity }: StoredFile, at: number): boolean {
	return at < expiresAt;
}

/** The bytes from `start` up to, but not including, `end`. */
export async function readByteRange(path: string, start: number, end: number): Promise<Buffer> {
	const file = await open(path);
	try {
		const range = Buffer.alloc(end - start);
		const { bytesRead } = await file.read(range, 0, range.length, start);
		return range.subarray(0, bytesRead);
	} finally {
		await file.close();
	}
}

export function fileUrl(file: StoredFile, origin: string): string {
	return `${origin}/uploads/${file.id}`;
}

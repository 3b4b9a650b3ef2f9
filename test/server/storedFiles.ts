import { open } from 'node:fs/promises';
import { join } from 'node:path';

/** Enough to know a file by. */
const BEGINNING_BYTES = 4096;

/** What n8n writes in front of a path in its own store of files. */
const PREFIX = /^filesystem(?:-v2)?:/;

/**
 * The binary data of a single n8n, read from its folder: asked for by HTTP, n8n would take all of it into its own
 * memory, whose size one may want to know.
 */
export class StoredFiles {
	constructor(private readonly userFolder: string) {}

	async look(binaryId: string): Promise<{ bytes: number; beginning: Buffer }> {
		if (!PREFIX.test(binaryId)) throw new Error(`${binaryId} is not in n8n's folder`);
		const path = join(this.userFolder, '.n8n', 'storage', binaryId.replace(PREFIX, ''));
		const file = await open(path);
		try {
			const { size } = await file.stat();
			const { buffer, bytesRead } = await file.read(Buffer.alloc(BEGINNING_BYTES), 0);
			return { bytes: size, beginning: buffer.subarray(0, bytesRead) };
		} finally {
			await file.close();
		}
	}
}

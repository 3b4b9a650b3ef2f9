import { open } from 'node:fs/promises';
import { join } from 'node:path';

/** Enough to identify a file. */
const BEGINNING_BYTES = 4096;

/** n8n's prefix for paths in its own storage. */
const PREFIX = /^filesystem(?:-v2)?:/;

/**
 * n8n's binary data, read from its folder: over HTTP, n8n would load it into its own memory, which may be what's being
 * measured.
 */
export class StoredFiles {
	constructor(private readonly userFolder: string) {}

	async read(binaryId: string): Promise<{ bytes: number; beginning: Buffer }> {
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

import { statfs } from 'node:fs/promises';
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { UserError } from '../../demo/userError';

const APP = 'n8n-nodes-seedream';

/**
 * For large downloads: outside the checkout, so that `npm ci` doesn't delete them and several checkouts share them.
 * `SEEDREAM_CACHE` overrides it.
 */
export function cacheFolder(): string {
	const folder = process.env.SEEDREAM_CACHE ?? join(systemCacheFolder(), APP);
	try {
		mkdirSync(folder, { recursive: true });
	} catch {
		throw new UserError(
			`The folder ${folder}, for what is downloaded, cannot be made. Set SEEDREAM_CACHE to one that can.`,
		);
	}
	return folder;
}

function systemCacheFolder(): string {
	if (process.platform === 'win32') {
		return process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local');
	}
	if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches');
	return process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
}

const GIGABYTE = 1024 ** 3;

/** Fails early instead of after a long download. */
export async function requireSpace(folder: string, gigabytes: number): Promise<void> {
	const { bavail, bsize } = await statfs(folder);
	const free = (bavail * bsize) / GIGABYTE;
	if (free >= gigabytes) return;
	throw new UserError(
		`n8n needs ${gigabytes} GB of free disk space and ${folder} has ${free.toFixed(1)}. Free some, or set SEEDREAM_CACHE to a folder on another disk.`,
	);
}

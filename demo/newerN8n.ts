import { z } from 'zod';

import { npm } from '../test/server/nodeBinary';

const TIMEOUT_MS = 2_000;

const tagsSchema = z.object({ latest: z.string() });

/** The one that npm uses. */
async function npmRegistry(): Promise<string> {
	const { stdout } = await npm(process.cwd(), ['config', 'get', 'registry']);
	return stdout.trim();
}

/** A line about the n8n that is newer than the tested one; undefined if none is, or npm doesn't say. */
export async function newerN8n(
	tested: string,
	registry?: string,
	timeoutMs = TIMEOUT_MS,
): Promise<string | undefined> {
	try {
		const address = registry ?? (await npmRegistry());
		const url = `${address.replace(/\/$/, '')}/-/package/n8n/dist-tags`;
		const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
		const { latest } = tagsSchema.parse(await response.json());
		if (latest.localeCompare(tested, 'en', { numeric: true }) <= 0) return undefined;
		return `n8n ${latest} is available. The newest version these nodes are tested on is ${tested}.`;
	} catch {
		return undefined;
	}
}

import { z } from 'zod';

const TIMEOUT_MS = 2_000;

/** `npm run` passes on which one npm uses, unless it's npm's own. */
const REGISTRY = process.env.npm_config_registry ?? 'https://registry.npmjs.org/';

const tagsSchema = z.object({ latest: z.string() });

/** A line about the n8n that is newer than the tested one; undefined if none is, or npm doesn't say. */
export async function newerN8n(
	tested: string,
	registry = REGISTRY,
	timeoutMs = TIMEOUT_MS,
): Promise<string | undefined> {
	try {
		const url = `${registry.replace(/\/$/, '')}/-/package/n8n/dist-tags`;
		const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
		const { latest } = tagsSchema.parse(await response.json());
		if (latest.localeCompare(tested, 'en', { numeric: true }) <= 0) return undefined;
		return `n8n ${latest} is available. The newest version these nodes are tested on is ${tested}.`;
	} catch {
		return undefined;
	}
}

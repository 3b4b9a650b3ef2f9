import type { Model } from '../providers/provider';
import type { ReferenceFileLimits } from '../providers/referenceLimits';
import { createLimit } from '../shared/limit';
import type { DownloadPorts } from './download';
import { fileProblem } from './imageFile';
import { inspectHeader } from './inspectFile';
import type { Reference } from './reference';

const CONCURRENT_LINKS = 10;
/** Of a part (206), a provider that asks without a range gets who knows what. */
const CARRIES_FILE = new Set([200, 201, 203]);
/** For as much of the file as tells its size. */
const CHECK_MS = 30_000;

interface RowReferences {
	model: Model;
	references: readonly Reference[];
}

/** Looks at a row's reference links; a link that many rows use is opened once for each model. */
export function createLinkCheck(
	open: DownloadPorts<unknown>['open'],
): (row: RowReferences) => Promise<string[]> {
	const limit = createLimit(CONCURRENT_LINKS);
	const seen = new Map<string, Promise<string | undefined>>();
	return async ({ model, references }) => {
		const limits = model.limitsAreGuesses ? undefined : model.references.file;
		const problems = await Promise.all(
			references.map(async (reference) => {
				if (reference.kind === 'file' || reference.url.startsWith('data:')) return undefined;
				const { url } = reference;
				const key = `${model.id} ${url}`;
				const look = seen.get(key) ?? limit(async () => await linkProblem(url, limits, open));
				seen.set(key, look);
				const problem = await look;
				return problem && `${url} ${problem}`;
			}),
		);
		return problems.flatMap((problem) => problem ?? []);
	};
}

/**
 * What is wrong with a reference link, by its answer and first bytes; undefined when nothing.
 * Without limits it only has to answer.
 */
export async function linkProblem(
	url: string,
	limits: ReferenceFileLimits | undefined,
	open: DownloadPorts<unknown>['open'],
): Promise<string | undefined> {
	const link = await open(url, { timeoutMs: CHECK_MS });
	if (link.kind === 'networkError') return `cannot be opened (${link.why ?? link.code})`;
	try {
		if (!CARRIES_FILE.has(link.status)) return `answers with HTTP ${link.status}`;
		if (!limits) return undefined;
		const header = await inspectHeader(link.body);
		return fileProblem({ bytes: link.bytes, ...header }, limits);
	} catch {
		return 'cannot be read: the transfer broke off';
	} finally {
		link.discard();
	}
}

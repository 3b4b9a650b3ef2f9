import type { Model } from '../providers/provider';
import type { ReferenceFileLimits } from '../providers/referenceLimits';
import { createLimit } from '../shared/limit';
import type { Downloader } from './download';
import { fileProblem } from './imageFile';
import { inspectHeader } from './inspectFile';
import type { Reference } from './reference';

export const CONCURRENT_LINKS = 10;
/** Not 206: a provider's request without a range may get anything. */
const STATUSES_WITH_FILE = new Set([200, 201, 203]);
/** For the part of the file that has to be read. */
export const CHECK_TIMEOUT_MS = 30_000;

interface RowReferences {
	model: Model;
	references: readonly Reference[];
}

/** Checks a row's reference links. A link in many rows is opened once per model. */
export function createLinkCheck(
	open: Downloader<unknown>,
): (row: RowReferences) => Promise<string[]> {
	const limit = createLimit(CONCURRENT_LINKS);
	const checks = new Map<string, Promise<string | undefined>>();
	return async ({ model, references }) => {
		const limits = model.guesses?.has('referenceFiles') ? undefined : model.references.file;
		const problems = await Promise.all(
			references.map(async (reference) => {
				if (reference.kind === 'file' || reference.url.startsWith('data:')) return undefined;
				const { url } = reference;
				const key = `${model.id} ${url}`;
				const check = checks.get(key) ?? limit(async () => await linkProblem(url, limits, open));
				checks.set(key, check);
				const problem = await check;
				return problem && `${url}, which ${problem}`;
			}),
		);
		return problems.flatMap((problem) => problem ?? []);
	};
}

/**
 * Why a provider couldn't use a reference link, from the response and its first bytes; undefined if it
 * could. Without limits, the link only has to respond.
 */
export async function linkProblem(
	url: string,
	limits: ReferenceFileLimits | undefined,
	open: Downloader<unknown>,
): Promise<string | undefined> {
	const link = await open(url, { timeoutMs: CHECK_TIMEOUT_MS });
	if (link.kind === 'networkError') return `can't be opened (${link.reason ?? link.code})`;
	try {
		if (!STATUSES_WITH_FILE.has(link.status)) return `returned HTTP ${link.status}`;
		if (!limits) return undefined;
		const header = await inspectHeader(link.body);
		return fileProblem({ bytes: link.bytes, ...header }, limits);
	} catch {
		return "can't be read: the download was interrupted";
	} finally {
		link.discard();
	}
}

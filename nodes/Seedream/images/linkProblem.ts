import type { ReferenceFileLimits } from '../providers/provider';
import type { DownloadPorts } from './download';
import { fileProblem } from './imageFile';
import { measureImage } from './measure';

/** What is wrong with a reference link, by its answer and first bytes; undefined when nothing. */
export async function linkProblem(
	url: string,
	limits: ReferenceFileLimits,
	open: DownloadPorts<unknown>['open'],
): Promise<string | undefined> {
	const link = await open(url);
	if (link.kind === 'noReply') return `cannot be opened (${link.code})`;
	try {
		if (link.status !== 200) return `answers with HTTP ${link.status}`;
		const measured = await measureImage(link.body);
		return fileProblem({ bytes: link.bytes, measured }, limits);
	} finally {
		link.discard();
	}
}

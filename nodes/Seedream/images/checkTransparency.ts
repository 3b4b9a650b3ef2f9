import type { Model, ParameterValues } from '../providers/provider';
import { createLimit } from '../shared/limit';
import { CHECK_TIMEOUT_MS, CONCURRENT_LINKS } from './checkLinks';
import type { Downloader } from './download';
import { hasTransparentPixel } from './pngTransparency';
import type { Reference } from './reference';

interface RowBackground {
	model: Model;
	values: ParameterValues;
	references: readonly Reference[];
}

/**
 * Why the model would reject a row's transparent background, as the end of a sentence: its reference
 * has no transparent areas. Each image is read once; links only if the user wants them to be opened.
 */
export function createTransparencyCheck(
	open: Downloader<unknown>,
): (row: RowBackground, checkReferences: boolean) => Promise<string | undefined> {
	const limit = createLimit(CONCURRENT_LINKS);
	const checks = new Map<string, Promise<boolean | undefined>>();
	const isTransparent = async (key: string, check: () => Promise<boolean | undefined>) => {
		const known = checks.get(key) ?? limit(check);
		checks.set(key, known);
		return await known;
	};
	return async ({ model, values, references }, checkReferences) => {
		if (model.guesses?.has('referenceFiles') || values.background !== 'transparent')
			return undefined;
		for (const reference of references) {
			if (reference.kind === 'file') {
				const { file } = reference;
				const found = await isTransparent(file.key, async () => await readFile(reference));
				if (found === false) return opaque(file.label);
			} else if (checkReferences) {
				const { url } = reference;
				const found = await isTransparent(url, async () => await readLink(url, open));
				if (found === false) return opaque(`the image at ${url}`);
			}
		}
		return undefined;
	};
}

function opaque(image: string): string {
	return `is "transparent", but ${image} has no transparent areas, so the model would reject it. Use another reference, or choose "opaque"`;
}

/** Undefined where the file can't be read: sending it says more about that. */
async function readFile({
	file,
}: Extract<Reference, { kind: 'file' }>): Promise<boolean | undefined> {
	try {
		const content = await file.content();
		try {
			return await hasTransparentPixel(content.chunks);
		} finally {
			content.discard();
		}
	} catch {
		return undefined;
	}
}

async function readLink(url: string, open: Downloader<unknown>): Promise<boolean | undefined> {
	const link = await open(url, { timeoutMs: CHECK_TIMEOUT_MS });
	if (link.kind === 'networkError') return undefined;
	try {
		return await hasTransparentPixel(link.body);
	} catch {
		return undefined;
	} finally {
		link.discard();
	}
}

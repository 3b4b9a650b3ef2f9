import { fileProblem } from '../images/imageFile';
import type { Reference } from '../images/reference';
import type { Model, Problem, Provider } from '../providers/provider';
import { pluralize } from '../shared/format';
import { isInternalHost } from './hosts';
import { fieldLabel } from './labels';
import { dataUriProblem, isLink } from './links';
import { unfilledProblem } from './promptProblem';
import { openSharePage } from './sharePages';

/** Where a provider can open links: a provider of one's own network opens those of that network. */
export type Reach = 'internet' | 'network';

/** Everything the model has against the references, each under the field that it came from. */
export function referenceProblems(
	model: Model,
	references: readonly Reference[],
	reach: Reach,
): Problem[] {
	const { label, limitsAreGuesses } = model;
	const { min, max, dataUri } = limitsAreGuesses
		? { min: 0, max: Infinity, dataUri: true }
		: model.references;
	const count = references.length;
	const addIssue = (message: string): Problem[] => [{ field: 'imageUrls', message }];
	if (count < min) return addIssue(`${label} needs at least ${pluralize(min, 'reference image')}`);
	if (count > 0 && max === 0) return addIssue(`${label} takes no reference images`);
	if (count > max) {
		return addIssue(`${count} reference images are more than the ${max} that ${label} takes`);
	}
	return references.flatMap((reference, index) => {
		if (reference.kind === 'file') {
			const problem = limitsAreGuesses
				? undefined
				: fileProblem(reference.file, model.references.file);
			const message = problem ?? (isThereBefore(references, index) ? 'is there twice' : undefined);
			return message === undefined
				? []
				: [{ field: 'imageFields' as const, message: `${reference.file.label} ${message}` }];
		}
		const { url } = reference;
		if (url === '') return addIssue(`entry ${index + 1} of the list is empty`);
		const problem =
			linkProblem(url, { label, dataUri, reach }) ??
			(isThereBefore(references, index) ? 'is there twice' : undefined);
		return problem === undefined ? [] : addIssue(`"${shorten(url)}" ${problem}`);
	});
}

const IN_N8N = `use ${fieldLabel('imageFields')}`;

/** Why the provider cannot get an image from this link, as far as can be seen without asking for it. */
function linkProblem(
	url: string,
	{ label, dataUri, reach }: { label: string; dataUri: boolean; reach: Reach },
): string | undefined {
	if (/^data:/i.test(url)) {
		return dataUri
			? dataUriProblem(url)
			: `is an image written into the request, which ${label} does not take: use a link or ${fieldLabel('imageFields')}`;
	}
	const unfilled = unfilledProblem(readable(url));
	if (unfilled !== undefined) return unfilled;
	if (!isLink(url)) return 'is not a link that starts with http:// or https://';
	const { hostname, pathname } = new URL(url);
	if (reach === 'internet' && isInternalHost(hostname)) {
		return `is in a private network, and no provider can open it: put the image on a public server, or fetch it in n8n and ${IN_N8N}`;
	}
	if (pathname.split('/').includes('undefined')) {
		return 'holds "undefined": a value was not found. Check the expression';
	}
	const opened = openSharePage(url);
	return 'problem' in opened ? opened.problem : undefined;
}

/** A link before it was mended. */
function readable(url: string): string {
	try {
		return decodeURI(url);
	} catch {
		return url;
	}
}

/** Whether one of the links leads into a private network. */
export function hasInternalLink(links: readonly string[]): boolean {
	return links.some((link) => isLink(link) && isInternalHost(new URL(link).hostname));
}

function isThereBefore(references: readonly Reference[], index: number): boolean {
	const keys = references.map((one) => (one.kind === 'link' ? one.url : one.file.key));
	return keys.indexOf(keys[index] ?? '') < index;
}

function shorten(link: string): string {
	return link.length > 60 ? `${link.slice(0, 60)}…` : link;
}

/** Files that cannot be brought to the provider, found out before anything is sent. */
export function unsendableFiles(
	{ label, fileReferences }: Provider,
	references: readonly Reference[],
): Problem[] {
	return references.flatMap((reference) => {
		if (reference.kind === 'link') return [];
		const { file } = reference;
		if (fileReferences.kind === 'signedLink') {
			if (file.signedLink() !== undefined) return [];
			const message = `${label} takes links only, and this n8n has no public HTTPS address under which it could hand out ${file.label}: give this n8n such an address, or put the image on a public server and use ${fieldLabel('imageUrls')}`;
			return [{ field: 'imageFields', message }];
		}
		const { formats } = fileReferences;
		if (!file.measured || formats.includes(file.measured.format)) return [];
		const message = `${file.label} is a ${file.measured.format.toUpperCase()} file, ${label} only takes ${formats.join(', ').toUpperCase()} files from n8n: convert it, or use a link`;
		return [{ field: 'imageFields', message }];
	});
}

import { fileProblem, type ImageFile } from '../images/imageFile';
import type { Reference } from '../images/reference';
import type { Model, Problem, Provider } from '../providers/provider';
import { formatMegabytes, pluralize } from '../shared/format';
import { isInternalHost } from './hosts';
import { fieldLabel } from './labels';
import { dataUriProblem, isLink } from './links';
import { unfilledProblem } from './promptProblem';
import { resolveSharePage } from './sharePages';

/** Where a provider can open links: a provider in a private network can open that network's links. */
export type Reach = 'internet' | 'network';

/** Why the model doesn't accept the references, for the field that each came from. */
export function referenceProblems(
	model: Model,
	references: readonly Reference[],
	reach: Reach,
): Problem[] {
	const { label, guesses } = model;
	const { min, max } = guesses?.has('references') ? { min: 0, max: Infinity } : model.references;
	const dataUri = acceptsAnyFile(model) || model.references.dataUri;
	const count = references.length;
	const linkIssue = (message: string): Problem[] => [{ field: 'imageUrls', message }];
	if (count < min) {
		return linkIssue(`must contain at least ${pluralize(min, 'reference image')} for ${label}`);
	}
	if (count > 0 && max === 0) {
		return linkIssue(`can't be used with ${label}, which doesn't accept reference images`);
	}
	if (count > max) {
		const isLinksOnly = references.every(({ kind }) => kind === 'link');
		const contain = isLinksOnly ? 'contains' : `and '${fieldLabel('imageFields')}' contain`;
		return linkIssue(`${contain} ${count} images, but ${label} accepts at most ${max}`);
	}
	return references.flatMap((reference, index) => {
		if (reference.kind === 'file') {
			const { file } = reference;
			const problem = modelProblem(model, file);
			const message = containsMessage(file.label, problem, isDuplicate(references, index));
			return message === undefined ? [] : [{ field: 'imageFields' as const, message }];
		}
		const { url } = reference;
		if (url === '') return linkIssue(`has no link in entry ${index + 1} of the list`);
		const problem = linkProblem(url, { label, dataUri, reach });
		const message = containsMessage(`"${shorten(url)}"`, problem, isDuplicate(references, index));
		return message === undefined ? [] : linkIssue(message);
	});
}

function acceptsAnyFile({ guesses }: Model): boolean {
	return guesses?.has('referenceFiles') ?? false;
}

/** Why the model doesn't accept the file, however it gets there. */
function modelProblem(model: Model, file: ImageFile): string | undefined {
	return acceptsAnyFile(model) ? undefined : fileProblem(file, model.references.file);
}

function containsMessage(
	image: string,
	problem: string | undefined,
	isRepeated: boolean,
): string | undefined {
	if (problem !== undefined) return `contains ${image}, which ${problem}`;
	return isRepeated ? `contains ${image} twice` : undefined;
}

/** Why the provider can't get an image from this link, as far as the link itself shows. */
function linkProblem(
	url: string,
	{ label, dataUri, reach }: { label: string; dataUri: boolean; reach: Reach },
): string | undefined {
	if (/^data:/i.test(url)) {
		return dataUri
			? dataUriProblem(url)
			: `is a data URI, but ${label} doesn't accept those. Use a link or '${fieldLabel('imageFields')}'`;
	}
	const unfilled = unfilledProblem(decoded(url));
	if (unfilled !== undefined) return unfilled;
	if (!isLink(url)) return "isn't a link that starts with http:// or https://";
	const { hostname, pathname } = new URL(url);
	if (reach === 'internet' && isInternalHost(hostname)) {
		return `is in a private network that the provider can't reach. Put the image on a public server, or download it in n8n and use '${fieldLabel('imageFields')}'`;
	}
	if (pathname.split('/').includes('undefined')) {
		return 'contains "undefined" because a value is missing. Check the expression';
	}
	const resolved = resolveSharePage(url);
	return 'problem' in resolved ? resolved.problem : undefined;
}

/** The link before it was percent-encoded. */
function decoded(url: string): string {
	try {
		return decodeURI(url);
	} catch {
		return url;
	}
}

/** Whether one of the links points into a private network. */
export function hasInternalLink(links: readonly string[]): boolean {
	return links.some((link) => isLink(link) && isInternalHost(new URL(link).hostname));
}

function isDuplicate(references: readonly Reference[], index: number): boolean {
	const keys = references.map((one) => (one.kind === 'link' ? one.url : one.file.key));
	return keys.indexOf(keys[index] ?? '') < index;
}

function shorten(link: string): string {
	return link.length > 60 ? `${link.slice(0, 60)}…` : link;
}

/** Files that can't be sent to the provider, whatever the model accepts. */
export function unsendableFiles(
	{ label, fileReferences }: Provider,
	model: Model,
	references: readonly Reference[],
): Problem[] {
	return references.flatMap((reference) => {
		if (reference.kind === 'link') return [];
		const { file } = reference;
		if (fileReferences.kind === 'signedLink') {
			if (file.signedLink() !== undefined) return [];
			const message = `contains ${file.label}, but ${label} only accepts links, and this n8n has no public HTTPS address that it can serve the file from. Set one up, or put the image on a public server and use '${fieldLabel('imageUrls')}'`;
			return [{ field: 'imageFields', message }];
		}
		if (modelProblem(model, file) !== undefined) return [];
		const { formats, maxBytes } = fileReferences;
		if (file.bytes > maxBytes) {
			const message = `contains ${file.label}, which is ${formatMegabytes(file.bytes)}. ${label} only accepts files of up to ${formatMegabytes(maxBytes)} from n8n: make it smaller, or use a link`;
			return [{ field: 'imageFields', message }];
		}
		if (!file.measured || formats.includes(file.measured.format)) return [];
		const message = `contains ${file.label}, which is a ${file.measured.format.toUpperCase()} file. ${label} only accepts ${formats.join(', ').toUpperCase()} files from n8n: convert it, or use a link`;
		return [{ field: 'imageFields', message }];
	});
}

import { fileProblem } from '../images/imageFile';
import type { Model, Problem, Provider, Reference } from '../providers/provider';
import { plural } from '../words';
import { fieldLabel } from './labels';
import { isDataUri, isLink } from './links';

/** Everything the model has against the references, each under the field that it came from. */
export function referenceProblems(model: Model, references: readonly Reference[]): Problem[] {
	const { label, limitsAreGuesses } = model;
	const { min, max, dataUri } = limitsAreGuesses
		? { min: 0, max: Infinity, dataUri: true }
		: model.references;
	const count = references.length;
	const complain = (message: string): Problem[] => [{ field: 'imageUrls', message }];
	if (count < min) return complain(`${label} needs at least ${plural(min, 'reference image')}`);
	if (count > 0 && max === 0) return complain(`${label} takes no reference images`);
	if (count > max) {
		return complain(`${count} reference images are more than the ${max} that ${label} takes`);
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
		if (url === '') return complain(`entry ${index + 1} of the list is empty`);
		if (!isLink(url) && !(dataUri && isDataUri(url))) {
			return complain(`"${shorten(url)}" is not a link that starts with http:// or https://`);
		}
		return isThereBefore(references, index) ? complain(`"${shorten(url)}" is there twice`) : [];
	});
}

function isThereBefore(references: readonly Reference[], index: number): boolean {
	const keys = references.map((one) => (one.kind === 'link' ? one.url : one.file.key));
	return keys.indexOf(keys[index] ?? '') < index;
}

function shorten(link: string): string {
	return link.length > 60 ? `${link.slice(0, 60)}…` : link;
}

/** Files that cannot be brought to the gateway, found out before anything is sent. */
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

import { plural } from '../words';
import type { Draft, ParameterName, Rule } from './provider';

/** References and finished images share one limit at EvoLink and APIMart (seeds 000, 001, 002, 004). */
export function referencesPlusImages(max: number): Rule {
	return ({ references, values }) => {
		const images = Number(values.imageCount ?? 1);
		if (references.length + images <= max) return undefined;
		return {
			field: 'imageCount',
			message: `${plural(references.length, 'reference image')} and ${plural(images, 'image')} asked for are more than the ${max} this model allows together`,
		};
	};
}

/** `isMeant` tells whether the draft asks for what only works with a reference image. */
export function needsReference(
	field: ParameterName,
	isMeant: (draft: Draft) => boolean,
	reason: string,
): Rule {
	return (draft) =>
		draft.references.length === 0 && isMeant(draft) ? { field, message: reason } : undefined;
}

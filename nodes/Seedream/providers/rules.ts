import { pluralize } from '../shared/format';
import type { Draft, ParameterName, Rule } from './provider';

/** References and finished images share one limit at EvoLink and APIMart (seeds 000, 001, 002, 004). */
export function referencesPlusImages(max: number): Rule {
	return ({ referenceCount, values }) => {
		const images = Number(values.imageCount ?? 1);
		if (referenceCount + images <= max) return undefined;
		return {
			field: 'imageCount',
			message: `${pluralize(referenceCount, 'reference image')} and ${pluralize(images, 'image')} asked for are more than the ${max} this model allows together`,
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
		draft.referenceCount === 0 && isMeant(draft) ? { field, message: reason } : undefined;
}

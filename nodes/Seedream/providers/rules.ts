import { pluralize } from '../shared/format';
import type { Draft, ParameterName, Rule } from './provider';

/** EvoLink and APIMart limit references and images together (docs.evolink.ai, docs.apimart.ai). */
export function referencesPlusImages(max: number): Rule {
	return ({ referenceCount, values }) => {
		const images = Number(values.imageCount ?? 1);
		if (referenceCount + images <= max) return undefined;
		return {
			field: 'imageCount',
			message: `is ${images}, but with ${pluralize(referenceCount, 'reference image')} this model makes at most ${max - referenceCount}`,
		};
	};
}

/** For a setting that only works with a reference image; `isUsed` says whether the row uses it. */
export function needsReference(
	field: ParameterName,
	isUsed: (draft: Draft) => boolean,
	message: string,
): Rule {
	return (draft) => (draft.referenceCount === 0 && isUsed(draft) ? { field, message } : undefined);
}

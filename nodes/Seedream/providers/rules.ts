import { pluralize } from '../shared/format';
import type { Draft, ParameterName, Rule } from './provider';

/** EvoLink and APIMart limit references and images together (docs.evolink.ai, docs.apimart.ai). */
export function referencesPlusImages(max: number): Rule {
	return ({ references: { length: count }, values }) => {
		const images = Number(values.imageCount ?? 1);
		if (count + images <= max) return undefined;
		return {
			field: 'imageCount',
			message: `is ${images}, but with ${pluralize(count, 'reference image')} this model makes at most ${max - count}`,
		};
	};
}

/** For a setting that only works with a reference image; `isUsed` says whether the row uses it. */
export function needsReference(
	field: ParameterName,
	isUsed: (draft: Draft) => boolean,
	message: string,
): Rule {
	return (draft) =>
		draft.references.length === 0 && isUsed(draft) ? { field, message } : undefined;
}

/**
 * A transparent background keeps the transparency of the one reference; the model rejects anything
 * else. Whether the reference has transparent pixels is checked once its content is at hand.
 */
export const transparentBackground: Rule = ({ references, values }) => {
	if (values.background !== 'transparent') return undefined;
	const refuse = (message: string) => ({ field: 'background' as const, message });
	if (values.outputFormat !== 'png') {
		return refuse(
			'is "transparent", which needs PNG files. Set \'Output Format\' to "png", or choose "opaque"',
		);
	}
	const [reference, ...others] = references;
	if (reference && others.length === 0 && (reference.format ?? 'png') === 'png') return undefined;
	return refuse(
		'is "transparent", which needs exactly one reference image, a PNG with transparent areas. Change the reference, or choose "opaque"',
	);
};

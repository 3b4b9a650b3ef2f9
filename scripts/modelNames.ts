import { providers } from '../nodes/Seedream/providers';
import type { Model } from '../nodes/Seedream/providers/provider';
import type { Language } from './language';

/** "5.0 Pro" for "Seedream 5.0 Pro": lists of models get long. */
export function modelNames(models: readonly Model[]): string[] {
	return models.map(({ label }) => label.replace(/^Seedream /, ''));
}

type IsOneOf = (provider: string, model: Model) => boolean;

/** "EvoLink", "APIMart (5.0 Lite, 4.5)": a provider alone stands for all its models, or all of `among`. */
export function namesByProvider(
	isMeant: IsOneOf,
	{ translate, list }: Language,
	among: IsOneOf = () => true,
): string[] {
	return providers.flatMap(({ id, label, models }) => {
		const possible = models.filter((model) => among(id, model));
		const meant = possible.filter((model) => isMeant(id, model));
		if (meant.length === 0) return [];
		if (meant.length === possible.length) return [label];
		const names = list(modelNames(meant));
		return [translate('{text} ({detail})', { text: label, detail: names })];
	});
}

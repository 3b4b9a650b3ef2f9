import type { Provider } from '../providers/provider';
import type { Cost } from '../shared/cost';
import type { JsonObject } from '../shared/json';
import { compact, type OutputItem } from './taskItems';

/** What a row would request, and what that would cost. */
export interface Preview {
	provider: Provider;
	model: string;
	/** The row's tasks, if it has some: no others are created. */
	taskIds?: readonly string[];
	prompt: string;
	imageCount: number;
	/** The request's body; undefined if it isn't known, or won't be sent. */
	request?: JsonObject;
	/** Undefined if the price isn't known. */
	cost?: Cost;
}

export function previewItem(
	{ provider, taskIds, ...fields }: Preview,
	itemIndex: number,
): OutputItem<never> {
	const { model, prompt, imageCount, request, cost } = fields;
	return {
		json: compact({
			status: 'preview',
			provider: provider.id,
			model,
			taskId: taskIds?.join(', '),
			prompt,
			imageCount,
			request,
			cost,
		}),
		pairedItem: { item: itemIndex },
	};
}

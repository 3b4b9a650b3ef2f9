import type { FieldName, Model } from '../providers/provider';

const LABELS: Record<FieldName, string> = {
	model: 'Model',
	customModel: 'Custom Model',
	prompt: 'Prompt',
	imageUrls: 'Reference Image URLs',
	imageFields: 'Reference Image Fields',
	aspectRatio: 'Aspect Ratio',
	resolution: 'Resolution',
	imageCount: 'Number of Images',
	promptOptimization: 'Prompt Optimization',
	sequentialImageGeneration: 'Sequential Image Generation',
	maxImages: 'Max Images',
	watermark: 'Watermark',
	outputFormat: 'Output Format',
	background: 'Background',
	webSearch: 'Web Search',
	callbackData: 'Callback Data',
	callbackUrl: 'Callback URL',
	sendBinaryAs: 'Send Binary As',
	askForCount: 'Ask for Count',
	extraBody: 'Extra Body',
};

/** The field's label, in the panel and in messages. */
export function fieldLabel(field: FieldName, parameters: Model['parameters'] = {}): string {
	const parameter = Object.entries(parameters).find(([name]) => name === field)?.[1];
	return parameter?.label ?? LABELS[field];
}

/** A message about a field, e.g. "'Prompt' is empty". */
export function fieldMessage(label: string, message: string): string {
	return `'${label}' ${message}`;
}

import type { FieldName, Model } from '../providers/provider';

const LABELS: Record<FieldName, string> = {
	model: 'Model',
	prompt: 'Prompt',
	imageUrls: 'Reference Image URLs',
	aspectRatio: 'Aspect Ratio',
	resolution: 'Resolution',
	imageCount: 'Number of Images',
	promptOptimization: 'Prompt Optimization',
	sequentialImageGeneration: 'Sequential Image Generation',
	maxImages: 'Max Images',
	watermark: 'Watermark',
	callbackUrl: 'Callback URL',
	extraBody: 'Extra Body',
};

/** The field as the user sees it: above its input, and in an error about it. */
export function fieldLabel(field: FieldName, parameters: Model['parameters'] = {}): string {
	if (field === 'prompt' || field === 'imageUrls' || field === 'model' || field === 'extraBody') {
		return LABELS[field];
	}
	return parameters[field]?.label ?? LABELS[field];
}

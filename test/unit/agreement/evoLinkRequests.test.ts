import { evoLink } from '../../../nodes/Seedream/providers/evoLink';
import { evoLink as sandbox } from '../../sandbox/providers/evoLink';
import { compareRequests } from './compareRequests';
import { COMMON_DIFFERENCES } from './differences';
import { intended, modelNames, type System } from './rows';

const NAMES: System['names'] = {
	size: 'size',
	resolution: 'quality',
	promptOptimization: 'prompt_priority',
	callback: 'callback_url',
};

const SEVERAL_IMAGES: System['names'] = { ...NAMES, count: 'n' };

const FLASH_NAMES: System['names'] = {
	...NAMES,
	outputFormat: 'output_format',
	background: 'background',
	watermark: 'watermark',
};

const { size: _none, ...NAMES_WITHOUT_SIZE } = NAMES;

const LAYER_NAMES: System['names'] = { ...NAMES_WITHOUT_SIZE, outputFormat: 'output_format' };

const EVOLINK = { provider: evoLink, sandbox };

const SYSTEMS: readonly System[] = [
	{
		...EVOLINK,
		name: 'EvoLink 4.5',
		models: modelNames(
			['doubao-seedream-4.5'],
			['Seedream 4.5', 'doubao-seedance-4-5', 'seedream/4.5-edit', 'seedream-4-5'],
			1,
		),
		names: SEVERAL_IMAGES,
		resolutions: ['2K', '4K'],
		pixelLimits: [3_686_400, 16_777_216],
		promptLimits: [1, 2000],
		maxReferences: 14,
	},
	{
		...EVOLINK,
		name: 'EvoLink 4.0',
		models: modelNames(['doubao-seedream-4.0'], ['Seedream 4.0', 'seedream-4-0']),
		names: SEVERAL_IMAGES,
		resolutions: ['1K', '2K', '4K'],
		pixelLimits: [921_600, 16_777_216],
		promptLimits: [1, 2000],
		maxReferences: 14,
	},
	{
		...EVOLINK,
		name: 'EvoLink 5.0 Lite',
		models: modelNames(
			['doubao-seedream-5.0-lite'],
			['Seedream 5.0 Lite', 'seedream-5-0-lite', 'doubao-seedream-5-0-lite'],
			1.1,
		),
		names: {
			...SEVERAL_IMAGES,
			outputFormat: 'model_params.output_format',
			webSearch: 'model_params.tools',
		},
		sentForTrue: { webSearch: [{ type: 'web_search' }] },
		resolutions: ['2K', '3K', '4K'],
		pixelLimits: [3_686_400, 16_777_216],
		promptLimits: [1, 2000],
		maxReferences: 14,
	},
	{
		...EVOLINK,
		name: 'EvoLink 5.0 Flash',
		models: modelNames(['doubao-seedream-5.0-flash'], ['seedream 5.0 flash', 'seedream-5-0-flash']),
		names: FLASH_NAMES,
		resolutions: ['1K', '1.5K', '2K'],
		pixelLimits: [921_600, 4_624_220],
		promptLimits: [1, 16_000],
		maxReferences: 10,
	},
	{
		...EVOLINK,
		name: 'EvoLink 5.0 Pro',
		models: modelNames(
			['doubao-seedream-5.0-pro'],
			['Seedream 5.0 Pro', 'seedream-5-0-pro', 'doubao-seedream-5-0-pro'],
		),
		names: FLASH_NAMES,
		resolutions: ['1K', '1.5K', '2K'],
		pixelLimits: [921_600, 2_610_000, 4_624_220],
		promptLimits: [1, 16_000],
		maxReferences: 10,
	},
	{
		...EVOLINK,
		name: 'EvoLink 5.0 Flash Layers',
		models: modelNames(['doubao-seedream-5.0-flash-layerize'], ['Seedream 5.0 Flash Layers']),
		names: LAYER_NAMES,
		resolutions: ['auto', '1K', '1.5K', '2K'],
		promptLimits: [0, 16_000],
		maxReferences: 1,
	},
	{
		...EVOLINK,
		name: 'EvoLink 5.0 Pro Layers',
		models: modelNames(['doubao-seedream-5.0-pro-layerize'], ['Seedream 5.0 Pro Layers']),
		names: LAYER_NAMES,
		resolutions: ['auto', '1K', '1.5K', '2K'],
		promptLimits: [0, 16_000],
		maxReferences: 1,
	},
];

compareRequests(SYSTEMS, [
	...COMMON_DIFFERENCES,
	{
		name: 'references and images above 15',
		reason: 'the provider silently makes fewer images than requested',
		isAccepted: false,
		applies: (row) => intended(row).references.length + intended(row).count > 15,
		problem: "'Number of Images' ",
	},
]);

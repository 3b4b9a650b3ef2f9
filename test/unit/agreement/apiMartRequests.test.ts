import { apiMart } from '../../../nodes/Seedream/providers/apiMart';
import { apiMart as sandbox } from '../../sandbox/providers/apiMart';
import { compareRequests } from './compareRequests';
import { COMMON_DIFFERENCES, UNREACHABLE_CALLBACK, type Difference } from './differences';
import { intended, modelNames, type Row, type System } from './rows';

const NAMES: System['names'] = { size: 'size', resolution: 'resolution', callback: 'webhook' };

const SET_NAMES: System['names'] = {
	...NAMES,
	count: 'n',
	promptOptimization: 'optimize_prompt_options.mode',
	imageSet: 'sequential_image_generation',
	maxImages: 'sequential_image_generation_options.max_images',
	watermark: 'watermark',
};

const FLASH_NAMES: System['names'] = {
	...NAMES,
	outputFormat: 'output_format',
	background: 'background',
};

const APIMART = { provider: apiMart, sandbox, promptLimits: [1, 2000, 16_000] };

const SYSTEMS: readonly System[] = [
	{
		...APIMART,
		name: 'APIMart 4.5',
		models: modelNames(
			[
				'doubao-seedance-4-5',
				'Doubao-Seedream-4.5',
				'doubao-seedream-4.5',
				'doubao-seedream-4-5',
				'seedream-4-5',
			],
			['Seedream 4.5', 'seedream/4.5-text-to-image'],
			1,
		),
		names: SET_NAMES,
		resolutions: ['2K', '4K'],
		maxReferences: 14,
	},
	{
		...APIMART,
		name: 'APIMart 4.0',
		models: modelNames(
			['seedream-4-0', 'doubao-seedream-4-0', 'doubao-seedance-4-0'],
			['Seedream 4.0', 'doubao-seedream-4.0'],
		),
		names: SET_NAMES,
		resolutions: ['1K', '2K', '4K'],
		maxReferences: 10,
	},
	{
		...APIMART,
		name: 'APIMart 5.0 Lite',
		models: modelNames(
			['seedream-5-0-lite', 'doubao-seedream-5-0-lite', 'doubao-seedream-5.0-lite'],
			['Seedream 5.0 Lite'],
			1.1,
		),
		names: { ...NAMES, count: 'n', outputFormat: 'output_format' },
		resolutions: ['2K', '3K', '4K'],
		maxReferences: 14,
	},
	{
		...APIMART,
		name: 'APIMart 5.0 Flash',
		models: modelNames(['seedream-5-0-flash'], ['Seedream 5.0 Flash', 'doubao-seedream-5.0-flash']),
		names: FLASH_NAMES,
		resolutions: ['1K', '1.5K', '2K'],
		maxReferences: 10,
	},
	{
		...APIMART,
		name: 'APIMart 5.0 Pro',
		models: modelNames(
			['seedream-5-0-pro', 'doubao-seedream-5-0-pro'],
			['Seedream 5.0 Pro', 'doubao-seedream-5.0-pro'],
		),
		names: FLASH_NAMES,
		resolutions: ['1K', '1.5K', '2K'],
		maxReferences: 10,
	},
];

const makesSets = ({ system }: Row) => system.names.imageSet !== undefined;

const DIFFERENCES: readonly Difference[] = [
	{
		name: 'several images without a reference before 5.0',
		reason: 'the provider makes one image only',
		isAccepted: false,
		applies: (row) =>
			makesSets(row) && intended(row).count > 1 && intended(row).references.length === 0,
		problem: "'Number of Images' must be 1 without a reference image",
	},
	{
		name: 'image set without a reference',
		reason: 'the provider makes one image only',
		isAccepted: false,
		applies: (row) =>
			makesSets(row) && intended(row).imageSet === 'auto' && intended(row).references.length === 0,
		problem: "'Sequential Image Generation' ",
	},
	{
		name: 'max images without an image set',
		reason: 'the provider ignores it, and the user expects more images',
		isAccepted: false,
		applies: (row) =>
			makesSets(row) && intended(row).maxImages !== undefined && intended(row).imageSet !== 'auto',
		problem: "'Max Images' has no effect",
	},
	{
		name: 'data URI for 5.0',
		reason: 'only the pages of the older models document it, and the upload page says it has ended',
		isAccepted: false,
		applies: (row) =>
			row.system.name.includes(' 5.0 ') &&
			intended(row).references.some((text) => text.startsWith('data:')),
		problem: /^'Reference Image URLs' contains "data:.*", which is a data URI/i,
	},
];

compareRequests(SYSTEMS, [...COMMON_DIFFERENCES, UNREACHABLE_CALLBACK, ...DIFFERENCES]);

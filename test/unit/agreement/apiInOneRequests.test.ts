import { apiInOne } from '../../../nodes/Seedream/providers/apiInOne';
import { stripInvisibleEnds } from '../../../nodes/Seedream/request/cells';
import { apiInOne as sandbox } from '../../sandbox/providers/apiInOne';
import { compareRequests } from './compareRequests';
import { COMMON_DIFFERENCES, UNREACHABLE_CALLBACK, type Difference } from './differences';
import { intended, modelNames, type System } from './rows';

const API_IN_ONE = {
	provider: apiInOne,
	sandbox,
	names: { size: 'aspect_ratio', resolution: 'quality', callback: 'callback_url' },
	resolutions: ['basic', 'high'],
	promptLimits: [3, 5000],
	maxReferences: 14,
};

const SYSTEMS: readonly System[] = [
	{
		...API_IN_ONE,
		name: 'API in One 4.5 Text to Image',
		models: modelNames(['seedream/4.5-text-to-image'], ['Seedream 4.5 Text to Image']),
		ignoresReferences: true,
	},
	{
		...API_IN_ONE,
		name: 'API in One 4.5 Edit',
		models: modelNames(['seedream/4.5-edit'], ['Seedream 4.5 Edit']),
	},
];

const DIFFERENCES: readonly Difference[] = [
	{
		name: 'prompt that is too short without invisible characters',
		reason: 'invisible characters around a prompt are not sent',
		isAccepted: false,
		applies: ({ input }) => stripInvisibleEnds(String(input.prompt)) !== String(input.prompt),
		problem: /^'Prompt' is \d+ characters? long \(minimum /,
	},
	{
		name: 'references for text to image',
		reason: 'the model ignores them and the image is charged',
		isAccepted: false,
		applies: (row) => row.system.ignoresReferences === true && intended(row).references.length > 0,
		problem:
			"'Reference Image URLs' can't be used with Seedream 4.5 Text to Image, which doesn't accept reference images",
	},
];

compareRequests(SYSTEMS, [...COMMON_DIFFERENCES, UNREACHABLE_CALLBACK, ...DIFFERENCES]);

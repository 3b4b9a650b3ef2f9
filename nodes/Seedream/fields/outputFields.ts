import type { INodeProperties } from 'n8n-workflow';

import { FILE_NAME_PLACEHOLDERS } from '../images/fileName';
import { OPTION_LABELS, DEFAULT_OPTIONS } from '../request/options';

/** What both nodes ask about the finished images; `show` says when there are any. */
export function outputFields(show: Record<string, string[]> = {}): INodeProperties[] {
	return [
		{
			displayName: OPTION_LABELS.downloadImages,
			name: 'downloadImages',
			type: 'boolean',
			default: true,
			displayOptions: { show },
			description:
				'Whether to fetch the image files into n8n. The links alone stop working after 24 hours.',
		},
		{
			displayName: OPTION_LABELS.outputField,
			name: 'outputField',
			type: 'string',
			default: 'data',
			required: true,
			placeholder: 'e.g. data',
			displayOptions: { show: { ...show, downloadImages: [true] } },
			hint: 'The name of the output binary field to put the file in',
		},
		{
			displayName: OPTION_LABELS.outputItems,
			name: 'outputItems',
			type: 'options',
			default: 'perImage',
			displayOptions: { show },
			options: [
				{
					name: 'One Item per Image',
					value: 'perImage',
					description: 'Each image is an item of its own: the next node handles them one by one',
				},
				{
					name: 'One Item per Task',
					value: 'perTask',
					description: 'All images of a row are in one item, as data, data_1, data_2 and so on',
				},
			],
		},
	];
}

const { concurrency, fileName, pollInterval, timeout } = DEFAULT_OPTIONS;

const CHECK_REFERENCES: INodeProperties = {
	displayName: OPTION_LABELS.checkReferences,
	name: 'checkReferences',
	type: 'boolean',
	default: false,
	description:
		'Whether to look at the reference links before anything is spent: they must answer, and be images within the limits of the model',
};

const CONCURRENCY: INodeProperties = {
	displayName: OPTION_LABELS.concurrency,
	name: 'concurrency',
	type: 'number',
	default: concurrency,
	typeOptions: { minValue: 0, numberPrecision: 0 },
	description:
		'How many tasks may be at work at the same time. 0 takes on more as long as the provider accepts them.',
};

const placeholders = FILE_NAME_PLACEHOLDERS.map((name) => `{${name}}`).join(', ');
const fileNameDescription = `How to name the files, without the extension. Placeholders: ${placeholders}.`;

const FILE_NAME: INodeProperties = {
	displayName: OPTION_LABELS.fileName,
	name: 'fileName',
	type: 'string',
	default: fileName,
	placeholder: 'e.g. {row}-{prompt}-{image}',
	description: fileNameDescription,
};

const POLL_INTERVAL: INodeProperties = {
	displayName: OPTION_LABELS.pollInterval,
	name: 'pollInterval',
	type: 'number',
	default: pollInterval,
	typeOptions: { minValue: 0 },
	description:
		'The shortest time between two questions whether a task is done, in seconds. 0 leaves it to the node.',
};

const SIMPLIFY: INodeProperties = {
	displayName: OPTION_LABELS.simplify,
	name: 'simplify',
	type: 'boolean',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
};

const TIMEOUT: INodeProperties = {
	displayName: OPTION_LABELS.timeout,
	name: 'timeout',
	type: 'number',
	default: timeout,
	typeOptions: { minValue: 1 },
	description:
		'Seconds to wait for a task. A task that takes longer is not lost: Seedream Task Status fetches it by its ID.',
};

export const optionsField: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	options: [CONCURRENCY, FILE_NAME, POLL_INTERVAL, SIMPLIFY, TIMEOUT],
};

export const generateOptionsField: INodeProperties = {
	...optionsField,
	options: [CHECK_REFERENCES, CONCURRENCY, FILE_NAME, POLL_INTERVAL, SIMPLIFY, TIMEOUT],
};

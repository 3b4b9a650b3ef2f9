import type { INodeProperties } from 'n8n-workflow';

import { FILE_NAME_PLACEHOLDERS } from '../images/fileName';
import { ITEM_FIELDS } from '../output/taskItems';
import { OPTION_LABELS, DEFAULT_OPTIONS } from '../request/options';
import { providers } from '../providers';
import { fieldsByModel } from './fieldsByModel';

/** The fields for finished images, for a node that can also be a tool. */
export function outputFields(show: Record<string, string[]> = {}): INodeProperties[] {
	return [...imageFields(show), outputItemsField(show), toolOutputItemsField(show), ...toolFields];
}

function imageFields(show: Record<string, string[]>): INodeProperties[] {
	return [
		{
			displayName: OPTION_LABELS.downloadImages,
			name: 'downloadImages',
			type: 'boolean',
			default: true,
			displayOptions: { show },
			description: 'Whether to download the image files into n8n. Links expire after 24 hours.',
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
	];
}

const IS_TOOL = { '@tool': [true] };

function outputItemsField(show: Record<string, string[]>): INodeProperties {
	return {
		displayName: OPTION_LABELS.outputItems,
		name: 'outputItems',
		type: 'options',
		default: 'perImage',
		displayOptions: { show, hide: IS_TOOL },
		options: [
			{
				name: 'One Item per Image',
				value: 'perImage',
				description: 'Return each image as a separate item',
			},
			{
				name: 'One Item per Task',
				value: 'perTask',
				description: 'Return all images of a task in one item, as data, data_1, data_2 and so on',
			},
		],
	};
}

/** A tool has an 'Output' of its own, as n8n's guidelines want it. */
function toolOutputItemsField(show: Record<string, string[]>): INodeProperties {
	const displayOptions = { show: { ...show, ...IS_TOOL } };
	return { ...outputItemsField(show), displayName: 'Output Items', displayOptions };
}

/** What an agent gets of an item. Each field costs it tokens. */
const toolFields: INodeProperties[] = [
	{
		displayName: OPTION_LABELS.toolOutput,
		name: 'toolOutput',
		type: 'options',
		default: 'simplified',
		displayOptions: { show: IS_TOOL },
		options: [
			{
				name: 'Simplified',
				value: 'simplified',
				description: 'Return up to ten fields per item',
			},
			{
				name: 'Raw',
				value: 'raw',
				description: "Return all fields, and the provider's response",
			},
			{
				name: 'Selected Fields',
				value: 'selectedFields',
				description: 'Return only the fields you choose',
			},
		],
	},
	{
		displayName: OPTION_LABELS.toolFields,
		name: 'toolFields',
		type: 'multiOptions',
		default: ['imageUrl', 'status'],
		displayOptions: { show: { ...IS_TOOL, toolOutput: ['selectedFields'] } },
		options: Object.entries(ITEM_FIELDS).map(([value, name]) => ({ name, value })),
		description: 'The fields to return to the agent',
	},
];

const { concurrency, fileName, maxCost, memoryTable, pollInterval, reuse, rowKey, timeout } =
	DEFAULT_OPTIONS;

const CHECK_REFERENCES: INodeProperties = {
	displayName: OPTION_LABELS.checkReferences,
	name: 'checkReferences',
	type: 'boolean',
	default: false,
	description:
		"Whether to check, before you're charged, that the reference links open and that the images are within the model's limits",
};

const CONCURRENCY: INodeProperties = {
	displayName: OPTION_LABELS.concurrency,
	name: 'concurrency',
	type: 'number',
	default: concurrency,
	typeOptions: { minValue: 0, numberPrecision: 0 },
	description:
		'Maximum number of tasks in progress at the same time. 0 = as many as the provider accepts.',
};

const FALLBACKS: INodeProperties = {
	displayName: OPTION_LABELS.fallbacks,
	name: 'fallbacks',
	type: 'multiOptions',
	default: [],
	options: providers.map(({ id, label }) => ({ name: label, value: id })),
	description:
		"Other providers that generate a row if its own provider fails without charging you, in the order in which you select them. They use the same version of Seedream. To select their credentials, switch 'Provider' to Expression.",
};

const FALLBACK_ON_CONTENT_POLICY: INodeProperties = {
	displayName: OPTION_LABELS.fallbackOnContentPolicy,
	name: 'fallbackOnContentPolicy',
	type: 'boolean',
	default: false,
	description:
		"Whether a row that the content policy blocks is also tried with the providers in 'Fall Back To'. They usually block it, too.",
};

const MAX_COST: INodeProperties = {
	displayName: OPTION_LABELS.maxCost,
	name: 'maxCost',
	type: 'number',
	default: maxCost,
	typeOptions: { minValue: 0 },
	description:
		'What this node may cost per execution, in US dollars, including retries and loops. 0 = no limit. Rows that might exceed it are rejected before anything is sent.',
};

const placeholders = FILE_NAME_PLACEHOLDERS.map((name) => `{${name}}`).join(', ');
const fileNameDescription = `Name of the files, without the extension. Placeholders: ${placeholders}.`;

const FILE_NAME: INodeProperties = {
	displayName: OPTION_LABELS.fileName,
	name: 'fileName',
	type: 'string',
	default: fileName,
	placeholder: 'e.g. {row}-{prompt}-{image}',
	description: fileNameDescription,
};

const LAYERS_FILE: INodeProperties = {
	displayName: OPTION_LABELS.layersFile,
	name: 'layersFile',
	type: 'boolean',
	default: false,
	description:
		'Whether to also return a JSON file that describes the canvas and the layers, so that a design tool can put them together',
};

const POLL_INTERVAL: INodeProperties = {
	displayName: OPTION_LABELS.pollInterval,
	name: 'pollInterval',
	type: 'number',
	default: pollInterval,
	typeOptions: { minValue: 0 },
	description: 'Minimum seconds between status checks. 0 = automatic.',
};

const MEMORY_TABLE: INodeProperties = {
	displayName: OPTION_LABELS.memoryTable,
	name: 'memoryTable',
	type: 'string',
	default: memoryTable,
	placeholder: 'e.g. Seedream tasks',
	description:
		"The name of an n8n data table to record every task in, with its image links and cost. The node creates it if it's missing. With 'Reuse Recent Images', it also protects you from paying twice if n8n crashes, at every provider. Requires n8n 2.",
};

const REUSE: INodeProperties = {
	displayName: OPTION_LABELS.reuse,
	name: 'reuse',
	type: 'options',
	default: reuse,
	options: [
		{
			name: 'Never',
			value: 'never',
			description: 'Every execution generates its own images',
		},
		{
			name: 'When the Row Is the Same',
			value: 'sameRequest',
			description:
				'A row that requests the same as in another execution of this node in the last 24 hours gets the same images, and costs nothing. Works with EvoLink, and with every provider if you remember tasks in a data table.',
		},
	],
	description: 'Whether to return images again that another execution has already paid for',
};

const ROW_KEY: INodeProperties = {
	displayName: OPTION_LABELS.rowKey,
	name: 'rowKey',
	type: 'string',
	default: rowKey,
	placeholder: 'e.g. {{ $json.sku }}',
	description:
		"What identifies the row for 'Reuse Recent Images', such as the ID column of a sheet. Without it, the position among equal rows decides.",
};

const SIMPLIFY: INodeProperties = {
	displayName: OPTION_LABELS.simplify,
	name: 'simplify',
	type: 'boolean',
	default: true,
	displayOptions: { hide: IS_TOOL },
	description: 'Whether to return a simplified version of the response instead of the raw data',
};

const TIMEOUT: INodeProperties = {
	displayName: OPTION_LABELS.timeout,
	name: 'timeout',
	type: 'number',
	default: timeout,
	typeOptions: { minValue: 1 },
	description:
		'Maximum seconds to wait for a task. If a task takes longer, you can get its images with Seedream Task Status.',
};

export const optionsField: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add Option',
	default: {},
	options: [CONCURRENCY, FILE_NAME, LAYERS_FILE, POLL_INTERVAL, SIMPLIFY, TIMEOUT],
};

/** The trigger is never a tool. */
export const triggerOutputFields = [...imageFields({}), outputItemsField({})];

export const triggerOptionsField: INodeProperties = {
	...optionsField,
	options: [FILE_NAME, LAYERS_FILE, POLL_INTERVAL, SIMPLIFY, TIMEOUT],
};

export const generateOptionsField: INodeProperties = {
	...optionsField,
	options: [
		CHECK_REFERENCES,
		CONCURRENCY,
		FALLBACK_ON_CONTENT_POLICY,
		FALLBACKS,
		FILE_NAME,
		...fieldsByModel(({ layers }) => layers && LAYERS_FILE, '/'),
		MAX_COST,
		POLL_INTERVAL,
		MEMORY_TABLE,
		REUSE,
		ROW_KEY,
		SIMPLIFY,
		TIMEOUT,
	],
};

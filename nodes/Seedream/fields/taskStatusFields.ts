import type { INodeProperties } from 'n8n-workflow';

import { OPTION_LABELS } from '../request/options';
import { optionsField, outputFields } from './outputFields';
import { providerField } from './providerFields';

export const taskStatusFields: INodeProperties[] = [
	providerField,
	{
		displayName: 'Task ID',
		name: 'taskId',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. task-unified-1757165031-seedream4d',
		description:
			'Task ID from Seedream Generate. Separate several with commas, semicolons or new lines, or use a JSON array or an expression that returns an array.',
	},
	{
		displayName: OPTION_LABELS.continueWhen,
		name: 'continueWhen',
		type: 'options',
		default: 'now',
		options: [
			{
				name: 'Status Is Known',
				value: 'now',
				description: 'Check once and return the status, even if the task has failed',
			},
			{
				name: 'Images Are Finished',
				value: 'finished',
				description: 'Wait until the task is done. If the task has failed, the row fails too.',
			},
		],
	},
	...outputFields(),
	optionsField,
];

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
			'The ID that Seedream Generate handed on: one, several separated by comma, semicolon or new line, a JSON array, or an expression that gives an array',
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
				description: 'Asks once and hands on the status, even if the task has failed',
			},
			{
				name: 'Images Are Finished',
				value: 'finished',
				description: 'Waits until the task is done; a task that has failed is an error',
			},
		],
	},
	...outputFields(),
	optionsField,
];

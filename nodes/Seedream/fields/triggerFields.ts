import type { INodeProperties } from 'n8n-workflow';

import { triggerOptionsField, triggerOutputFields } from './outputFields';
import { providerField } from './providerFields';

export const triggerFields: INodeProperties[] = [
	{
		...providerField,
		description: 'Provider that calls back. Each has its own credential.',
	},
	...triggerOutputFields,
	triggerOptionsField,
];

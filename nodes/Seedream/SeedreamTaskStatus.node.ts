import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';

import { taskStatusFields } from './fields/taskStatusFields';
import { taskStatus } from './taskStatus';

export class SeedreamTaskStatus implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Seedream Task Status',
		name: 'seedreamTaskStatus',
		icon: { light: 'file:seedream.svg', dark: 'file:seedream.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: '={{ $parameter["provider"] }}',
		description: 'Look up Seedream tasks by their ID and fetch their images',
		defaults: { name: 'Seedream Task Status' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		// None is required, although a provider cannot work without its own: with the provider taken
		// from the row, the editor would insist on all of them. A missing one is an error before
		// anything is sent.
		credentials: [
			{
				name: 'evoLinkApi',
				required: false,
				displayOptions: { show: { provider: ['evoLink'] } },
			},
			{
				name: 'apiMartApi',
				required: false,
				displayOptions: { show: { provider: ['apiMart'] } },
			},
			{
				name: 'apiInOneApi',
				required: false,
				displayOptions: { show: { provider: ['apiInOne'] } },
			},
		],
		properties: [...taskStatusFields],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await taskStatus(this);
	}
}

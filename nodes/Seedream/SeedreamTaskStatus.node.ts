import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';

import { providerCredentials } from './fields/providerCredentials';
import { providerSubtitle } from './fields/subtitles';
import { taskStatusFields } from './fields/taskStatusFields';

export class SeedreamTaskStatus implements INodeType {
	// n8n's linter wants the description of each node written out here, so the two repeat some lines.
	description: INodeTypeDescription = {
		displayName: 'Seedream Task Status',
		name: 'seedreamTaskStatus',
		icon: { light: 'file:seedream.svg', dark: 'file:seedream.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: providerSubtitle,
		description: 'Check Seedream tasks by ID and get their images',
		defaults: { name: 'Seedream Task Status' },
		usableAsTool: {
			replacements: {
				description:
					"Looks up Seedream image tasks by task ID. Free of charge. Returns each task's status, and an item per finished image with its URL and cost. URLs expire after 24 hours.",
			},
		},
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: providerCredentials,
		properties: [...taskStatusFields],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		// n8n loads all nodes at startup; the rest of the code isn't needed until the first execution.
		const { taskStatus } = await import('./actions/taskStatus');
		return await taskStatus(this);
	}
}

import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';

import { generateFields } from './fields/generateFields';
import { generateSubtitle } from './fields/subtitles';

export class SeedreamGenerate implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Seedream Generate',
		name: 'seedreamGenerate',
		icon: { light: 'file:seedream.svg', dark: 'file:seedream.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: generateSubtitle,
		description: 'Make or edit images with Seedream through EvoLink, APIMart or API in One',
		defaults: { name: 'Seedream Generate' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		// Hidden for the others rather than shown for its own: n8n's editor takes a field that decides
		// which credential is shown for a choice of authentication, and leaves it out of the panel.
		// None is required: with the provider taken from the row, the editor would insist on all of
		// them. A missing one is an error before anything is sent.
		credentials: [
			{
				name: 'evoLinkApi',
				displayName: 'Credential for EvoLink',
				required: false,
				displayOptions: { hide: { provider: ['apiMart', 'apiInOne'] } },
			},
			{
				name: 'apiMartApi',
				displayName: 'Credential for APIMart',
				required: false,
				displayOptions: { hide: { provider: ['evoLink', 'apiInOne'] } },
			},
			{
				name: 'apiInOneApi',
				displayName: 'Credential for API in One',
				required: false,
				displayOptions: { hide: { provider: ['evoLink', 'apiMart'] } },
			},
		],
		properties: [...generateFields],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		// n8n loads every node at its start; what only a run needs can wait for the first one.
		const { generate } = await import('./actions/generate');
		return await generate(this);
	}
}

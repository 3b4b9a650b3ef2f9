import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';

import { generateFields } from './fields/generateFields';
import { providerCredentials } from './fields/providerCredentials';
import { generateSubtitle } from './fields/subtitles';
import { NODE_VERSIONS } from './providers/provider';

export class SeedreamGenerate implements INodeType {
	// n8n's linter wants the description of each node written out here, so the two repeat some lines.
	description: INodeTypeDescription = {
		displayName: 'Seedream Generate',
		name: 'seedreamGenerate',
		icon: { light: 'file:seedream.svg', dark: 'file:seedream.dark.svg' },
		group: ['transform'],
		version: [...NODE_VERSIONS],
		subtitle: generateSubtitle,
		description: 'Generate or edit images with Seedream through EvoLink, APIMart or API in One',
		defaults: { name: 'Seedream Generate' },
		usableAsTool: {
			replacements: {
				description:
					"Generates or edits images with ByteDance's Seedream. Every image costs money, usually a few US cents, so request only the images you need. Returns an item per image with its URL, task ID and cost. URLs expire after 24 hours.",
			},
		},
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: providerCredentials,
		properties: [...generateFields],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		// n8n loads all nodes at startup; the rest of the code isn't needed until the first execution.
		const { generate } = await import('./actions/generate');
		return await generate(this);
	}
}

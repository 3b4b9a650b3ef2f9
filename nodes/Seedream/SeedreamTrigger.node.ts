import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';

import { providerCredentials } from './fields/providerCredentials';
import { providerSubtitle } from './fields/subtitles';
import { triggerFields } from './fields/triggerFields';

export class SeedreamTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Seedream Trigger',
		name: 'seedreamTrigger',
		icon: { light: 'file:seedream.svg', dark: 'file:seedream.dark.svg' },
		group: ['trigger'],
		// Both are the same, but for version 1, n8n evaluates an expression in each callback. That takes
		// longer than all the rest of it.
		version: [1, 1.1],
		defaultVersion: 1.1,
		subtitle: providerSubtitle,
		description: 'Start the workflow when a Seedream task ends, and get its images',
		eventTriggerDescription:
			"Put the test URL into 'Callback URL' of Seedream Generate, and run that node",
		activationMessage:
			"Put the production URL into 'Callback URL' of Seedream Generate. Each task then starts this workflow when it ends.",
		defaults: { name: 'Seedream Trigger' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: providerCredentials,
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				responseMode: 'onReceived',
				responseData: 'noData',
				path: 'task',
			},
			// APIMart appends /callback to the URL.
			{
				name: 'default',
				httpMethod: 'POST',
				responseMode: 'onReceived',
				responseData: 'noData',
				path: 'task/callback',
				ndvHideUrl: true,
			},
		],
		properties: [...triggerFields],
	};

	// The user gives the URL to the provider, with each task.
	webhookMethods = {
		default: {
			async checkExists(): Promise<boolean> {
				return true;
			},
			async create(): Promise<boolean> {
				return true;
			},
			async delete(): Promise<boolean> {
				return true;
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		const { receiveCallback } = await import('./actions/trigger');
		return await receiveCallback(this);
	}

	/** n8n runs it with what `webhook` returned, in the execution that this starts. */
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { trigger } = await import('./actions/trigger');
		return await trigger(this);
	}
}

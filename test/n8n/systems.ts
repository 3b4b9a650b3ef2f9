import type { ICredentialDataDecryptedObject, INodeParameters } from 'n8n-workflow';

import type { ProviderName, Sandbox } from '../sandbox/sandbox';

/** One of the four provider and model combinations the package supports, as a user would set it up. */
export interface System {
	title: string;
	provider: ProviderName;
	parameters: INodeParameters;
	/** For editing images; with another model if the provider has one for it. */
	edit: INodeParameters;
	/** For several images per row; undefined if a task creates one image. */
	several?: INodeParameters;
	/** A ratio and a resolution, and their size in pixels. */
	size: { parameters: INodeParameters; width: number; height: number };
	/** What the sandbox charges per image. */
	creditsPerImage: number;
}

export const REFERENCE = 'https://example.com/reference.png';

export const systems: System[] = [
	{
		title: 'EvoLink Seedream 4.5',
		provider: 'evoLink',
		parameters: { provider: 'evoLink', model: 'doubao-seedream-4.5' },
		edit: { imageUrls: REFERENCE },
		several: { imageCount: 3, prompt: 'Generate 3 different images of a lake' },
		size: {
			parameters: { aspectRatio: '16:9', resolution: '2K' },
			width: 2560,
			height: 1440,
		},
		creditsPerImage: 2.25,
	},
	{
		title: 'EvoLink Seedream 4.0',
		provider: 'evoLink',
		parameters: { provider: 'evoLink', model: 'doubao-seedream-4.0' },
		edit: { imageUrls: REFERENCE },
		several: { imageCount: 3, prompt: '生成3张不同的图片：湖' },
		size: {
			parameters: { aspectRatio: 'custom', width: 1280, height: 720, resolution: '1K' },
			width: 1280,
			height: 720,
		},
		creditsPerImage: 1.6,
	},
	{
		title: 'APIMart Seedream 4.5',
		provider: 'apiMart',
		parameters: { provider: 'apiMart', model: 'doubao-seedance-4-5' },
		edit: { imageUrls: REFERENCE },
		several: { imageCount: 3, imageUrls: REFERENCE },
		size: {
			parameters: { aspectRatio: '9:21', resolution: '2K' },
			width: 1296,
			height: 3024,
		},
		creditsPerImage: 0.26,
	},
	{
		title: 'API in One Seedream 4.5',
		provider: 'apiInOne',
		parameters: { provider: 'apiInOne', model: 'seedream/4.5-text-to-image' },
		edit: { model: 'seedream/4.5-edit', imageUrls: REFERENCE },
		size: {
			parameters: { aspectRatio: '3:4', resolution: 'basic' },
			width: 1728,
			height: 2304,
		},
		creditsPerImage: 12,
	},
];

export function sandboxCredentials({
	keys,
	baseUrls,
	filesBaseUrl,
}: Sandbox): Record<string, ICredentialDataDecryptedObject> {
	return {
		evoLinkApi: { apiKey: keys.evoLink, baseUrl: baseUrls.evoLink, filesBaseUrl },
		apiMartApi: { apiKey: keys.apiMart, baseUrl: baseUrls.apiMart },
		apiInOneApi: { apiKey: keys.apiInOne, baseUrl: baseUrls.apiInOne },
	};
}

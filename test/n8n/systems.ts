import type { ICredentialDataDecryptedObject, INodeParameters } from 'n8n-workflow';

import type { ProviderName, Sandbox } from '../sandbox/sandbox';

/** A model of a provider, as a user would set it up. What's expected is from the provider's documentation. */
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
	/** The format of the files, unless the row chooses another. */
	format: 'png' | 'jpeg';
	/** What the sandbox charges per image of `size`. */
	creditsPerImage: number;
}

/** A model that splits the reference image into layers. */
export interface LayerSystem extends Pick<System, 'title' | 'provider' | 'parameters'> {
	/** At the resolution in `parameters`. */
	creditsPerLayer: number;
	/** For the reference image. */
	creditsPerTask: number;
}

export const REFERENCE = 'https://example.com/reference.png';

/** What a provider's credits are worth. */
export const CREDITS_PER_USD: Record<ProviderName, number> = {
	evoLink: 68,
	apiMart: 10,
	apiInOne: 100,
};

export const systems: System[] = [
	{
		title: 'EvoLink Seedream 4.5',
		provider: 'evoLink',
		parameters: { provider: 'evoLink', model: 'doubao-seedream-4.5' },
		edit: { imageUrls: REFERENCE },
		several: { imageCount: 3, prompt: 'Generate 3 different images of a lake' },
		size: {
			parameters: { aspectRatio: '16:9', resolution: '2K' },
			width: 2848,
			height: 1600,
		},
		format: 'png',
		creditsPerImage: 2.04,
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
		format: 'png',
		creditsPerImage: 1.53,
	},
	{
		title: 'EvoLink Seedream 5.0 Lite',
		provider: 'evoLink',
		parameters: { provider: 'evoLink', model: 'doubao-seedream-5.0-lite' },
		edit: { imageUrls: REFERENCE },
		several: { imageCount: 3, prompt: 'Generate 3 different images of a lake' },
		size: {
			parameters: { aspectRatio: '2:3', resolution: '3K' },
			width: 2496,
			height: 3744,
		},
		format: 'jpeg',
		creditsPerImage: 1.904,
	},
	{
		title: 'EvoLink Seedream 5.0 Flash',
		provider: 'evoLink',
		parameters: { provider: 'evoLink', model: 'doubao-seedream-5.0-flash' },
		edit: { imageUrls: REFERENCE },
		size: {
			parameters: { aspectRatio: '16:9', resolution: '1.5K' },
			width: 2048,
			height: 1152,
		},
		format: 'jpeg',
		creditsPerImage: 1.1016,
	},
	{
		title: 'EvoLink Seedream 5.0 Pro',
		provider: 'evoLink',
		parameters: { provider: 'evoLink', model: 'doubao-seedream-5.0-pro' },
		edit: { imageUrls: REFERENCE },
		size: {
			parameters: { aspectRatio: '3:2', resolution: '2K' },
			width: 2496,
			height: 1664,
		},
		format: 'jpeg',
		creditsPerImage: 4.59,
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
		format: 'png',
		creditsPerImage: 0.26,
	},
	{
		title: 'APIMart Seedream 4.0',
		provider: 'apiMart',
		parameters: { provider: 'apiMart', model: 'seedream-4-0' },
		edit: { imageUrls: REFERENCE },
		several: { imageCount: 3, imageUrls: REFERENCE },
		size: {
			parameters: { aspectRatio: '1:1', resolution: '1K' },
			width: 1024,
			height: 1024,
		},
		format: 'png',
		creditsPerImage: 0.195,
	},
	{
		title: 'APIMart Seedream 5.0 Lite',
		provider: 'apiMart',
		parameters: { provider: 'apiMart', model: 'seedream-5-0-lite' },
		edit: { imageUrls: REFERENCE },
		several: { imageCount: 3 },
		size: {
			parameters: { aspectRatio: '1:1', resolution: '3K' },
			width: 3072,
			height: 3072,
		},
		format: 'jpeg',
		creditsPerImage: 0.28,
	},
	{
		title: 'APIMart Seedream 5.0 Flash',
		provider: 'apiMart',
		parameters: { provider: 'apiMart', model: 'seedream-5-0-flash' },
		edit: { imageUrls: REFERENCE },
		size: {
			parameters: { aspectRatio: '2:1', resolution: '1.5K' },
			width: 2176,
			height: 1088,
		},
		format: 'jpeg',
		creditsPerImage: 0.137,
	},
	{
		title: 'APIMart Seedream 5.0 Pro',
		provider: 'apiMart',
		parameters: { provider: 'apiMart', model: 'seedream-5-0-pro' },
		edit: { imageUrls: REFERENCE },
		size: {
			parameters: { aspectRatio: '21:9', resolution: '2K' },
			width: 3024,
			height: 1296,
		},
		format: 'jpeg',
		creditsPerImage: 0.585,
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
		format: 'png',
		creditsPerImage: 12,
	},
];

/** The first system of each provider stands for the provider. */
export const ONE_PER_PROVIDER: readonly System[] = systems.filter(
	({ provider }, index) => systems.findIndex((system) => system.provider === provider) === index,
);

export const layerSystems: LayerSystem[] = [
	{
		title: 'EvoLink Seedream 5.0 Flash Layers',
		provider: 'evoLink',
		parameters: { provider: 'evoLink', model: 'doubao-seedream-5.0-flash-layerize' },
		creditsPerLayer: 1.1016,
		creditsPerTask: 0,
	},
	{
		title: 'EvoLink Seedream 5.0 Pro Layers',
		provider: 'evoLink',
		parameters: {
			provider: 'evoLink',
			model: 'doubao-seedream-5.0-pro-layerize',
			resolution: '1K',
		},
		creditsPerLayer: 1.224,
		creditsPerTask: 0.1632,
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

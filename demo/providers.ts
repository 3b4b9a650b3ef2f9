import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import { ApiInOneApi } from '../credentials/ApiInOneApi.credentials';
import { ApiMartApi } from '../credentials/ApiMartApi.credentials';
import { EvoLinkApi } from '../credentials/EvoLinkApi.credentials';
import { providers } from '../nodes/Seedream/providers';
import { startSandbox } from '../test/sandbox/sandbox';
import { countImages, type CampaignRow } from './campaign';
import { UserError } from './userError';

/** The real providers or the sandbox. */
export interface Providers {
	credentials: Record<string, ICredentialDataDecryptedObject>;
	close: () => Promise<void>;
}

export async function openSandbox(): Promise<Providers> {
	const sandbox = await startSandbox();
	return {
		credentials: {
			evoLinkApi: { apiKey: sandbox.keys.evoLink, baseUrl: sandbox.baseUrls.evoLink },
			apiMartApi: { apiKey: sandbox.keys.apiMart, baseUrl: sandbox.baseUrls.apiMart },
			apiInOneApi: { apiKey: sandbox.keys.apiInOne, baseUrl: sandbox.baseUrls.apiInOne },
		},
		close: sandbox.close,
	};
}

const CREDENTIALS = [new EvoLinkApi(), new ApiMartApi(), new ApiInOneApi()];

function defaultBaseUrl(credential: string): string {
	const type = CREDENTIALS.find(({ name }) => name === credential);
	return String(type?.properties.find(({ name }) => name === 'baseUrl')?.default ?? '');
}

/** The real providers, with the API keys in `EVOLINK_API_KEY` etc. `EVOLINK_BASE_URL` etc. override the base URLs. */
export function openLive(rows: readonly CampaignRow[], environment: NodeJS.ProcessEnv): Providers {
	const used = providers.filter(({ id }) => rows.some((row) => row.provider === id));
	const missing = used.map(({ id }) => keyVariable(id)).filter((name) => !environment[name]);
	if (missing.length > 0) {
		throw new UserError(`--live needs your API keys. Set ${missing.join(' and ')}.`);
	}
	return {
		credentials: Object.fromEntries(
			used.map(({ id, credential }) => [
				credential,
				{
					apiKey: environment[keyVariable(id)] ?? '',
					baseUrl: environment[`${id.toUpperCase()}_BASE_URL`] ?? defaultBaseUrl(credential),
				},
			]),
		),
		close: async () => undefined,
	};
}

function keyVariable(providerId: string): string {
	return `${providerId.toUpperCase()}_API_KEY`;
}

/** What a live demo will request, shown before it starts. */
export function liveNotice(rows: readonly CampaignRow[]): string {
	const perProvider = providers.flatMap(({ id, label }) => {
		const images = countImages(rows.filter((row) => row.provider === id));
		return images > 0 ? [`${label} ${images}`] : [];
	});
	const images = countImages(rows);
	return `This generates up to ${images} ${images === 1 ? 'image' : 'images'} with your own API keys (${perProvider.join(', ')}). You'll be charged for them.`;
}

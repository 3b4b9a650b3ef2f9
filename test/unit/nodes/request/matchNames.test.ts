import { providers } from '../../../../nodes/Seedream/providers';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { checkRequest } from '../../../../nodes/Seedream/request/checkRequest';
import { matchProvider } from '../../../../nodes/Seedream/request/matchNames';
import { rawRow } from './rawRow';

it.each([
	...[
		'evoLink',
		'EvoLink',
		'EVOLINK',
		'evo link',
		'Evo-Link',
		' evolink\u200b',
		'ｅｖｏｌｉｎｋ',
	].map((name) => [name, 'evoLink']),
	...['apiMart', 'api mart', 'APIMart', 'API-Mart', 'api_mart'].map((name) => [name, 'apiMart']),
	...['apiInOne', 'API in One', 'api in one', 'API-IN-ONE', 'apiin.one'].map((name) => [
		name,
		'apiInOne',
	]),
])('the name %j matches the provider %s', (name, id) => {
	expect(matchProvider(name)?.id).toBe(id);
});

it.each(['', 'evo', 'EvoLink Pro', 'mart', 'toString', undefined, null, {}, 7])(
	'the name %j matches no provider',
	(name) => {
		expect(matchProvider(name)).toBeUndefined();
	},
);

it.each<[Provider, string, string]>([
	[evoLink, 'DOUBAO-SEEDREAM-4.5', 'doubao-seedream-4.5'],
	[evoLink, 'Doubao Seedream 4.5', 'doubao-seedream-4.5'],
	[evoLink, 'doubao_seedream_4_0', 'doubao-seedream-4.0'],
	[evoLink, 'Seedream 4.5', 'doubao-seedream-4.5'],
	[evoLink, 'seedream4.0', 'doubao-seedream-4.0'],
	[evoLink, 'SEEDREAM-4-0\u200b', 'doubao-seedream-4.0'],
	[evoLink, 'Seedream 4.5 Edit', 'doubao-seedream-4.5'],
	[apiMart, 'seedream 4.5', 'doubao-seedance-4-5'],
	[apiMart, 'DOUBAO-SEEDREAM-4-5', 'doubao-seedance-4-5'],
	[apiInOne, 'Seedream 4.5 text to image', 'seedream/4.5-text-to-image'],
	[apiInOne, 'Seedream 4.5', 'seedream/4.5-text-to-image'],
	[apiInOne, 'SEEDREAM/4.5-TEXT-TO-IMAGE', 'seedream/4.5-text-to-image'],
	[apiInOne, 'Automatic', 'seedream/4.5-text-to-image'],
	[evoLink, 'AUTO', 'doubao-seedream-5.0-lite'],
	[apiMart, 'Automatic', 'seedream-5-0-lite'],
])('%#: a model is found whatever its spelling', (provider, model, sent) => {
	expect(checkRequest(provider, rawRow({ model }))).toMatchObject({
		ok: true,
		value: { modelId: sent },
	});
});

it('Custom can be written in any case', () => {
	const raw = rawRow({ model: ' Custom', customModel: 'seedream-9\u200b' });
	expect(checkRequest(evoLink, raw)).toMatchObject({ ok: true, value: { modelId: 'seedream-9' } });
});

it.each(['undefined', '{{ $json.model }}', '[object Object]', '#N/A'])(
	'the custom model %j is rejected',
	(customModel) => {
		const checked = checkRequest(evoLink, rawRow({ model: 'custom', customModel }));
		expect(checked.ok ? [] : checked.problems).toEqual([
			expect.stringMatching(/^'Custom Model' (is|contains) /),
		]);
	},
);

it.each(['Seedream', 'Seedream 4', 'Seedream 9', '4.5', 'doubao', 'constructor'])(
	'the name %j matches no model',
	(model) => {
		expect(checkRequest(evoLink, rawRow({ model })).ok).toBe(false);
	},
);

it('no two models of a provider share a name', () => {
	const key = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '');
	for (const { models } of providers) {
		const names = models.map(({ id, aliases, label }) => new Set([id, ...aliases, label].map(key)));
		const all = names.flatMap((own) => [...own]);
		expect(new Set(all).size).toBe(all.length);
	}
});

import {
	NodeHelpers,
	type INode,
	type INodeParameters,
	type INodeProperties,
	type INodePropertyOptions,
} from 'n8n-workflow';

import { generateFields } from '../../../../nodes/Seedream/fields/generateFields';
import { readGenerateRow } from '../../../../nodes/Seedream/n8n/readRow';
import { RowFields } from '../../../../nodes/Seedream/n8n/rowFields';
import { providers } from '../../../../nodes/Seedream/providers';
import { customModel } from '../../../../nodes/Seedream/providers/customModel';
import {
	NODE_VERSIONS,
	type Model,
	type NodeVersion,
	type Parameter,
	type Provider,
} from '../../../../nodes/Seedream/providers/provider';
import { SeedreamGenerate } from '../../../../nodes/Seedream/SeedreamGenerate.node';
import { fakeContext, NODE as OLD_NODE } from '../fakeContext';

const NODE: INode = { ...OLD_NODE, typeVersion: NODE_VERSIONS[1] };
const { description } = new SeedreamGenerate();
const TOP = ['aspectRatio', 'resolution', 'imageCount'];
const NESTED = [
	'promptOptimization',
	'sequentialImageGeneration',
	'maxImages',
	'watermark',
	'outputFormat',
	'background',
	'webSearch',
	'callbackUrl',
];

const additionalFields = collection('additionalFields');

function collection(name: string): INodeProperties[] {
	const field = generateFields.find((one) => one.name === name);
	return (field?.options ?? []).flatMap((option) => ('type' in option ? [option] : []));
}

function shownAtTop(values: INodeParameters, node = NODE): INodeProperties[] {
	return generateFields.filter((field) =>
		NodeHelpers.displayParameter(values, field, node, description),
	);
}

function shownInside(values: INodeParameters): INodeProperties[] {
	return additionalFields.filter((field) =>
		NodeHelpers.displayParameter({}, field, NODE, description, values),
	);
}

/** As n8n saves a node that the user leaves as it is. */
function saved(values: INodeParameters, typeVersion: NodeVersion): INodeParameters {
	const node = { ...NODE, typeVersion };
	return (
		NodeHelpers.getNodeParameters(generateFields, values, true, false, node, description) ?? {}
	);
}

function optionValues({ options = [] }: INodeProperties): unknown[] {
	return options.map((option) => (option as INodePropertyOptions).value);
}

/** Every value of the model field, with its model. */
const CHOICES: Array<[string, Provider, string, Model]> = providers.flatMap((provider) => {
	const named = provider.models.flatMap((model) =>
		[model.id, ...model.aliases].map((id): [string, Model] => [id, model]),
	);
	const automatic: Array<[string, Model]> = provider.automatic
		? [
				['auto', provider.automatic.pick(0)],
				['auto', provider.automatic.pick(1)],
			]
		: [];
	const all = [...named, ...automatic, ['custom', customModel(provider, 'custom')] as const];
	return all.map(([id, model]): [string, Provider, string, Model] => [
		`${provider.id} ${id}`,
		provider,
		id,
		model,
	]);
});

function isImageFields({ name }: INodeProperties): boolean {
	return name === 'imageFields';
}

/** A value that is not the default. */
function someValue(parameter: Parameter): string | number | boolean {
	switch (parameter.kind) {
		case 'choice':
			return parameter.options.at(-1) ?? '';
		case 'integer':
			return 3;
		case 'boolean':
			return true;
		case 'callback':
			return 'https://hook.example';
	}
}

describe.each(CHOICES)('with %s', (_name, provider, model, table) => {
	const values = { provider: provider.id, model };
	const shown = [
		...shownAtTop(values).filter(({ name }) => TOP.includes(name)),
		...shownInside(values).filter(({ name }) => NESTED.includes(name)),
	];

	it('every parameter of the model has one field, and there are no others', () => {
		expect(shown.map(({ name }) => name).sort()).toEqual(Object.keys(table.parameters).sort());
	});

	it('every field offers what the model allows and names the API parameter', () => {
		for (const [name, parameter] of Object.entries(table.parameters)) {
			const field = shown.find((one) => one.name === name);
			expect(field?.description).toContain(`API parameter: ${parameter.sentAs}.`);
			if (parameter.label) expect(field?.displayName).toBe(parameter.label);
			if (parameter.note) expect(field?.description).toContain(parameter.note.replace(/\.$/, ''));
			if (field && parameter.kind === 'choice') {
				const free = parameter.pixelSize ? ['custom'] : [];
				expect(optionValues(field)).toEqual(['default', ...parameter.options, ...free]);
			}
			if (parameter.kind === 'integer') {
				expect(field).toMatchObject({ type: 'number', typeOptions: { minValue: parameter.min } });
				expect(field?.typeOptions?.maxValue ?? Infinity).toBe(parameter.max);
			}
		}
	});

	it('the reference fields are shown only if the model accepts references', () => {
		const fields = shownAtTop(values).filter(({ name }) => name === 'imageUrls');
		const { max } =
			model === 'auto' ? (provider.automatic?.pick(1) ?? table).references : table.references;
		expect(fields).toHaveLength(max === 0 ? 0 : 1);
		const files = shownAtTop(values).filter(({ name }) => name === 'imageFields');
		expect(files).toHaveLength(max === 0 ? 0 : 1);
		for (const { description: text } of fields) {
			expect(/(?:Up to|Exactly) (\d+)\./.exec(text ?? '')?.[1]).toBe(
				max === Infinity ? undefined : String(max),
			);
		}
	});

	it('the limits for reference files are part of the description', () => {
		const { file } =
			model === 'auto' ? (provider.automatic?.pick(1) ?? table).references : table.references;
		const { fileReferences: route } = provider;
		const maxBytes = Math.min(file.maxBytes, route.kind === 'upload' ? route.maxBytes : Infinity);
		for (const { description: text } of shownAtTop(values).filter(isImageFields)) {
			expect(text).toContain(`up to ${maxBytes / 1024 ** 2} MB each`);
			expect(text).toContain(`an aspect ratio of up to ${Math.round(file.maxRatio)}:1`);
		}
	});

	it('the description lists only formats that can be sent to the provider', () => {
		const { file } =
			model === 'auto' ? (provider.automatic?.pick(1) ?? table).references : table.references;
		const { fileReferences: route } = provider;
		const possible = file.formats.filter(
			(format) => route.kind === 'signedLink' || route.formats.includes(format),
		);
		for (const { description: text } of shownAtTop(values).filter(isImageFields)) {
			const named = /\. ([A-Z, ]+), up to/.exec(text ?? '')?.[1]?.split(', ') ?? [];
			expect(named.sort()).toEqual(possible.map((format) => format.toUpperCase()).sort());
		}
	});

	it('Send Binary As is shown only if the model accepts data URIs', () => {
		const names = shownInside(values).map(({ name }) => name);
		expect(names.filter((name) => name === 'sendBinaryAs')).toHaveLength(
			table.references.dataUri ? 1 : 0,
		);
	});

	it('Ask for Count is shown only if the number of images is an upper limit', () => {
		const names = shownInside(values).map(({ name }) => name);
		const { imageCount } = table.parameters;
		expect(names.filter((name) => name === 'askForCount')).toHaveLength(
			imageCount?.kind === 'integer' && imageCount.isUpperBound ? 1 : 0,
		);
	});

	it.each(NODE_VERSIONS)(
		'the model field of version %s lists the models of the provider',
		(version) => {
			const [field, ...others] = shownAtTop(values, { ...NODE, typeVersion: version }).filter(
				({ name }) => name === 'model',
			);
			expect(others).toEqual([]);
			expect(field && optionValues(field)).toEqual([
				...(provider.automatic ? ['auto'] : []),
				...provider.models.map(({ id }) => id),
				'custom',
			]);
		},
	);

	it('Custom Model is shown only if the model is Custom', () => {
		const names = shownAtTop(values).map(({ name }) => name);
		expect(names.includes('customModel')).toBe(model === 'custom');
	});

	it('values stay set if the provider comes from the row', () => {
		for (const [name, parameter] of Object.entries(table.parameters)) {
			const value = someValue(parameter);
			const set = TOP.includes(name) ? { [name]: value } : { additionalFields: { [name]: value } };
			const node = { provider: '={{ $json.provider }}', model, prompt: 'A quiet lake', ...set };
			expect(
				NodeHelpers.getNodeParameters(generateFields, node, true, false, NODE, description),
			).toMatchObject(set);
		}
	});

	it('values stay set', () => {
		for (const [name, parameter] of Object.entries(table.parameters)) {
			const value = someValue(parameter);
			const set = TOP.includes(name) ? { [name]: value } : { additionalFields: { [name]: value } };
			const node = { ...values, prompt: 'A quiet lake', ...set };
			for (const withDefaults of [true, false]) {
				expect(
					NodeHelpers.getNodeParameters(
						generateFields,
						node,
						withDefaults,
						false,
						NODE,
						description,
					),
				).toMatchObject(set);
			}
		}
	});

	it('empty fields request nothing', async () => {
		const node = { ...values, prompt: 'A quiet lake', customModel: 'seedream-9' };
		const parameters = NodeHelpers.getNodeParameters(
			generateFields,
			{ ...node, imageUrls: table.references.min > 0 ? 'https://a.example/1.png' : '' },
			true,
			false,
			NODE,
			description,
		);
		expect(
			await readGenerateRow(new RowFields(fakeContext({ rows: [{ ...parameters }] }), 0)),
		).toMatchObject({
			ok: true,
			value: { request: { values: {}, extraBody: {} } },
		});
	});
});

/** The settings in the documentation of each model, besides the callback URL. */
const DOCUMENTED_FIELDS: Array<[provider: string, model: string, fields: string]> = [
	['evoLink', 'doubao-seedream-4.5', 'aspectRatio resolution imageCount promptOptimization'],
	['evoLink', 'doubao-seedream-4.0', 'aspectRatio resolution imageCount promptOptimization'],
	[
		'evoLink',
		'doubao-seedream-5.0-lite',
		'aspectRatio resolution imageCount promptOptimization outputFormat webSearch',
	],
	[
		'evoLink',
		'doubao-seedream-5.0-flash',
		'aspectRatio resolution promptOptimization watermark outputFormat background',
	],
	[
		'evoLink',
		'doubao-seedream-5.0-pro',
		'aspectRatio resolution promptOptimization watermark outputFormat background',
	],
	['evoLink', 'doubao-seedream-5.0-flash-layerize', 'resolution promptOptimization outputFormat'],
	['evoLink', 'doubao-seedream-5.0-pro-layerize', 'resolution promptOptimization outputFormat'],
	[
		'apiMart',
		'doubao-seedance-4-5',
		'aspectRatio resolution imageCount promptOptimization sequentialImageGeneration maxImages watermark',
	],
	[
		'apiMart',
		'seedream-4-0',
		'aspectRatio resolution imageCount promptOptimization sequentialImageGeneration maxImages watermark',
	],
	['apiMart', 'seedream-5-0-lite', 'aspectRatio resolution imageCount outputFormat'],
	['apiMart', 'seedream-5-0-flash', 'aspectRatio resolution outputFormat background'],
	['apiMart', 'seedream-5-0-pro', 'aspectRatio resolution outputFormat background'],
	['apiInOne', 'auto', 'aspectRatio resolution'],
	['apiInOne', 'seedream/4.5-text-to-image', 'aspectRatio resolution'],
	['apiInOne', 'seedream/4.5-edit', 'aspectRatio resolution'],
];

describe.each(DOCUMENTED_FIELDS)('the fields of %s %s', (provider, model, fields) => {
	const values = { provider, model };
	const isSetting = (name: string) => [...TOP, ...NESTED].includes(name);

	it(`are those that its documentation has: ${provider} ${model}`, () => {
		const names = [...shownAtTop(values), ...shownInside(values)].map(({ name }) => name);
		expect(names.filter(isSetting).sort()).toEqual([...fields.split(' '), 'callbackUrl'].sort());
	});

	it.each(NODE_VERSIONS)(
		`start with the provider, the model and the prompt in version %s: ${provider} ${model}`,
		(version) => {
			const names = shownAtTop(values, { ...NODE, typeVersion: version }).map(({ name }) => name);
			expect(names.slice(0, 3)).toEqual(['provider', 'model', 'prompt']);
			expect(names.filter((name) => name === 'prompt')).toHaveLength(1);
		},
	);

	it(`require a prompt unless the model splits an image: ${provider} ${model}`, () => {
		const prompt = shownAtTop(values).find(({ name }) => name === 'prompt');
		const isLayered = model.endsWith('-layerize');
		expect(prompt?.required).toBe(!isLayered);
		const issues = NodeHelpers.getNodeParametersIssues(
			generateFields,
			{ ...NODE, parameters: { ...values, prompt: '' } },
			description,
		);
		expect(Object.keys(issues?.parameters ?? {})).toEqual(isLayered ? [] : ['prompt']);
	});
});

it.each<[provider: string, model: string, field: string, values: string]>([
	['evoLink', 'doubao-seedream-5.0-lite', 'resolution', 'default 2K 3K 4K'],
	['evoLink', 'doubao-seedream-5.0-flash', 'resolution', 'default 1K 1.5K 2K'],
	['evoLink', 'doubao-seedream-5.0-pro-layerize', 'resolution', 'default auto 1K 1.5K 2K'],
	['evoLink', 'doubao-seedream-5.0-flash', 'promptOptimization', 'default standard'],
	['evoLink', 'doubao-seedream-5.0-pro', 'promptOptimization', 'default standard fast'],
	['evoLink', 'doubao-seedream-5.0-pro', 'background', 'default opaque transparent'],
	['evoLink', 'doubao-seedream-5.0-lite', 'outputFormat', 'default png jpeg'],
	[
		'apiMart',
		'seedream-5-0-lite',
		'aspectRatio',
		'default 1:1 4:3 3:4 16:9 9:16 3:2 2:3 2:1 1:2 21:9 auto',
	],
	[
		'apiMart',
		'seedream-5-0-pro',
		'aspectRatio',
		'default auto 1:1 4:3 3:4 16:9 9:16 3:2 2:3 2:1 1:2 21:9',
	],
])('%s %s offers %s with %s', (provider, model, name, options) => {
	const values = { provider, model };
	const [field] = [...shownAtTop(values), ...shownInside(values)].filter(
		(one) => one.name === name,
	);
	expect(field && optionValues(field)).toEqual(options.split(' '));
});

it('if the model comes from the row, both prompt fields are shown and keep their value', () => {
	const values = { provider: 'evoLink', model: '={{ $json.model }}', prompt: '={{ $json.text }}' };
	expect(saved(values, 1.1)).toMatchObject(values);
});

describe('the field definitions with the same name', () => {
	const all = [...generateFields, ...additionalFields, ...collection('options')];
	const names = [...new Set(all.map(({ name }) => name))];

	it.each(names.filter((name) => name !== 'model'))('%s share their default', (name) => {
		const defaults = all.filter((field) => field.name === name).map((field) => field.default);
		expect(new Set(defaults.map((value) => JSON.stringify(value))).size).toBe(1);
	});

	it.each(names)('%s share their type', (name) => {
		const types = all.filter((field) => field.name === name).map(({ type }) => type);
		expect(new Set(types).size).toBe(1);
	});

	it('option fields have a default that is one of their options', () => {
		for (const field of all.filter(({ type }) => type === 'options')) {
			expect(optionValues(field)).toContain(field.default);
		}
	});
});

describe('if the provider comes from the row', () => {
	it.each(
		providers.flatMap((provider) =>
			NODE_VERSIONS.map((version) => [version, provider.id, provider] as const),
		),
	)(
		'the default model of version %s shows all its fields at %s',
		(version, provider, { automatic, defaultModels }) => {
			const { model = null } = saved({ provider: '={{ $json.provider }}' }, version);
			const { parameters } = automatic?.pick(1) ?? defaultModels[version];
			const values = { provider, model };
			const names = shownAtTop(values).map(({ name }) => name);
			expect(names.filter((name) => TOP.includes(name)).sort()).toEqual(
				TOP.filter((name) => name in parameters).sort(),
			);
			expect(names).toEqual(expect.arrayContaining(['prompt', 'imageUrls', 'imageFields']));
			expect(shownInside(values).map(({ name }) => name)).toEqual(
				expect.arrayContaining(NESTED.filter((name) => name in parameters)),
			);
		},
	);

	it('the editor accepts options of other providers and other spellings', () => {
		const fromTables = ['model', 'aspectRatio', 'resolution', 'promptOptimization'];
		const fields = [...generateFields, ...additionalFields].filter(
			({ name, type }) => type === 'options' && fromTables.includes(name),
		);
		expect(fields.filter(({ allowArbitraryValues }) => !allowArbitraryValues)).toEqual([]);
	});

	const parameters = NodeHelpers.getNodeParameters(
		generateFields,
		{ provider: '={{ $json.provider }}', prompt: 'A quiet lake' },
		true,
		false,
		NODE,
		description,
	);

	it.each(providers.map(({ id }) => id))('a row of %s needs nothing but a prompt', async (id) => {
		const row = { ...parameters, provider: id };
		expect(await readGenerateRow(new RowFields(fakeContext({ rows: [row] }), 0))).toMatchObject({
			ok: true,
			value: { provider: { id }, request: { values: {}, references: [], extraBody: {} } },
		});
	});

	it.each(CHOICES.filter(([, , model]) => model !== 'auto'))(
		'and the model too, a row of %s needs no other settings',
		async (_name, provider, model, table) => {
			const node = {
				provider: '={{ $json.provider }}',
				model: '={{ $json.model }}',
				prompt: '={{ $json.prompt }}',
			};
			const shared = NodeHelpers.getNodeParameters(
				generateFields,
				node,
				true,
				false,
				NODE,
				description,
			);
			const row = {
				...shared,
				provider: provider.id,
				model,
				customModel: 'seedream-9',
				prompt: 'A quiet lake',
				imageUrls: table.references.min > 0 ? 'https://a.example/1.png' : '',
			};
			expect(await readGenerateRow(new RowFields(fakeContext({ rows: [row] }), 0))).toMatchObject({
				ok: true,
				value: { request: { values: {} } },
			});
		},
	);

	it.each<[string, INodeParameters]>([
		['the provider', { provider: '={{ $json.provider }}' }],
		['the model', { provider: 'evoLink', model: '={{ $json.model }}' }],
		['both', { provider: '={{ $json.provider }}', model: '={{ $json.model }}' }],
	])('n8n reports no issues about %s from the row', (_what, fields) => {
		const values = { ...fields, prompt: '={{ $json.prompt }}' };
		const node = {
			...NODE,
			parameters:
				NodeHelpers.getNodeParameters(generateFields, values, true, false, NODE, description) ?? {},
		};
		expect(NodeHelpers.getNodeParametersIssues(generateFields, node, description)).toBeNull();
	});

	it('expressions stay set', () => {
		const values: INodeParameters = {
			provider: '={{ $json.provider }}',
			model: '={{ $json.model }}',
			prompt: '={{ $json.prompt }}',
			imageFields: '={{ $json.fields }}',
			aspectRatio: '={{ $json.ratio }}',
			resolution: '={{ $json.resolution }}',
			imageCount: '={{ $json.count }}',
			width: '={{ $json.width }}',
			customModel: '={{ $json.custom }}',
			additionalFields: {
				promptOptimization: '={{ $json.speed }}',
				watermark: '={{ $json.watermark }}',
				maxImages: '={{ $json.max }}',
				callbackUrl: '={{ $json.hook }}',
				sendBinaryAs: '={{ $json.send }}',
				askForCount: '={{ $json.ask }}',
			},
		};
		expect(
			NodeHelpers.getNodeParameters(generateFields, values, true, false, NODE, description),
		).toMatchObject(values);
	});
});

describe('width and height', () => {
	it.each([
		['custom', true],
		['1:1', false],
		['default', false],
		['={{ $json.ratio }}', true],
	])('are shown with the ratio %s: %s', (aspectRatio, expected) => {
		const model = 'doubao-seedream-4.5';
		const names = shownAtTop({ provider: 'evoLink', model, aspectRatio }).map(({ name }) => name);
		expect(names.includes('width')).toBe(expected);
		expect(names.includes('height')).toBe(expected);
	});
});

describe('the fields for finished images', () => {
	const imageFields = ['downloadImages', 'outputField', 'outputItems'];

	it.each<[INodeParameters, string[]]>([
		[{ continueWhen: 'finished', downloadImages: true }, imageFields],
		[{ continueWhen: 'finished', downloadImages: false }, ['downloadImages', 'outputItems']],
		[{ continueWhen: 'submitted', downloadImages: true }, []],
		[{ continueWhen: 'preview', downloadImages: true }, []],
	])('are shown only if the node returns images: %j', (values, names) => {
		const shown = shownAtTop(values).map(({ name }) => name);
		expect(shown.filter((name) => imageFields.includes(name))).toEqual(names);
	});
});

describe('the node', () => {
	it.each<[string, string[]]>([
		...providers.map(({ id, credential }): [string, string[]] => [id, [credential]]),
		['={{ $json.provider }}', providers.map(({ credential }) => credential)],
	])('shows the credential of the provider %s and requires none', (provider, names) => {
		const { credentials = [] } = description;
		const shown = credentials.filter((credential) =>
			NodeHelpers.displayParameter({ provider }, credential, NODE, description),
		);
		expect(shown.map(({ name }) => name)).toEqual(names);
		expect(credentials.filter(({ required }) => required)).toEqual([]);
	});

	it('has the fields that saved workflows use', () => {
		expect([...new Set(description.properties.map(({ name }) => name))]).toEqual([
			'provider',
			'model',
			'customModel',
			'prompt',
			'aspectRatio',
			'width',
			'height',
			'resolution',
			'imageCount',
			'imageUrls',
			'imageFields',
			'continueWhen',
			'downloadImages',
			'outputField',
			'outputItems',
			'toolOutput',
			'toolFields',
			'additionalFields',
			'options',
		]);
	});

	it('has the additional fields and options that saved workflows use', () => {
		const names = (fields: INodeProperties[]) => [...new Set(fields.map(({ name }) => name))];
		expect(names(additionalFields)).toEqual([
			'askForCount',
			'background',
			'callbackData',
			'callbackUrl',
			'extraBody',
			'maxImages',
			'outputFormat',
			'promptOptimization',
			'sendBinaryAs',
			'sequentialImageGeneration',
			'watermark',
			'webSearch',
		]);
		expect(names(collection('options'))).toEqual([
			'checkReferences',
			'concurrency',
			'fallbackOnContentPolicy',
			'fallbacks',
			'fileName',
			'layersFile',
			'maxCost',
			'pollInterval',
			'memoryTable',
			'reuse',
			'rowKey',
			'simplify',
			'timeout',
		]);
	});

	it.each<[NodeVersion, string, string]>([
		[1, 'evoLink', 'doubao-seedream-4.5'],
		[1.1, 'evoLink', 'doubao-seedream-5.0-lite'],
		[1, 'apiMart', 'doubao-seedance-4-5'],
		[1.1, 'apiMart', 'seedream-5-0-lite'],
		[1, 'apiInOne', 'auto'],
		[1.1, 'apiInOne', 'auto'],
	])('in version %s with %s has the default model %s', (version, provider, model) => {
		expect(saved({ provider }, version)).toMatchObject({ model });
	});

	it.each(NODE_VERSIONS)('in version %s defaults to EvoLink, with files in "data"', (version) => {
		expect(saved({}, version)).toMatchObject({
			provider: 'evoLink',
			continueWhen: 'finished',
			downloadImages: true,
			outputField: 'data',
			outputItems: 'perImage',
		});
	});

	it('requires a prompt', () => {
		const parameters = { provider: 'evoLink', model: 'doubao-seedream-4.5', prompt: '' };
		const issues = NodeHelpers.getNodeParametersIssues(
			generateFields,
			{ ...NODE, parameters },
			description,
		);
		expect(issues?.parameters).toHaveProperty('prompt');
	});
});

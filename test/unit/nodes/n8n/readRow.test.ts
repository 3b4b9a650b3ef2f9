import { get } from 'lodash';
import type { IExecuteFunctions, INodeParameters } from 'n8n-workflow';

import {
	isEmptyGenerateRow,
	isEmptyRow,
	readGenerateRow,
	readRowSettings,
	readStatusRow,
} from '../../../../nodes/Seedream/n8n/readRow';
import { RowFields } from '../../../../nodes/Seedream/n8n/rowFields';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { fakeContext } from '../fakeContext';

const ROW = {
	provider: 'evoLink',
	model: 'doubao-seedream-4.5',
	prompt: 'A quiet lake',
	imageUrls: '',
	aspectRatio: 'default',
	resolution: 'default',
	imageCount: 1,
	continueWhen: 'finished',
	downloadImages: true,
	outputField: 'data',
	outputItems: 'perImage',
	additionalFields: {},
	options: {},
};

async function generateRow(fields: object = {}) {
	return await readGenerateRow(new RowFields(fakeContext({ rows: [{ ...ROW, ...fields }] }), 0));
}

const STATUS_ROW = {
	provider: 'apiMart',
	taskId: 'task_01, task_02',
	continueWhen: 'now',
	downloadImages: false,
	outputItems: 'perTask',
	options: { timeout: 5 },
};

async function statusRow(fields: object = {}) {
	return await readStatusRow(
		new RowFields(fakeContext({ rows: [{ ...STATUS_ROW, ...fields }] }), 0),
	);
}

describe('a row of Seedream Generate', () => {
	it('a row of Seedream Generate is read with its defaults', async () => {
		expect(await generateRow()).toMatchObject({
			ok: true,
			value: {
				provider: { id: 'evoLink' },
				request: { modelId: 'doubao-seedream-4.5', prompt: 'A quiet lake', values: {} },
				continueWhen: 'finished',
				options: { downloadImages: true, timeout: 600 },
			},
		});
	});

	it('a row of Seedream Generate is read from its own item', async () => {
		const rows = [ROW, { ...ROW, provider: 'apiInOne', model: 'auto', prompt: 'A hill' }];
		expect(await readGenerateRow(new RowFields(fakeContext({ rows }), 1))).toMatchObject({
			ok: true,
			value: {
				provider: { id: 'apiInOne' },
				request: { modelId: 'seedream/4.5-text-to-image', prompt: 'A hill' },
			},
		});
	});

	it.each([
		[1, 'doubao-seedream-4.5'],
		[1.1, 'doubao-seedream-5.0-lite'],
		// A node from a newer version of the package.
		[1.2, 'doubao-seedream-5.0-lite'],
	])(
		'a row of Seedream Generate %s without a model has the default of that version',
		async (typeVersion, modelId) => {
			for (const model of ['', 'auto']) {
				const context = fakeContext({ rows: [{ ...ROW, model }], node: { typeVersion } });
				expect(await readGenerateRow(new RowFields(context, 0))).toMatchObject({
					ok: true,
					value: { request: { modelId } },
				});
			}
		},
	);

	it('a row of Seedream Generate has its top-level fields and its Additional Fields', async () => {
		const fields = {
			provider: 'apiMart',
			model: 'doubao-seedance-4-5',
			imageUrls: 'https://a.example/1.png',
			aspectRatio: '16:9',
			resolution: '4K',
			imageCount: 2,
			additionalFields: {
				promptOptimization: 'fast',
				sequentialImageGeneration: 'auto',
				maxImages: 4,
				watermark: true,
				callbackUrl: 'https://hook.example',
				sendBinaryAs: 'dataUri',
				extraBody: '{"seed": 7}',
			},
		};
		expect(await generateRow(fields)).toMatchObject({
			ok: true,
			value: {
				request: {
					references: [{ kind: 'link', url: 'https://a.example/1.png' }],
					values: {
						aspectRatio: '16:9',
						resolution: '4K',
						imageCount: 2,
						promptOptimization: 'fast',
						sequentialImageGeneration: 'auto',
						maxImages: 4,
						watermark: true,
						callbackUrl: 'https://hook.example',
					},
					sendBinaryAs: 'dataUri',
					extraBody: { seed: 7 },
				},
			},
		});
	});

	it('a row of Seedream Generate can ask for the number of images in the prompt, and have its links checked', async () => {
		const fields = {
			imageCount: 3,
			additionalFields: { askForCount: true },
			options: { checkReferences: true },
		};
		expect(await generateRow(fields)).toMatchObject({
			ok: true,
			value: {
				request: { promptSent: expect.stringMatching(/\nGenerate 3 different images\.$/) },
				options: { checkReferences: true },
			},
		});
	});

	it('a row of Seedream Generate is read without the hidden fields', async () => {
		const context = fakeContext({
			rows: [{ provider: 'apiInOne', model: 'auto', prompt: 'A quiet lake' }],
		});
		expect(await readGenerateRow(new RowFields(context, 0))).toMatchObject({
			ok: true,
			value: { request: { values: {} }, options: { downloadImages: false } },
		});
	});

	it.each([undefined, null, {}])(
		'a row of Seedream Generate is read with %j as Additional Fields',
		async (fields) => {
			expect(await generateRow({ additionalFields: fields })).toMatchObject({ ok: true });
		},
	);

	it.each([[[]], ['{"watermark": true}'], [7]])(
		"a row of Seedream Generate is refused for Additional Fields that aren't an object: %j",
		async (fields) => {
			expect(await generateRow({ additionalFields: fields })).toMatchObject({
				ok: false,
				failure: { message: "'Additional Fields' must be an object" },
			});
		},
	);

	it.each([' evoLink\n', 'EvoLink', 'EVO LINK', 'evolink\u200b'])(
		'a row of Seedream Generate accepts the provider as people write it: %j',
		async (provider) => {
			expect(await generateRow({ provider })).toMatchObject({ ok: true });
		},
	);

	it.each(['', 'EvoLink Pro', 'evolink2', undefined])(
		'a row of Seedream Generate with the provider %j is refused with the names of all providers',
		async (provider) => {
			expect(await generateRow({ provider })).toEqual({
				ok: false,
				failure: expect.objectContaining({
					message: `'Provider' is "${String(provider)}" but must be one of evoLink (EvoLink), apiMart (APIMart), apiInOne (API in One)`,
					code: 'invalid_row',
					charged: 'no',
					provider: undefined,
				}),
			});
		},
	);

	it('a row of Seedream Generate is refused with all of its problems', async () => {
		const fields = { prompt: '', continueWhen: 'later', options: { timeout: 0 } };
		const row = await generateRow(fields);
		expect(row).toMatchObject({ ok: false, failure: { charged: 'no', provider: 'evoLink' } });
		expect(row.ok ? [] : row.failure.message.split(/\. (?=')/)).toEqual([
			"'Prompt' is empty",
			`'Continue When' is "later" but must be one of finished, submitted, preview`,
			expect.stringMatching(/^'Timeout' /),
		]);
	});
});

describe('a row of Seedream Generate that already has a task', () => {
	const readPaidRow = async (fields: object) =>
		await readRowSettings(
			new RowFields(fakeContext({ rows: [{ ...ROW, ...fields }] }), 0),
			apiMart,
		);

	it.each([
		['its request is now invalid', { prompt: '', model: 'm', imageUrls: 'nothing' }],
		['it now has another provider', { provider: 'evoLink' }],
		['it now has no provider', { provider: '' }],
		['its files are now missing', { imageFields: 'gone' }],
	])('the settings of a row with a task are read even if %s', async (_what, fields) => {
		const row = await readPaidRow({
			...fields,
			continueWhen: 'submitted',
			options: { timeout: 7 },
		});
		expect(row).toMatchObject({
			ok: true,
			value: { provider: apiMart, continueWhen: 'submitted', options: { timeout: 7 } },
		});
	});

	it('the settings of a row with a task are refused if they are invalid', async () => {
		expect(await readPaidRow({ options: { timeout: 0 } })).toMatchObject({
			ok: false,
			failure: { provider: 'apiMart', message: expect.stringMatching(/^'Timeout' /) },
		});
	});
});

describe('a row of Seedream Task Status', () => {
	it('a row of Seedream Task Status is read', async () => {
		expect(await statusRow()).toMatchObject({
			ok: true,
			value: {
				provider: { id: 'apiMart' },
				taskIds: ['task_01', 'task_02'],
				continueWhen: 'now',
				options: { downloadImages: false, outputItems: 'perTask', timeout: 5 },
			},
		});
	});

	it('a row of Seedream Task Status checks its tasks once by default', async () => {
		expect(await statusRow({ continueWhen: undefined })).toMatchObject({ ok: false });
		const rows = [{ provider: 'apiMart', taskId: 'task_01' }];
		expect(await readStatusRow(new RowFields(fakeContext({ rows }), 0))).toMatchObject({
			ok: true,
			value: { continueWhen: 'now' },
		});
	});

	it('a row of Seedream Task Status accepts an array of task IDs', async () => {
		expect(await statusRow({ taskId: ['task_01', 'task_02'] })).toMatchObject({
			ok: true,
			value: { taskIds: ['task_01', 'task_02'] },
		});
	});

	it.each(['', '  ', ',', [], null, undefined])(
		'a row of Seedream Task Status is refused with %j as its task ID',
		async (taskId) => {
			expect(await statusRow({ taskId })).toMatchObject({
				ok: false,
				failure: { message: "'Task ID' is empty", provider: 'apiMart' },
			});
		},
	);

	it.each(['undefined', 'null', '{{ $json.taskId }}', '[object Object]', [{ name: 'x' }]])(
		"a row of Seedream Task Status is refused with %j, which isn't a task ID",
		async (taskId) => {
			expect(await statusRow({ taskId })).toMatchObject({
				ok: false,
				failure: {
					message: expect.stringMatching(/^'Task ID' contains (".+", which isn't a task ID$|)/),
				},
			});
		},
	);

	it.each([
		[{ taskId: 'task_01' }, 'task_02'],
		'task_01; task_02',
		'[{"taskId":"task_01"},{"id":"task_02"}]',
	])('a row of Seedream Task Status accepts task IDs as %j', async (taskId) => {
		expect(await statusRow({ taskId })).toMatchObject({
			ok: true,
			value: { taskIds: ['task_01', 'task_02'] },
		});
	});

	it('a row of Seedream Task Status is refused with all of its problems', async () => {
		const row = await statusRow({ taskId: '', continueWhen: 'submitted', outputItems: 'x' });
		expect(row.ok ? [] : row.failure.message.split(/\. (?=')/)).toEqual([
			"'Task ID' is empty",
			`'Continue When' is "submitted" but must be one of now, finished`,
			expect.stringMatching(/^'Output' /),
		]);
	});
});

/** A context that evaluates `={{ $json.name }}` as n8n does. */
function expressionContext(
	parameters: Record<string, unknown>,
	items: Array<Record<string, unknown>>,
	settings: Parameters<typeof fakeContext>[0] = {},
): IExecuteFunctions {
	const valueOf = (value: unknown, item: Record<string, unknown> = {}): unknown => {
		if (typeof value === 'object' && value !== null) {
			return Object.fromEntries(
				Object.entries(value).map(([name, inner]) => [name, valueOf(inner, item)]),
			);
		}
		const name = typeof value === 'string' ? /^=?\{\{ \$json\.(\w+) \}\}$/.exec(value)?.[1] : null;
		return name ? item[name] : value;
	};
	const all = { ...ROW, ...parameters };
	return Object.assign(
		fakeContext({ rows: items, node: { parameters: all as INodeParameters }, ...settings }),
		{
			getNodeParameter: (path: string, itemIndex: number, whenHidden: unknown) => {
				const raw: unknown = get(all, path, whenHidden);
				return valueOf(raw, items[itemIndex]);
			},
			evaluateExpression: (part: string, itemIndex: number) => valueOf(part, items[itemIndex]),
		},
	);
}

describe('an expression without a value', () => {
	const problemsOf = async (parameters: object, items: Array<Record<string, unknown>>) => {
		const row = await readGenerateRow(
			new RowFields(expressionContext({ ...parameters }, items), 0),
		);
		return row.ok ? [] : row.failure.message.split(/\. (?=')/);
	};
	const CELL = '={{ $json.cell }}';

	it.each<[string, object, string]>([
		['references', { imageUrls: CELL }, 'Reference Image URLs'],
		['files', { imageFields: CELL }, 'Reference Image Fields'],
		['the prompt', { prompt: CELL }, 'Prompt'],
		['the aspect ratio', { aspectRatio: CELL }, 'Aspect Ratio'],
		['the resolution', { resolution: CELL }, 'Resolution'],
		['the number of images', { imageCount: CELL }, 'Number of Images'],
		[
			'an additional field',
			{ additionalFields: { promptOptimization: CELL } },
			'Prompt Optimization',
		],
		['the output format', { additionalFields: { outputFormat: CELL } }, 'Output Format'],
		['the background', { additionalFields: { background: CELL } }, 'Background'],
		['the web search', { additionalFields: { webSearch: CELL } }, 'Web Search'],
		['the callback URL', { additionalFields: { callbackUrl: CELL } }, 'Callback URL'],
		['the extra body', { additionalFields: { extraBody: CELL } }, 'Extra Body'],
		['the callback data', { additionalFields: { callbackData: CELL } }, 'Callback Data'],
		['the provider', { provider: CELL }, 'Provider'],
	])('an expression without a value is refused in %s', async (_what, parameters, label) => {
		expect(await problemsOf(parameters, [{ other: 1 }])).toEqual([
			expect.stringMatching(
				new RegExp(`^'${label}' uses \\{\\{ \\$json\\.cell \\}\\}, which has no value in this row`),
			),
		]);
	});

	it.each<[string, object]>([
		['references', { imageUrls: CELL }],
		['files', { imageFields: CELL }],
		['the aspect ratio', { aspectRatio: CELL }],
		['the number of images', { imageCount: CELL }],
		['an additional field', { additionalFields: { watermark: CELL } }],
	])('an empty cell is accepted in %s', async (_what, parameters) => {
		for (const cell of ['', null, ' ', '\u200b']) {
			expect(await problemsOf(parameters, [{ cell }])).toEqual([]);
		}
	});

	it('an expression that has a value in another row counts as an empty cell, except in references', async () => {
		const items = [{ other: 1 }, { cell: '16:9' }];
		expect(await problemsOf({ aspectRatio: CELL }, items)).toEqual([]);
		expect(await problemsOf({ imageUrls: CELL }, items)).toHaveLength(1);
	});

	it('a layer model needs no value for the prompt, unless no row has one', async () => {
		const parameters = {
			model: 'doubao-seedream-5.0-pro-layerize',
			prompt: CELL,
			imageUrls: 'https://a.example/1.png',
		};
		expect(await problemsOf(parameters, [{ other: 1 }, { cell: 'Split the text' }])).toEqual([]);
		expect(await problemsOf(parameters, [{ cell: '' }])).toEqual([]);
		expect(await problemsOf(parameters, [{ other: 1 }])).toEqual([
			expect.stringMatching(/^'Prompt' uses \{\{ \$json\.cell \}\}, which has no value/),
		]);
	});

	it('all expressions without a value are reported at once', async () => {
		const parameters = { prompt: CELL, imageUrls: CELL, imageCount: CELL };
		expect(await problemsOf(parameters, [{}])).toHaveLength(3);
	});

	it.each<[string, object]>([
		['the model, which has a default', { model: CELL }],
		["a width and height that aren't used", { width: CELL, height: CELL }],
		['options', { options: { timeout: CELL, fileName: CELL, concurrency: CELL } }],
		['the output fields', { downloadImages: CELL, outputField: CELL, outputItems: CELL }],
	])('an expression without a value is accepted in %s', async (_what, parameters) => {
		expect(await problemsOf(parameters, [{}])).toEqual([]);
	});

	it('an expression without a value is accepted in a row that already has a task', async () => {
		const context = expressionContext({ prompt: CELL, imageUrls: CELL }, [{}]);
		expect(await readRowSettings(new RowFields(context, 0), apiMart)).toMatchObject({ ok: true });
	});
});

describe('a reference link into a private network', () => {
	const readRow = async (baseUrl: string | undefined, isChosen = true) => {
		const context = fakeContext({
			rows: [{ ...ROW, imageUrls: 'http://192.168.1.7/cat.png' }],
			node: { credentials: isChosen ? { evoLinkApi: { id: '1', name: 'EvoLink' } } : {} },
			credentials: baseUrl === undefined ? {} : { evoLinkApi: { baseUrl } },
		});
		return await readGenerateRow(new RowFields(context, 0));
	};

	it.each(['http://127.0.0.1:3000', ' http://provider:8080/ ', 'https://10.0.0.2'])(
		'a link into a private network is accepted for a provider at %j',
		async (baseUrl) => {
			expect(await readRow(baseUrl)).toMatchObject({ ok: true });
		},
	);

	it.each(['https://api.evolink.ai', '', 'localhost', undefined])(
		'a link into a private network is refused for a provider at %j',
		async (baseUrl) => {
			expect(await readRow(baseUrl)).toMatchObject({
				ok: false,
				failure: { message: expect.stringContaining('is in a private network'), charged: 'no' },
			});
		},
	);

	it('a link into a private network is refused without a credential', async () => {
		expect(await readRow('http://127.0.0.1', false)).toMatchObject({ ok: false });
	});
});

describe('an empty row', () => {
	const PARAMETERS = { prompt: '={{ $json.prompt }}', imageUrls: '={{ $json.foto }}' };
	const isEmpty = (
		item: Record<string, unknown>,
		parameters: Record<string, unknown> = PARAMETERS,
	) => isEmptyRow(new RowFields(expressionContext(parameters, [item]), 0), 'prompt');

	it.each([
		{ prompt: '', foto: '' },
		{ prompt: null, foto: ' ' },
		{ prompt: '' },
		{},
		{ row_number: 7 },
	])('a row is empty: %j', (item) => {
		expect(isEmpty(item)).toBe(true);
	});

	it.each([
		{ prompt: '', foto: 'https://a.example/1.png' },
		{ prompt: 'A lake', foto: '' },
		{ Prompt: 'A lake' },
		{ prompt: '\u200b', foto: '' },
	])("a row isn't empty: %j", (item) => {
		expect(isEmpty(item)).toBe(false);
	});

	const withData = (callbackData: string) => ({
		...PARAMETERS,
		additionalFields: { callbackData },
	});

	it.each([
		'={{ $json.row_number }}',
		'={{ { row: $json.row_number } }}',
		'={{ $json["row_number"] }}',
	])("a row's number doesn't fill it in: %s", (callbackData) => {
		const isEmptyWith = (prompt: string) =>
			isEmpty({ prompt, foto: '', done: false, row_number: 7 }, withData(callbackData));
		expect(isEmptyWith('')).toBe(true);
		expect(isEmptyWith('A lake')).toBe(false);
	});

	it.each(['={{ $json }}', '={{ { row: $json.row_number, sku: $json.sku } }}'])(
		"an empty row stays empty if it's part of %s",
		(callbackData) => {
			const isEmptyWith = (sku: string) =>
				isEmpty({ prompt: '', foto: '', sku, row_number: 7 }, withData(callbackData));
			expect(isEmptyWith('')).toBe(true);
			expect(isEmptyWith('A-7')).toBe(false);
		},
	);

	it("a row isn't empty if it has a file for a reference field", () => {
		const withFile = (imageFields: string) => {
			const context = expressionContext({ ...PARAMETERS, imageFields }, [{ prompt: '', foto: '' }]);
			const [item] = context.getInputData();
			const binary = { data: { mimeType: 'image/png', data: '' } };
			Object.assign(context, { getInputData: () => [{ ...item, binary }] });
			return isEmptyRow(new RowFields(context, 0), 'prompt');
		};
		expect(withFile('data')).toBe(false);
		expect(withFile('')).toBe(true);
	});

	it.each<[item: Record<string, unknown>, isLayerRowEmpty: boolean]>([
		[{ prompt: '', foto: '' }, true],
		[{}, true],
		[{ prompt: '', foto: 'https://a.example/1.png' }, false],
		[{ prompt: 'Split the text', foto: '' }, false],
	])('a row of a layer model needs a reference, but no prompt: %j', (item, expected) => {
		const layers = { ...PARAMETERS, model: 'Seedream 5.0 Pro Layers' };
		expect(isEmptyGenerateRow(new RowFields(expressionContext(layers, [item]), 0))).toBe(expected);
		const withoutPrompt = { ...layers, prompt: '' };
		expect(
			isEmptyGenerateRow(new RowFields(expressionContext(withoutPrompt, [{ foto: item.foto }]), 0)),
		).toBe(!item.foto);
		expect(isEmptyGenerateRow(new RowFields(expressionContext(PARAMETERS, [item]), 0))).toBe(
			isEmpty(item),
		);
	});

	it("a row isn't empty if the prompt isn't an expression", () => {
		expect(isEmpty({ foto: '' }, { ...PARAMETERS, prompt: '' })).toBe(false);
	});
});

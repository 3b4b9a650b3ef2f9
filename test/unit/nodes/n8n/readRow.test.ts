import get from 'lodash/get';
import type { IExecuteFunctions, INodeParameters } from 'n8n-workflow';

import {
	isEmptyRow,
	readGenerateRow,
	readRowSettings,
	readStatusRow,
} from '../../../../nodes/Seedream/n8n/readRow';
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
	return await readGenerateRow(fakeContext({ rows: [{ ...ROW, ...fields }] }), 0);
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
	return await readStatusRow(fakeContext({ rows: [{ ...STATUS_ROW, ...fields }] }), 0);
}

describe('a row of Seedream Generate', () => {
	it('is read with its defaults', async () => {
		expect(await generateRow()).toMatchObject({
			ok: true,
			value: {
				provider: { id: 'evoLink' },
				request: { modelId: 'doubao-seedream-4.5', prompt: 'A quiet lake', values: {} },
				continueWhen: 'finished',
				controls: { downloadImages: true, timeout: 600 },
			},
		});
	});

	it('is read from the fields of its own item', async () => {
		const rows = [ROW, { ...ROW, provider: 'apiInOne', model: 'auto', prompt: 'A hill' }];
		expect(await readGenerateRow(fakeContext({ rows }), 1)).toMatchObject({
			ok: true,
			value: {
				provider: { id: 'apiInOne' },
				request: { modelId: 'seedream/4.5-text-to-image', prompt: 'A hill' },
			},
		});
	});

	it('finds settings at the top and in the collection', async () => {
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

	it('asks for the number of images, and looks at links, where the row says so', async () => {
		const fields = {
			imageCount: 3,
			additionalFields: { askForCount: true },
			options: { checkReferences: true },
		};
		expect(await generateRow(fields)).toMatchObject({
			ok: true,
			value: {
				request: { promptSent: expect.stringMatching(/\nGenerate 3 different images\.$/) },
				controls: { checkReferences: true },
			},
		});
	});

	it('needs nothing that is hidden', async () => {
		const context = fakeContext({
			rows: [{ provider: 'apiInOne', model: 'auto', prompt: 'A quiet lake' }],
		});
		expect(await readGenerateRow(context, 0)).toMatchObject({
			ok: true,
			value: { request: { values: {} }, controls: { downloadImages: false } },
		});
	});

	it.each([undefined, null, {}])('does without additional fields: %j', async (fields) => {
		expect(await generateRow({ additionalFields: fields })).toMatchObject({ ok: true });
	});

	it.each([[[]], ['{"watermark": true}'], [7]])(
		'is refused for additional fields that would be lost: %j',
		async (fields) => {
			expect(await generateRow({ additionalFields: fields })).toMatchObject({
				ok: false,
				failure: { message: 'Additional Fields: are not an object of fields' },
			});
		},
	);

	it.each([' evoLink\n', 'EvoLink', 'EVO LINK', 'evolink\u200b'])(
		'takes the provider as people write it: %j',
		async (provider) => {
			expect(await generateRow({ provider })).toMatchObject({ ok: true });
		},
	);

	it.each(['', 'EvoLink Pro', 'evolink2', undefined])(
		'names the providers for %j',
		async (provider) => {
			expect(await generateRow({ provider })).toEqual({
				ok: false,
				failure: expect.objectContaining({
					message: `Provider: "${String(provider)}" is none of evoLink (EvoLink), apiMart (APIMart), apiInOne (API in One)`,
					code: 'invalid_row',
					charged: 'no',
					provider: undefined,
				}),
			});
		},
	);

	it('is refused with everything that is wrong with it', async () => {
		const fields = { prompt: '', continueWhen: 'later', options: { timeout: 0 } };
		const row = await generateRow(fields);
		expect(row).toMatchObject({ ok: false, failure: { charged: 'no', provider: 'evoLink' } });
		expect(row.ok ? [] : row.failure.message.split('; ')).toEqual([
			'Prompt: is empty',
			'Continue When: "later" is not one of finished, submitted',
			expect.stringMatching(/^Timeout: /),
		]);
	});
});

describe('a row of Seedream Generate that has a task already', () => {
	const paid = async (fields: object) =>
		await readRowSettings(fakeContext({ rows: [{ ...ROW, ...fields }] }), 0, apiMart);

	it.each([
		['what it asks for is wrong by now', { prompt: '', model: 'm', imageUrls: 'nothing' }],
		['it names another provider by now', { provider: 'evoLink' }],
		['it names no provider by now', { provider: '' }],
		['its files are gone by now', { imageFields: 'gone' }],
	])('is read for what becomes of that, though %s', async (_what, fields) => {
		const row = await paid({ ...fields, continueWhen: 'submitted', options: { timeout: 7 } });
		expect(row).toMatchObject({
			ok: true,
			value: { provider: apiMart, continueWhen: 'submitted', controls: { timeout: 7 } },
		});
	});

	it('is refused all the same where that is wrong', async () => {
		expect(await paid({ options: { timeout: 0 } })).toMatchObject({
			ok: false,
			failure: { provider: 'apiMart', message: expect.stringMatching(/^Timeout: /) },
		});
	});
});

describe('a row of Seedream Task Status', () => {
	it('is read', async () => {
		expect(await statusRow()).toMatchObject({
			ok: true,
			value: {
				provider: { id: 'apiMart' },
				taskIds: ['task_01', 'task_02'],
				continueWhen: 'now',
				controls: { downloadImages: false, outputItems: 'perTask', timeout: 5 },
			},
		});
	});

	it('asks once while nothing else is said', async () => {
		expect(await statusRow({ continueWhen: undefined })).toMatchObject({ ok: false });
		const rows = [{ provider: 'apiMart', taskId: 'task_01' }];
		expect(await readStatusRow(fakeContext({ rows }), 0)).toMatchObject({
			ok: true,
			value: { continueWhen: 'now' },
		});
	});

	it('takes an array of ids', async () => {
		expect(await statusRow({ taskId: ['task_01', 'task_02'] })).toMatchObject({
			ok: true,
			value: { taskIds: ['task_01', 'task_02'] },
		});
	});

	it.each(['', '  ', ',', [], null, undefined])('needs an id, which %j is not', async (taskId) => {
		expect(await statusRow({ taskId })).toMatchObject({
			ok: false,
			failure: { message: 'Task ID: is empty', provider: 'apiMart' },
		});
	});

	it.each(['undefined', 'null', '{{ $json.taskId }}', '[object Object]', [{ name: 'x' }]])(
		'needs an id, and asks nobody for %j',
		async (taskId) => {
			expect(await statusRow({ taskId })).toMatchObject({
				ok: false,
				failure: { message: expect.stringMatching(/^Task ID: (".+" is no ID of a task$|holds )/) },
			});
		},
	);

	it.each([
		[{ taskId: 'task_01' }, 'task_02'],
		'task_01; task_02',
		'[{"taskId":"task_01"},{"id":"task_02"}]',
	])('takes ids as %j', async (taskId) => {
		expect(await statusRow({ taskId })).toMatchObject({
			ok: true,
			value: { taskIds: ['task_01', 'task_02'] },
		});
	});

	it('is refused with everything that is wrong with it', async () => {
		const row = await statusRow({ taskId: '', continueWhen: 'submitted', outputItems: 'x' });
		expect(row.ok ? [] : row.failure.message.split('; ')).toEqual([
			'Task ID: is empty',
			'Continue When: "submitted" is not one of now, finished',
			expect.stringMatching(/^Output: /),
		]);
	});
});

/** A context in which `={{ $json.name }}` is worked out as n8n does it. */
function expressionContext(
	parameters: Record<string, unknown>,
	items: Array<Record<string, unknown>>,
	more: Parameters<typeof fakeContext>[0] = {},
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
		fakeContext({ rows: items, node: { parameters: all as INodeParameters }, ...more }),
		{
			getNodeParameter: (path: string, itemIndex: number, whenHidden: unknown) => {
				const raw: unknown = get(all, path, whenHidden);
				return valueOf(raw, items[itemIndex]);
			},
			evaluateExpression: (part: string, itemIndex: number) => valueOf(part, items[itemIndex]),
		},
	);
}

describe('an expression that found nothing', () => {
	const problemsOf = async (parameters: object, items: Array<Record<string, unknown>>) => {
		const row = await readGenerateRow(expressionContext({ ...parameters }, items), 0);
		return row.ok ? [] : row.failure.message.split('; ');
	};
	const CELL = '={{ $json.cell }}';

	it.each<[string, object, string]>([
		['references', { imageUrls: CELL }, 'Reference Image URLs'],
		['files', { imageFields: CELL }, 'Reference Image Fields'],
		['the prompt', { prompt: CELL }, 'Prompt'],
		['the ratio', { aspectRatio: CELL }, 'Aspect Ratio'],
		['the resolution', { resolution: CELL }, 'Resolution'],
		['the number', { imageCount: CELL }, 'Number of Images'],
		['a nested setting', { additionalFields: { promptOptimization: CELL } }, 'Prompt Optimization'],
		['a callback', { additionalFields: { callbackUrl: CELL } }, 'Callback URL'],
		['the extra body', { additionalFields: { extraBody: CELL } }, 'Extra Body'],
		['the provider', { provider: CELL }, 'Provider'],
	])('is refused in %s', async (_what, parameters, label) => {
		expect(await problemsOf(parameters, [{ other: 1 }])).toEqual([
			expect.stringMatching(
				new RegExp(`^${label}: \\{\\{ \\$json\\.cell \\}\\} found nothing in this row`),
			),
		]);
	});

	it.each<[string, object]>([
		['references', { imageUrls: CELL }],
		['files', { imageFields: CELL }],
		['the ratio', { aspectRatio: CELL }],
		['the number', { imageCount: CELL }],
		['a nested setting', { additionalFields: { watermark: CELL } }],
	])('is no empty cell of %s', async (_what, parameters) => {
		for (const cell of ['', null, ' ', '\u200b']) {
			expect(await problemsOf(parameters, [{ cell }])).toEqual([]);
		}
	});

	it('is an empty cell of a setting which another row has, but not of references', async () => {
		const items = [{ other: 1 }, { cell: '16:9' }];
		expect(await problemsOf({ aspectRatio: CELL }, items)).toEqual([]);
		expect(await problemsOf({ imageUrls: CELL }, items)).toHaveLength(1);
	});

	it('is all told at once', async () => {
		const parameters = { prompt: CELL, imageUrls: CELL, imageCount: CELL };
		expect(await problemsOf(parameters, [{}])).toHaveLength(3);
	});

	it.each<[string, object]>([
		['the model, of which the newest that fits is the default', { model: CELL }],
		['sides that do not count', { width: CELL, height: CELL }],
		['options', { options: { timeout: CELL, fileName: CELL, concurrency: CELL } }],
		['how images are handed on', { downloadImages: CELL, outputField: CELL, outputItems: CELL }],
	])('does not matter for %s', async (_what, parameters) => {
		expect(await problemsOf(parameters, [{}])).toEqual([]);
	});

	it('does not matter for a row that has its task', async () => {
		const context = expressionContext({ prompt: CELL, imageUrls: CELL }, [{}]);
		expect(await readRowSettings(context, 0, apiMart)).toMatchObject({ ok: true });
	});
});

describe('a reference in a private network', () => {
	const read = async (baseUrl: string | undefined, isChosen = true) => {
		const context = fakeContext({
			rows: [{ ...ROW, imageUrls: 'http://192.168.1.7/cat.png' }],
			node: { credentials: isChosen ? { evoLinkApi: { id: '1', name: 'EvoLink' } } : {} },
			credentials: baseUrl === undefined ? {} : { evoLinkApi: { baseUrl } },
		});
		return await readGenerateRow(context, 0);
	};

	it.each(['http://127.0.0.1:3000', ' http://provider:8080/ ', 'https://10.0.0.2'])(
		'can be opened by a provider at %j',
		async (baseUrl) => {
			expect(await read(baseUrl)).toMatchObject({ ok: true });
		},
	);

	it.each(['https://api.evolink.ai', '', 'localhost', undefined])(
		'cannot be opened by a provider at %j',
		async (baseUrl) => {
			expect(await read(baseUrl)).toMatchObject({
				ok: false,
				failure: { message: expect.stringContaining('is in a private network'), charged: 'no' },
			});
		},
	);

	it('cannot be opened where nobody knows the provider', async () => {
		expect(await read('http://127.0.0.1', false)).toMatchObject({ ok: false });
	});
});

describe('an empty row', () => {
	const PARAMETERS = { prompt: '={{ $json.prompt }}', imageUrls: '={{ $json.foto }}' };
	const isEmpty = (
		item: Record<string, unknown>,
		parameters: Record<string, unknown> = PARAMETERS,
	) => isEmptyRow(expressionContext(parameters, [item]), 0, 'prompt');

	it.each([
		{ prompt: '', foto: '' },
		{ prompt: null, foto: ' ' },
		{ prompt: '' },
		{},
		{ row_number: 7 },
	])('is %j', (item) => {
		expect(isEmpty(item)).toBe(true);
	});

	it.each([
		{ prompt: '', foto: 'https://a.example/1.png' },
		{ prompt: 'A lake', foto: '' },
		{ Prompt: 'A lake' },
		{ prompt: '\u200b', foto: '' },
	])('is not %j', (item) => {
		expect(isEmpty(item)).toBe(false);
	});

	it('is none with a file that a field takes from it', () => {
		const withFile = (imageFields: string) => {
			const context = expressionContext({ ...PARAMETERS, imageFields }, [{ prompt: '', foto: '' }]);
			const [item] = context.getInputData();
			const binary = { data: { mimeType: 'image/png', data: '' } };
			return isEmptyRow(
				Object.assign(context, { getInputData: () => [{ ...item, binary }] }),
				0,
				'prompt',
			);
		};
		expect(withFile('data')).toBe(false);
		expect(withFile('')).toBe(true);
	});

	it('is none where the prompt is fixed', () => {
		expect(isEmpty({ foto: '' }, { ...PARAMETERS, prompt: '' })).toBe(false);
	});
});

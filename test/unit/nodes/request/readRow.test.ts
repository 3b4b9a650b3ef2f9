import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import {
	readGenerateRow,
	readMadeRow,
	readStatusRow,
} from '../../../../nodes/Seedream/request/readRow';
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

	it('takes white space around the provider', async () => {
		expect(await generateRow({ provider: ' evoLink\n' })).toMatchObject({ ok: true });
	});

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
		await readMadeRow(fakeContext({ rows: [{ ...ROW, ...fields }] }), 0, apiMart);

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

	it('is refused with everything that is wrong with it', async () => {
		const row = await statusRow({ taskId: '', continueWhen: 'submitted', outputItems: 'x' });
		expect(row.ok ? [] : row.failure.message.split('; ')).toEqual([
			'Task ID: is empty',
			'Continue When: "submitted" is not one of now, finished',
			expect.stringMatching(/^Output: /),
		]);
	});
});

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import sharp from 'sharp';

import { finishedRows, summary } from '../../../demo/report';
import { saveResults } from '../../../demo/results';

let folder: string;

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), 'seedream-results-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function madeItem(item: number, cost: IDataObject): INodeExecutionData {
	const json = {
		status: 'completed',
		provider: 'apiMart',
		model: 'doubao-seedance-4-5',
		taskId: `task-${item}`,
		prompt: 'A lake',
		seconds: 2,
		...cost,
	};
	const file = { data: '', mimeType: 'image/png', fileName: `row-${item}-1.png` };
	return { json, binary: { data: file }, pairedItem: { item } };
}

async function save(items: INodeExecutionData[]) {
	const picture = await sharp({
		create: { width: 4, height: 3, channels: 3, background: '#385' },
	})
		.png()
		.toBuffer();
	const rows = items.map((_item, index) => ({ name: `row-${index}` }));
	return await saveResults(items, rows, { readFile: async () => picture }, folder);
}

it('saveResults saves an image whatever the provider reports about its cost', async () => {
	const results = await save([
		madeItem(0, { cost: { credits: 0.26 } }),
		madeItem(1, { cost: { usd: 0.026 } }),
		madeItem(2, {}),
	]);

	expect(results.map(({ kind }) => kind)).toEqual(['image', 'image', 'image']);
	for (const index of [0, 1, 2]) {
		expect(existsSync(join(folder, `row-${index}-1.png`))).toBe(true);
	}
	expect(summary(results, 3)).toMatch(/│ APIMart +│ +3 │ +3 │ +0 │ +unknown │/);
});

it('the summary adds up the credits of a provider that reports all of them', async () => {
	const results = await save([
		madeItem(0, { cost: { credits: 0.26 } }),
		madeItem(1, { cost: { credits: 0.52 } }),
	]);
	expect(finishedRows(results)).toBe('2 of 2 rows finished.');
	expect(summary(results, 3)).toMatch(/│ APIMart +│ +2 │ +2 │ +0 │ +0\.78 │/);
});

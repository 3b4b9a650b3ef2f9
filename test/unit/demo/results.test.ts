import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import sharp from 'sharp';

import { finishedRows, summary, writeContactSheet } from '../../../demo/report';
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
	expect(summary(results, 3)).toMatch(/│ APIMart +│ +3 │ +3 │ +0 │ +unknown │ +unknown │/);
});

it('the summary adds up what all images cost', async () => {
	const results = await save([
		madeItem(0, { cost: { credits: 2.6, usd: 0.26 } }),
		madeItem(1, { cost: { credits: 5.2, usd: 0.52, estimated: true } }),
	]);
	expect(finishedRows(results)).toBe('2 of 2 rows finished.');
	expect(summary(results, 3)).toMatch(/│ APIMart +│ +2 │ +2 │ +0 │ +≈ 7\.80 │ +≈ 0\.78 │/);
	expect(summary(results, 3)).toMatch(/│ Total +│ +2 │ +2 │ +0 │ +│ +≈ 0\.78 │ +3\.0 │/);
});

it('the page shows what an image cost, and which layer it is', async () => {
	const results = await save([
		madeItem(0, { cost: { credits: 0.26, usd: 0.026 } }),
		madeItem(1, { cost: { usd: 0.026, estimated: true }, layer: { index: 1, name: 'Title' } }),
		madeItem(2, { layer: { index: 2 } }),
	]);
	const page = readFileSync(await writeContactSheet(results, folder), 'utf8');
	const shown = (term: string) =>
		[...page.matchAll(new RegExp(`<dt>${term}</dt><dd>(.*)</dd>`, 'g'))].map(([, text]) => text);
	expect(shown('Cost')).toEqual(['0.26 credits = $0.026', 'about $0.026', 'unknown']);
	expect(shown('Layer')).toEqual(['Title', '2']);
});

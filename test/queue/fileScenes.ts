import sharp from 'sharp';

import { itemsOf, runsOf, type Item } from '../server/executionData';
import { IMAGE_BYTES } from '../server/moneyFixture';
import {
	fetchFile,
	GENERATE,
	generate,
	inARow,
	readSpreadsheet,
	START,
	type WorkflowNode,
} from '../server/nodeChains';
import type { N8nUnderTest } from '../server/seedreamN8n';

const MINUTE = 60_000;

const ROWS = 100;

/**
 * Files go from one process to another: a worker stores them, the main process shows them. The IDs of files begin with
 * the name of where they're stored.
 */
export function itPassesFilesOn(open: () => N8nUnderTest, storage: string): void {
	it(
		`the spreadsheet workflow returns the files of ${ROWS} rows`,
		async () => {
			const { rest, sandbox, credentials } = open();
			const prompts = Array.from({ length: ROWS }, (_, index) => `Poster ${index + 1}`);
			const csv = Buffer.from(['prompt', ...prompts].join('\n'));
			const { task, items } = await run(
				...readSpreadsheet(sandbox.addFile(csv, 'text/csv')),
				generate({ prompt: '={{ $json.prompt }}' }, credentials),
			);

			expect(items.map(({ json }) => [json.status, json.prompt])).toEqual(
				prompts.map((prompt) => ['completed', prompt]),
			);
			for (const item of items) await expectFile(rest, item);
			expect(task?.hints).toEqual([
				{ message: expect.stringMatching(/^100 images in .* seconds for /) },
			]);
			expect(sandbox.tasks().filter(({ prompt }) => prompts.includes(prompt))).toHaveLength(ROWS);
		},
		2 * MINUTE,
	);

	it(
		'a reference file is uploaded from where n8n stores it',
		async () => {
			const { rest, sandbox, credentials } = open();
			const photo = await sharp({
				create: { width: 640, height: 480, channels: 3, background: 'teal' },
			})
				.jpeg()
				.toBuffer();
			const { items } = await run(
				fetchFile(sandbox.addFile(photo, 'image/jpeg')),
				generate({ prompt: 'Add a boat', imageFields: 'data' }, credentials),
			);

			const [upload, ...others] = sandbox.uploads();
			expect(others).toEqual([]);
			expect(upload).toMatchObject({ provider: 'evoLink', bytes: photo.length, format: 'jpeg' });
			const task = sandbox.tasks().find(({ prompt }) => prompt === 'Add a boat');
			expect(task?.body).toMatchObject({ image_urls: [upload?.url] });
			expect(items).toHaveLength(1);
			for (const item of items) await expectFile(rest, item);
		},
		2 * MINUTE,
	);

	async function run(...nodes: WorkflowNode[]) {
		const { rest } = open();
		const workflowId = await rest.createWorkflow(inARow('Files', nodes));
		const executionId = await rest.run(workflowId, START);
		const { status, data } = await rest.waitFor(workflowId, executionId, MINUTE);
		expect(status).toBe('success');
		const [task] = runsOf(data, GENERATE);
		return { task, items: itemsOf(task) };
	}

	async function expectFile(rest: N8nUnderTest['rest'], { binary }: Item): Promise<void> {
		const id = String(binary?.data?.id);
		expect(id.split(':')[0]).toBe(storage);
		expect(await rest.file(id)).toHaveLength(IMAGE_BYTES);
	}
}

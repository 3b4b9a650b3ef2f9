import { Previews } from '../../../../nodes/Seedream/actions/preview';
import { SKIPPED, type ReadRow } from '../../../../nodes/Seedream/actions/row';
import type { RowToGenerate } from '../../../../nodes/Seedream/actions/rowTasks';
import { invalidRow } from '../../../../nodes/Seedream/errors/inputFailures';
import { RowFields } from '../../../../nodes/Seedream/n8n/rowFields';
import { openTaskStore } from '../../../../nodes/Seedream/n8n/taskStore';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { checkRequest, type RawRow } from '../../../../nodes/Seedream/request/checkRequest';
import { DEFAULT_OPTIONS } from '../../../../nodes/Seedream/request/options';
import { requestFingerprint } from '../../../../nodes/Seedream/request/requestFingerprint';
import { fakeContext, type FakeContext } from '../fakeContext';
import { rawRow } from '../request/rawRow';

function readRow(fields: Partial<RawRow> = {}): { ok: true; value: RowToGenerate } {
	const checked = checkRequest(apiMart, rawRow(fields));
	if (!checked.ok) throw new Error(checked.problems.join());
	const rowRequest = requestFingerprint(apiMart, checked.value);
	const options = {
		...DEFAULT_OPTIONS,
		downloadImages: true,
		outputField: 'data',
		outputItems: 'perImage' as const,
	};
	const value = {
		provider: apiMart,
		continueWhen: 'preview' as const,
		options,
		request: checked.value,
		rowRequest,
		input: rowRequest.input,
	};
	return { ok: true, value };
}

const REFUSED: ReadRow<RowToGenerate> = {
	ok: false,
	failure: invalidRow(["'Prompt' is empty"], apiMart),
};

/** What becomes of a row that was read like this. */
async function previewed(row: ReadRow<RowToGenerate>, context: FakeContext = {}) {
	const n8n = fakeContext({ rows: [{ continueWhen: 'preview' }], ...context });
	const previews = new Previews(n8n, openTaskStore(n8n));
	return {
		row: await previews.reader(async () => row)(new RowFields(n8n, 0)),
		facts: previews.facts(),
	};
}

const COST = { credits: 0.28, usd: 0.028, estimated: true };

describe('a previewed row', () => {
	it('a previewed row has one item', async () => {
		const { row, facts } = await previewed(readRow());
		expect(row).toEqual({
			kind: 'preview',
			items: [
				{
					json: {
						status: 'preview',
						provider: 'apiMart',
						model: 'seedream-5-0-lite',
						prompt: 'A quiet lake at sunrise',
						imageCount: 1,
						request: { model: 'seedream-5-0-lite', prompt: 'A quiet lake at sunrise' },
						cost: COST,
					},
					pairedItem: { item: 0 },
				},
			],
		});
		expect(facts).toEqual({ refused: 0, balances: new Map(), maximums: new Set() });
	});

	it('a previewed row as a tool has one item too, whose error says what to do', async () => {
		const tool = { node: { type: 'n8n-nodes-seedream.seedreamGenerateTool' } };
		expect((await previewed(readRow(), tool)).row).toMatchObject({
			items: [{ json: { status: 'preview', cost: COST } }],
		});
		const { row, facts } = await previewed(REFUSED, tool);
		expect(row).toMatchObject({
			items: [
				{ json: { error: { message: expect.stringContaining('Correct the row') as unknown } } },
			],
		});
		expect(facts.refused).toBe(1);
	});

	it('a previewed row whose create had no response may cost its maximum', async () => {
		const read = readRow();
		const input = { ...read.value.input, maxUsd: 0.05 };
		const { row } = await previewed({
			ok: true,
			value: { ...read.value, input, request: undefined },
		});
		expect(row).toMatchObject({
			items: [{ json: { imageCount: 1, cost: { credits: 0.5, usd: 0.05, estimated: true } } }],
		});
	});

	it('a previewed row shows a long data URI only in part', async () => {
		const imageUrls = `data:image/png;base64,${'A'.repeat(5000)}`;
		const { row } = await previewed(readRow({ model: 'seedream-4-5', imageUrls }));
		expect(row).toMatchObject({
			items: [{ json: { request: { image_urls: [`${imageUrls.slice(0, 60)}…`] } } }],
		});
	});
});

describe("a row that isn't previewed", () => {
	it.each([{ continueWhen: 'finished' }, { continueWhen: 'later' }, {}])(
		'stays as it was read with %j',
		async (fields) => {
			for (const read of [readRow(), REFUSED, SKIPPED] as const) {
				expect((await previewed(read, { rows: [fields] })).row).toBe(read);
			}
		},
	);

	it('stays skipped if it is empty', async () => {
		expect((await previewed(SKIPPED)).row).toBe(SKIPPED);
	});
});

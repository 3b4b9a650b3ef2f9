import type { IDataObject, IExecuteFunctions, IWorkflowBase } from 'n8n-workflow';

import { createMemoryTable } from '../../../../nodes/Seedream/n8n/memoryTable';
import { fakeContext } from '../fakeContext';

const NOW = Date.UTC(2026, 10, 20, 8);

/** As much of n8n's data tables as the node uses. */
class FakeTables {
	readonly tables: Array<{ id: string; name: string; rows: IDataObject[] }> = [];

	/** The parameters of n8n's own node, in the order of the calls. */
	readonly calls: IDataObject[] = [];

	failures: string[] = [];

	readonly executeWorkflow = async (
		{ code }: { code?: IWorkflowBase },
		items: Array<{ json: IDataObject }>,
	) => {
		const parameters = code?.nodes[1]?.parameters as IDataObject;
		this.calls.push(parameters);
		const failure = this.failures.shift();
		if (failure) throw new Error(failure);
		const rows = this.answer(
			parameters,
			items.map(({ json }) => json),
		);
		return { executionId: '1', data: [rows.map((json) => ({ json }))] };
	};

	context(changes: Parameters<typeof fakeContext>[0] = {}): IExecuteFunctions {
		return Object.assign(fakeContext(changes), { executeWorkflow: this.executeWorkflow });
	}

	private answer(parameters: IDataObject, items: IDataObject[]): IDataObject[] {
		const { operation, options, tableName, dataTableId } = parameters;
		const { value } = (dataTableId ?? {}) as { value?: string };
		const table = this.tables.find(({ id }) => id === value);
		switch (operation) {
			case 'list': {
				const { filterName = '' } = options as { filterName?: string };
				const wanted = filterName.toLowerCase();
				return this.tables.filter(({ name }) => name.toLowerCase().includes(wanted));
			}
			case 'create':
				this.tables.push({ id: `id-${this.tables.length}`, name: String(tableName), rows: [] });
				return [{}];
			case 'insert':
				table?.rows.push(...items);
				return [];
			default:
				return [...(table?.rows ?? [])].reverse();
		}
	}
}

const ENTRY = {
	at: NOW,
	row: 1,
	rowKey: 'A-7',
	input: { provider: 'evoLink', model: 'm', prompt: 'A lake', images: 1 },
	key: 'key-1',
};

it('the data table has a row that people can read, and returns what the node needs', async () => {
	const n8n = new FakeTables();
	const table = createMemoryTable(n8n.context(), 'Tasks');
	await expect(table.open()).resolves.toEqual({ ok: true, value: [] });
	await table.append([
		{ ...ENTRY, state: 'sent' },
		{
			...ENTRY,
			state: 'delivered',
			taskId: 'task-1',
			links: ['https://a.example/1', 'https://a.example/2'],
			cost: { credits: 2.04, usd: 0.03 },
		},
	]);

	expect(n8n.tables[0]?.rows[1]).toMatchObject({
		when: '2026-11-20T08:00:00.000Z',
		node: 'Seedream Generate',
		row: 2,
		rowKey: 'A-7',
		provider: 'EvoLink',
		model: 'm',
		prompt: 'A lake',
		state: 'delivered',
		taskId: 'task-1',
		links: 'https://a.example/1\nhttps://a.example/2',
		creditsCost: 2.04,
		usdCost: 0.03,
		execution: '42',
	});
	await expect(createMemoryTable(n8n.context(), 'Tasks').open()).resolves.toEqual({
		ok: true,
		value: [
			{ key: 'key-1', state: 'sent', at: NOW },
			{ key: 'key-1', state: 'delivered', at: NOW, taskId: 'task-1' },
		],
	});
});

it("the data table is read for this node's keys of the last 30 days, and 10,000 of them at most", async () => {
	const n8n = new FakeTables();
	const filtersOf = async (nodeId: string) => {
		await createMemoryTable(n8n.context({ node: { id: nodeId } }), 'Tasks').open();
		const { filters, limit, matchType } = n8n.calls.at(-1) ?? {};
		expect({ limit, matchType }).toEqual({ limit: 10_000, matchType: 'allConditions' });
		return (filters as { conditions: Array<{ keyName: string; keyValue: string }> }).conditions;
	};
	const [key, when] = await filtersOf('node-1');
	const [otherKey] = await filtersOf('node-2');
	expect(key?.keyValue).toMatch(/^[\da-f]{16}-%$/);
	expect(otherKey?.keyValue).not.toBe(key?.keyValue);
	const age = Date.now() - Date.parse(when?.keyValue ?? '');
	expect(age / 86_400_000).toBeCloseTo(30, 2);
});

it('a data table whose name only contains the name is another one', async () => {
	const n8n = new FakeTables();
	n8n.tables.push({ id: 'old', name: 'Tasks of last year', rows: [] });
	await createMemoryTable(n8n.context(), 'Tasks').open();
	expect(n8n.tables.map(({ name }) => name)).toEqual(['Tasks of last year', 'Tasks']);
	await createMemoryTable(n8n.context(), 'tasks').open();
	expect(n8n.tables).toHaveLength(2);
});

it('a data table that another worker creates at the same time is used', async () => {
	const n8n = new FakeTables();
	const { executeWorkflow } = n8n;
	const context = Object.assign(n8n.context(), {
		executeWorkflow: async (...args: Parameters<typeof executeWorkflow>) => {
			const answer = await executeWorkflow(...args);
			if (n8n.calls.at(-1)?.operation === 'create') throw new Error('already exists');
			return answer;
		},
	});
	await expect(createMemoryTable(context, 'Tasks').open()).resolves.toEqual({
		ok: true,
		value: [],
	});
});

it('a data table is read again if another execution writes to it meanwhile', async () => {
	const n8n = new FakeTables();
	n8n.tables.push({ id: 'id', name: 'Tasks', rows: [] });
	const changed = 'synchronization error: result count changed during pagination';
	const executeWorkflow: FakeTables['executeWorkflow'] = async (...args) => {
		const answer = await n8n.executeWorkflow(...args);
		if (n8n.calls.length < 4 && n8n.calls.at(-1)?.operation === 'get') throw new Error(changed);
		return answer;
	};
	const context = Object.assign(n8n.context(), { executeWorkflow });
	await expect(createMemoryTable(context, 'Tasks').open()).resolves.toEqual({
		ok: true,
		value: [],
	});
	expect(n8n.calls.map(({ operation }) => operation)).toEqual(['list', 'get', 'get', 'get']);
});

it('a data table that cannot be used is a failure with the reason', async () => {
	const n8n = new FakeTables();
	n8n.failures = ['No permission'];
	await expect(createMemoryTable(n8n.context(), 'Tasks').open()).resolves.toMatchObject({
		ok: false,
		failure: {
			message: 'The node can\'t use the data table "Tasks": No permission',
			charged: 'no',
			cause: 'configuration-invalid',
		},
	});
	const table = createMemoryTable(n8n.context(), 'Tasks');
	await table.open();
	n8n.failures = ['Storage limit exceeded'];
	await expect(table.append([{ ...ENTRY, state: 'sent' }])).resolves.toMatchObject({
		ok: false,
		failure: { message: expect.stringContaining('Storage limit exceeded') },
	});
});

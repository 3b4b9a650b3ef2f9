import type { IDataObject, IExecuteFunctions, IWorkflowBase } from 'n8n-workflow';

import { DataTable } from '../../../../nodes/Seedream/n8n/memoryTable';
import { fakeContext } from '../fakeContext';

const NOW = Date.now();

/** As much of n8n's data tables as the node uses. */
class FakeTables {
	readonly tables: Array<{ id: string; name: string; rows: IDataObject[] }> = [];

	/** The parameters of n8n's own node, in the order of the calls. */
	readonly calls: IDataObject[] = [];

	failures: string[] = [];

	private lastId = 0;

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
				table?.rows.push(...items.map((item) => ({ ...item, id: (this.lastId += 1) })));
				return [];
			case 'deleteRows':
				if (table) table.rows = table.rows.filter((row) => !isFound(row, parameters));
				return [];
			default:
				return (table?.rows ?? []).filter((row) => isFound(row, parameters)).reverse();
		}
	}
}

interface Filter {
	matchType: 'anyCondition' | 'allConditions';
	filters: { conditions: Array<{ keyName: string; condition: string; keyValue: never }> };
}

function isFound(row: IDataObject, parameters: IDataObject): boolean {
	const { matchType, filters } = parameters as unknown as Filter;
	const isMet = ({ keyName, condition, keyValue }: Filter['filters']['conditions'][number]) => {
		const value = row[keyName] as never;
		if (condition === 'eq') return value === keyValue;
		if (condition === 'neq') return value !== keyValue;
		if (condition === 'like') return String(value).startsWith(String(keyValue).slice(0, -1));
		return condition === 'gt' ? value > keyValue : value >= keyValue;
	};
	return matchType === 'anyCondition'
		? filters.conditions.some(isMet)
		: filters.conditions.every(isMet);
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
	const table = new DataTable(n8n.context(), 'Tasks');
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
		when: new Date(NOW).toISOString(),
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
	await expect(new DataTable(n8n.context(), 'Tasks').open()).resolves.toEqual({
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
		await new DataTable(n8n.context({ node: { id: nodeId } }), 'Tasks').open();
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
	await new DataTable(n8n.context(), 'Tasks').open();
	expect(n8n.tables.map(({ name }) => name)).toEqual(['Tasks of last year', 'Tasks']);
	await new DataTable(n8n.context(), 'tasks').open();
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
	await expect(new DataTable(context, 'Tasks').open()).resolves.toEqual({
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
	await expect(new DataTable(context, 'Tasks').open()).resolves.toEqual({
		ok: true,
		value: [],
	});
	expect(n8n.calls.map(({ operation }) => operation)).toEqual(['list', 'get', 'get', 'get']);
});

describe('two executions that get the same task at the same time', () => {
	const MADE = { ...ENTRY, state: 'made', taskId: 'task-1' } as const;
	const DELIVERED = {
		...ENTRY,
		state: 'delivered',
		taskId: 'task-1',
		cost: { credits: 2 },
	} as const;
	const statesOf = ({ tables: [table] }: FakeTables) =>
		table?.rows.map(({ execution, state, taskId }) => `${execution}: ${state} ${taskId}`);

	async function setUp() {
		const n8n = new FakeTables();
		const tables = ['1', '2'].map((executionId) => {
			return new DataTable(n8n.context({ executionId }), 'Tasks');
		});
		for (const table of tables) await table.open();
		const [first, second] = tables as [DataTable, DataTable];
		await first.append([MADE]);
		await second.append([MADE, DELIVERED]);
		return { n8n, first, second };
	}

	it.each([true, false])(
		'leave one row of each state in the data table (the second one ends before: %s)',
		async (isBefore) => {
			const { n8n, first, second } = await setUp();
			if (isBefore) await second.removeDuplicates();
			await first.append([DELIVERED, { ...DELIVERED, taskId: 'task-2' }]);
			await first.removeDuplicates();
			if (!isBefore) await second.removeDuplicates();
			expect(statesOf(n8n)).toEqual([
				'1: made task-1',
				'2: delivered task-1',
				'1: delivered task-2',
			]);
		},
	);

	it('leave nothing that a later execution does not correct, if n8n crashes', async () => {
		const { n8n, first } = await setUp();
		await first.append([DELIVERED]);
		const later = new DataTable(n8n.context({ executionId: '3' }), 'Tasks');
		await later.open();
		await later.removeDuplicates();
		expect(statesOf(n8n)).toEqual(['1: made task-1', '2: delivered task-1']);
	});

	it('leave the rows of other nodes and of creates without a task', async () => {
		const { n8n, first, second } = await setUp();
		const other = new DataTable(n8n.context({ node: { id: 'node-2' } }), 'Tasks');
		await other.open();
		await other.append([MADE]);
		await first.append([{ ...ENTRY, state: 'sent' }]);
		await second.append([{ ...ENTRY, state: 'sent' }]);
		await second.removeDuplicates();
		expect(n8n.tables[0]?.rows.map(({ state }) => state)).toEqual([
			'made',
			'delivered',
			'made',
			'sent',
			'sent',
		]);
	});
});

it('a data table that cannot be used is a failure with the reason', async () => {
	const n8n = new FakeTables();
	n8n.failures = ['No permission'];
	await expect(new DataTable(n8n.context(), 'Tasks').open()).resolves.toMatchObject({
		ok: false,
		failure: {
			message: 'The node can\'t use the data table "Tasks": No permission',
			charged: 'no',
			cause: 'configuration-invalid',
		},
	});
	const table = new DataTable(n8n.context(), 'Tasks');
	await table.open();
	n8n.failures = ['Storage limit exceeded'];
	await expect(table.append([{ ...ENTRY, state: 'sent' }])).resolves.toMatchObject({
		ok: false,
		failure: { message: expect.stringContaining('Storage limit exceeded') },
	});
});

import type {
	ExecuteWorkflowData,
	IDataObject,
	IWorkflowExecuteAdditionalData,
	INodeExecutionData,
} from 'n8n-workflow';

interface Table {
	id: string;
	name: string;
	rows: IDataObject[];
}

interface Condition {
	keyName: string;
	condition: 'like' | 'gte' | 'gt' | 'neq' | 'eq';
	keyValue: string | number;
}

/** What the package's sub-workflows pass to n8n's Data Table node. */
interface Access {
	operation: 'list' | 'create' | 'get' | 'insert' | 'deleteRows';
	tableName?: string;
	dataTableId?: { value: string };
	filters?: { conditions: Condition[] };
	limit?: number;
}

/**
 * The data tables of an n8n, and its node for them, as far as the package uses it: it's always the last
 * node of an inline sub-workflow. The server tests use n8n's own.
 */
export class DataTables {
	/** Nothing is read or written, as after a crash. */
	isDown = false;

	private readonly tables: Table[] = [];

	private lastId = 0;

	/** All rows of all tables, in their order. */
	rows(): readonly IDataObject[] {
		return this.tables.flatMap(({ rows }) => rows);
	}

	readonly executeWorkflow: IWorkflowExecuteAdditionalData['executeWorkflow'] = async (
		{ code },
		_additionalData,
		{ inputData = [] },
	): Promise<ExecuteWorkflowData> => {
		await new Promise(setImmediate);
		if (this.isDown) throw new Error('n8n has crashed');
		const access = code?.nodes.at(-1)?.parameters as unknown as Access;
		const rows = this.access(access, inputData);
		return { executionId: 'sub-workflow', data: [rows.map((json) => ({ json: { ...json } }))] };
	};

	private access(access: Access, items: readonly INodeExecutionData[]): IDataObject[] {
		const { operation, tableName = '', dataTableId } = access;
		if (operation === 'list') return this.tables.map(({ id, name }) => ({ id, name }));
		if (operation === 'create') {
			const table = { id: String(this.tables.length + 1), name: tableName, rows: [] };
			this.tables.push(table);
			return [{ id: table.id, name: table.name }];
		}
		const table = this.tables.find(({ id }) => id === dataTableId?.value);
		if (!table) throw new Error('There is no such data table');
		if (operation === 'get') return read(table, access);
		if (operation === 'deleteRows') {
			const deleted = table.rows.filter((row) => access.filters?.conditions.some(isMetBy(row)));
			table.rows = table.rows.filter((row) => !deleted.includes(row));
			return deleted;
		}
		const added = items.map(({ json }) => ({ ...json, id: (this.lastId += 1) }));
		table.rows.push(...added);
		return added;
	}
}

/** The newest rows first. */
function read({ rows }: Table, { filters, limit }: Access): IDataObject[] {
	const isWanted = (row: IDataObject) => filters?.conditions.every(isMetBy(row)) ?? true;
	return rows.filter(isWanted).reverse().slice(0, limit);
}

const isMetBy =
	(row: IDataObject) =>
	({ keyName, condition, keyValue }: Condition): boolean => {
		const value = row[keyName] as typeof keyValue;
		switch (condition) {
			case 'like':
				return String(value).startsWith(String(keyValue).replace(/%$/, ''));
			case 'gte':
				return value >= keyValue;
			case 'gt':
				return value > keyValue;
			case 'neq':
				return value !== keyValue;
			case 'eq':
				return value === keyValue;
		}
	};

import { itemsOf, runsOf, type Item } from './executionData';
import { inARow, node, START } from './nodeChains';
import type { RestClient } from './restClient';

const READ_MS = 60_000;

/** All rows of a data table of n8n, oldest first. */
export async function readDataTable(rest: RestClient, name: string): Promise<Array<Item['json']>> {
	const dataTableId = { __rl: true, mode: 'name', value: name };
	const parameters = { resource: 'row', operation: 'get', dataTableId, returnAll: true };
	const table = node('Table', 'n8n-nodes-base.dataTable', parameters, { typeVersion: 1.1 });
	const workflowId = await rest.createWorkflow(inARow(`Rows of ${name}`, [table]));
	const executionId = await rest.run(workflowId, START);
	const { data } = await rest.waitFor(workflowId, executionId, READ_MS);
	return itemsOf(runsOf(data, 'Table')[0])
		.map(({ json }) => json)
		.sort((a, b) => Number(a.id) - Number(b.id));
}

import type { INodeExecutionData, INodeType } from 'n8n-workflow';

/** The nodes around the one under test. */

export const ROWS = 'Rows';
export const ROWS_TYPE = 'test.rows';
export const LOOP_TYPE = 'test.loop';

export const rowsNode: INodeType = {
	description: {
		displayName: 'Rows',
		name: 'rows',
		group: ['trigger'],
		version: 1,
		description: 'Outputs the rows of the test',
		defaults: {},
		inputs: [],
		outputs: ['main'],
		properties: [],
	},
	async execute() {
		return [this.getInputData()];
	},
};

/**
 * Sits between the error output and the input of the node under test, in place of a user's IF and
 * Set nodes. For a number of turns, it passes each failed item on as the row it was made from, which
 * it looks up in n8n as `$('Rows').item` does in a Set node.
 */
export const loopNode: INodeType = {
	description: {
		displayName: 'Loop',
		name: 'loop',
		group: ['transform'],
		version: 1,
		description: 'Sends failed rows back for another try',
		defaults: {},
		inputs: ['main'],
		outputs: ['main'],
		properties: [{ displayName: 'Turns', name: 'turns', type: 'number', default: 0 }],
	},
	async execute() {
		const turns = this.getNodeParameter('turns', 0) as number;
		if (this.getWorkflowDataProxy(0).$runIndex >= turns) return [[]];
		return [
			this.getInputData().map((_failed, item) => {
				const { $ } = this.getWorkflowDataProxy(item) as unknown as {
					$: (name: string) => { item: INodeExecutionData };
				};
				const { json, binary } = $(ROWS).item;
				return { json, binary, pairedItem: { item } };
			}),
		];
	},
};

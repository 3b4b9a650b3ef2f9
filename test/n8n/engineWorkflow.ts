import type { INode, INodeTypes, IRunExecutionData, Workflow } from 'n8n-workflow';

import type { ExecutionOptions } from './engine';
import type { N8nRuntime } from './n8nRuntime';
import { LOOP_TYPE, ROWS, ROWS_TYPE } from './testNodes';

/** The name of the node under test. */
export const NODE = 'Node';
export const LOOP = 'Loop';

const COMMON: Pick<INode, 'position' | 'typeVersion'> = { position: [0, 0], typeVersion: 1 };

const connectionTo = (node: string) => ({ node, type: 'main' as const, index: 0 });

export const nodeTypeName = (node: ExecutionOptions['node']) => `n8n-nodes-seedream.${node}`;

/** Rows → the node under test, with its error output wired back if the test wants that. */
export function buildWorkflow(
	{ workflow }: N8nRuntime,
	options: ExecutionOptions,
	nodeTypes: INodeTypes,
): Workflow {
	const { onError, loopErrors } = options;
	if (loopErrors !== undefined && onError !== 'continueErrorOutput') {
		throw new Error('Only an error output can be wired back: onError: continueErrorOutput');
	}
	const loop = loopErrors === undefined ? [] : [loopNode(loopErrors)];
	const toNode = { main: [[connectionTo(NODE)]] };
	return new workflow.Workflow({
		id: 'workflow',
		nodes: [
			{ ...COMMON, id: 'rows', name: ROWS, type: ROWS_TYPE, parameters: {} },
			testedNode(options),
			...loop,
		],
		connections: {
			[ROWS]: toNode,
			...(loop.length > 0 && { [NODE]: { main: [[], [connectionTo(LOOP)]] }, [LOOP]: toNode }),
		},
		active: false,
		nodeTypes,
		settings: { executionOrder: 'v1' },
	});
}

function loopNode(turns: number): INode {
	return { ...COMMON, id: 'loop', name: LOOP, type: LOOP_TYPE, parameters: { turns } };
}

function testedNode(options: ExecutionOptions): INode {
	const { node, parameters, credentials, onError, tries, waitBetweenTriesMs = 50 } = options;
	const { typeVersion = COMMON.typeVersion } = options;
	return {
		...COMMON,
		typeVersion,
		id: 'node',
		name: NODE,
		type: nodeTypeName(node),
		parameters,
		credentials: Object.fromEntries(
			Object.keys(credentials).map((name) => [name, { id: name, name }]),
		),
		onError,
		...(tries ? { retryOnFail: true, maxTries: tries, waitBetweenTries: waitBetweenTriesMs } : {}),
	};
}

/** An execution that starts with the rows of the test. A trigger starts with them itself. */
export function newExecution(
	n8n: N8nRuntime,
	{ node: tested, rows, files }: ExecutionOptions,
	workflow: Workflow,
): IRunExecutionData {
	const first = tested === 'seedreamTrigger' ? NODE : ROWS;
	const node = workflow.getNode(first);
	if (!node) throw new Error(`The workflow has no node ${first}`);
	const items = rows.map((json, index) => ({ json, binary: files?.[index] }));
	return n8n.workflow.createRunExecutionData({
		executionData: { nodeExecutionStack: [{ node, data: { main: [items] }, source: null }] },
	});
}

import { z } from 'zod';

import type { WorkflowJson } from './restClient';

type NodeJson = WorkflowJson['nodes'][number];

/** Edits as a user makes them in the editor; each returns a changed copy. */
export function withNode(
	workflow: WorkflowJson,
	name: string,
	change: (node: NodeJson) => NodeJson,
): WorkflowJson {
	if (!workflow.nodes.some((node) => node.name === name)) throw new Error(`There is no ${name}`);
	const nodes = workflow.nodes.map((node) => (node.name === name ? change(node) : node));
	return { ...workflow, nodes };
}

const assignmentsSchema = z.object({
	assignments: z.object({ assignments: z.array(z.object({ name: z.string() }).passthrough()) }),
});

/** Sets a field of an Edit Fields node. */
export function withField(
	workflow: WorkflowJson,
	name: string,
	field: string,
	value: string,
): WorkflowJson {
	return withNode(workflow, name, (node) => {
		const { assignments } = assignmentsSchema.parse(node.parameters).assignments;
		if (!assignments.some((one) => one.name === field)) throw new Error(`There is no ${field}`);
		const changed = assignments.map((one) => (one.name === field ? { ...one, value } : one));
		return {
			...node,
			parameters: { ...node.parameters, assignments: { assignments: changed } },
		};
	});
}

export function withParameters(
	workflow: WorkflowJson,
	name: string,
	parameters: Record<string, unknown>,
): WorkflowJson {
	return withNode(workflow, name, (node) => ({
		...node,
		parameters: { ...node.parameters, ...parameters },
	}));
}

/** Pins the output of a node, which then doesn't run. */
export function withPinned(
	workflow: WorkflowJson,
	name: string,
	rows: ReadonlyArray<Record<string, unknown>>,
): WorkflowJson {
	const pinData = { ...workflow.pinData, [name]: rows.map((json) => ({ json })) };
	return withNode({ ...workflow, pinData }, name, (node) => node);
}

const columnsSchema = z.object({ columns: z.object({ value: z.record(z.string()) }) });

/** Replaces a node that writes to a sheet by an Edit Fields node that outputs what would be written. */
export function withoutGoogle(workflow: WorkflowJson, name: string): WorkflowJson {
	return withNode(workflow, name, (node) => {
		const { value } = columnsSchema.parse(node.parameters).columns;
		const assignments = Object.entries(value).map(([column, text]) => ({
			id: column,
			name: column,
			value: text,
			type: column === 'row_number' ? 'number' : 'string',
		}));
		return {
			...node,
			type: 'n8n-nodes-base.set',
			typeVersion: 3.4,
			parameters: { assignments: { assignments }, options: {} },
		};
	});
}

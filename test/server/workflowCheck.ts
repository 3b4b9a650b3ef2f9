import { isPlainObject } from 'lodash';
import {
	deepCopy,
	isAssignmentCollectionValue,
	isFilterValue,
	isResourceLocatorValue,
	isResourceMapperValue,
	NodeHelpers,
	Workflow,
	type IConnections,
	type INode,
	type INodeInputConfiguration,
	type INodeOutputConfiguration,
	type INodeProperties,
	type INodeType,
	type INodeTypeDescription,
	type INodeTypes,
	type NodeConnectionType,
} from 'n8n-workflow';
import { z } from 'zod';

import type { WorkflowJson } from './restClient';

/** The parts of a description this check needs. */
const descriptionsSchema = z.array(
	z
		.object({
			name: z.string(),
			version: z.union([z.number(), z.array(z.number())]),
			properties: z.array(z.object({ name: z.string(), type: z.string() }).passthrough()),
		})
		.passthrough(),
);

/** All node types of a full n8n in all their versions, as it describes them to its editor. */
export class NodeCatalogue implements INodeTypes {
	private readonly descriptions: readonly INodeTypeDescription[];

	constructor(list: unknown) {
		this.descriptions = descriptionsSchema.parse(list) as unknown as INodeTypeDescription[];
	}

	find(type: string, version?: number): INodeTypeDescription | undefined {
		return this.descriptions.find(
			(one) =>
				one.name === type && (version === undefined || [one.version].flat().includes(version)),
		);
	}

	getByName(type: string): INodeType {
		return this.getByNameAndVersion(type);
	}

	getByNameAndVersion(type: string, version?: number): INodeType {
		const description = this.find(type, version);
		// Like n8n's own, returns undefined for an unknown type, despite its signature.
		return (description && { description }) as INodeType;
	}

	getKnownTypes(): Record<string, never> {
		return {};
	}
}

/**
 * What's broken after importing the workflow: nodes, parameters, connections and references this n8n doesn't know, and
 * required values that are missing.
 */
export function problemsOf(json: WorkflowJson, catalogue: NodeCatalogue): string[] {
	const { nodes, connections } = json as unknown as { nodes: INode[]; connections: IConnections };
	const workflow = new Workflow({
		// Workflow adds defaults to the parameters.
		nodes: deepCopy(nodes),
		connections,
		active: false,
		nodeTypes: catalogue,
	});
	return [
		...nodes.flatMap((node) => [
			...nodeProblems(node, catalogue).map((problem) => `${node.name}: ${problem}`),
			...referenceProblems(node, workflow).map((problem) => `${node.name}: ${problem}`),
		]),
		...connectionProblems(workflow, catalogue),
	];
}

function nodeProblems(node: INode, catalogue: NodeCatalogue): string[] {
	const description = catalogue.find(node.type, node.typeVersion);
	if (!description) {
		return [
			catalogue.find(node.type)
				? `${node.type} has no version ${node.typeVersion}`
				: `${node.type} is not known`,
		];
	}
	const { properties } = description;
	const known =
		NodeHelpers.getNodeParameters(properties, node.parameters, true, false, node, description) ??
		{};
	const shown = properties.filter((property) =>
		NodeHelpers.displayParameter(known, property, node, description),
	);
	const filledIn = { ...node, parameters: known };
	const issues = NodeHelpers.getNodeParametersIssues(properties, filledIn, description) ?? {};
	return [
		...unknownPaths(node.parameters, known).map((path) => `${path} is no parameter, or not shown`),
		...shown.flatMap((property) => valueProblems(property, node.parameters[property.name])),
		...NodeHelpers.nodeIssuesToString(issues),
	];
}

/** Paths in `values` that n8n would drop, as the node has no such property. */
function unknownPaths(values: unknown, known: unknown, path = ''): string[] {
	if (!isContainer(values) || !isContainer(known)) return [];
	return Object.entries(values).flatMap(([key, value]) => {
		const at = path === '' ? key : `${path}.${key}`;
		const counterpart = new Map(Object.entries(known)).get(key);
		return counterpart === undefined ? [at] : unknownPaths(value, counterpart, at);
	});
}

function isContainer(value: unknown): value is object {
	return isPlainObject(value) || Array.isArray(value);
}

/** n8n doesn't check the values of these. */
function valueProblems(property: INodeProperties, value: unknown): string[] {
	const { name, type, modes } = property;
	if (value === undefined) return [];
	switch (type) {
		case 'options':
			return isChoice(property, value) ? [] : [`${name} has no choice ${String(value)}`];
		case 'resourceLocator': {
			const isKnown =
				isResourceLocatorValue(value) && modes?.some((mode) => mode.name === value.mode);
			return isKnown ? [] : [`${name} is chosen in a way that does not exist`];
		}
		case 'resourceMapper':
			return mapperProblems(name, value);
		case 'assignmentCollection':
			return isAssignmentCollectionValue(value) ? [] : [`${name} holds no assignments`];
		case 'filter':
			return isFilterValue(value) ? [] : [`${name} holds no conditions`];
		default:
			return [];
	}
}

/** Lists loaded at runtime and expressions can't be checked. */
function isChoice({ options = [], typeOptions }: INodeProperties, value: unknown): boolean {
	if (typeOptions?.loadOptionsMethod !== undefined || typeOptions?.loadOptions !== undefined) {
		return true;
	}
	if (typeof value === 'string' && value.startsWith('=')) return true;
	return options.some((option) => 'value' in option && option.value === value);
}

function mapperProblems(name: string, value: unknown): string[] {
	if (!isResourceMapperValue(value)) return [`${name} maps nothing`];
	const columns = new Set(value.schema.map(({ id }) => id));
	const used = [...Object.keys(value.value ?? {}), ...value.matchingColumns];
	return used
		.filter((column) => !columns.has(column))
		.map((column) => `${name} has no column ${column}`);
}

const REFERENCE = /\$\(\s*(['"`])((?:\\.|(?!\1).)+)\1\s*\)/g;

/** Nodes an expression refers to must run before. */
function referenceProblems({ name, parameters }: INode, workflow: Workflow): string[] {
	const expressions = stringsIn(parameters).filter((text) => text.startsWith('='));
	const referred = expressions.flatMap((text) =>
		[...text.matchAll(REFERENCE)].map((match) => match[2] ?? ''),
	);
	const before = workflow.getParentNodes(name);
	return [...new Set(referred)].flatMap((other) => {
		if (!(other in workflow.nodes)) return [`it refers to ${other}, which does not exist`];
		return before.includes(other) ? [] : [`it refers to ${other}, which does not run before it`];
	});
}

function stringsIn(value: unknown): string[] {
	if (typeof value === 'string') return [value];
	return isContainer(value) ? Object.values(value).flatMap(stringsIn) : [];
}

interface Link {
	from: string;
	type: NodeConnectionType;
	output: number;
	to: string;
	inputType: NodeConnectionType;
	input: number;
}

function connectionProblems(workflow: Workflow, catalogue: NodeCatalogue): string[] {
	return linksOf(workflow.connectionsBySourceNode).flatMap((link) => {
		const outputs = socketsOf(workflow, catalogue, link.from, NodeHelpers.getNodeOutputs);
		const inputs = socketsOf(workflow, catalogue, link.to, NodeHelpers.getNodeInputs);
		const title = `${link.from} → ${link.to}`;
		return [
			...endProblems(title, outputs, link.from, 'output', link.type, link.output),
			...endProblems(title, inputs, link.to, 'input', link.inputType, link.input),
		];
	});
}

function linksOf(connections: IConnections): Link[] {
	return Object.entries(connections).flatMap(([from, byType]) =>
		Object.entries(byType).flatMap(([type, outputs]) =>
			outputs.flatMap((targets, output) =>
				(targets ?? []).map((target) => ({
					from,
					type: type as NodeConnectionType,
					output,
					to: target.node,
					inputType: target.type,
					input: target.index,
				})),
			),
		),
	);
}

type Sockets = Array<NodeConnectionType | INodeInputConfiguration | INodeOutputConfiguration>;

/** Undefined if the node doesn't exist; unknown types are reported elsewhere. */
function socketsOf(
	workflow: Workflow,
	catalogue: NodeCatalogue,
	name: string,
	read: (workflow: Workflow, node: INode, description: INodeTypeDescription) => Sockets,
): NodeConnectionType[] | 'any' | undefined {
	const node = workflow.getNode(name);
	if (!node) return undefined;
	const description = catalogue.find(node.type, node.typeVersion);
	return description ? NodeHelpers.getConnectionTypes(read(workflow, node, description)) : 'any';
}

function endProblems(
	title: string,
	sockets: NodeConnectionType[] | 'any' | undefined,
	node: string,
	end: 'input' | 'output',
	type: NodeConnectionType,
	index: number,
): string[] {
	if (sockets === 'any') return [];
	if (sockets === undefined) return [`${title}: ${node} does not exist`];
	const count = sockets.filter((socket) => socket === type).length;
	return index < count ? [] : [`${title}: ${node} has no ${end} ${index} of type ${type}`];
}

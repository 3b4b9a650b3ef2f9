import {
	NodeHelpers,
	type INodeParameters,
	type INodeProperties,
	type INodeTypeDescription,
} from 'n8n-workflow';

import { SeedreamGenerate } from '../../../../nodes/Seedream/SeedreamGenerate.node';
import { SeedreamTaskStatus } from '../../../../nodes/Seedream/SeedreamTaskStatus.node';
import { NODE } from '../fakeContext';

const NODES: Array<[string, INodeTypeDescription]> = [SeedreamGenerate, SeedreamTaskStatus].map(
	(Node) => {
		const { description } = new Node();
		return [description.displayName, description];
	},
);

/** The description of the tool that n8n makes of a node. */
function toolOf(description: INodeTypeDescription): INodeTypeDescription {
	return { ...description, name: `${description.name}Tool` };
}

/** With all defaults, so that what a field depends on has a value. */
function parametersOf(
	description: INodeTypeDescription,
	values: INodeParameters = {},
): INodeParameters {
	const { properties } = description;
	return NodeHelpers.getNodeParameters(properties, values, true, false, NODE, description) ?? {};
}

function shownFields(
	description: INodeTypeDescription,
	values: INodeParameters = {},
): INodeProperties[] {
	const parameters = parametersOf(description, values);
	return description.properties.filter((field) =>
		NodeHelpers.displayParameter(parameters, field, NODE, description),
	);
}

function shownNames(description: INodeTypeDescription, values: INodeParameters = {}): string[] {
	return shownFields(description, values).map(({ name }) => name);
}

function shownOptions(description: INodeTypeDescription): string[] {
	const field = description.properties.find(({ name }) => name === 'options');
	const options = (field?.options ?? []).flatMap((option) => ('type' in option ? [option] : []));
	const parameters = parametersOf(description);
	return options
		.filter((option) => NodeHelpers.displayParameter({}, option, NODE, description, parameters))
		.map(({ name }) => name);
}

const SELECTED: INodeParameters = { toolOutput: 'selectedFields' };

function toolDescription({ usableAsTool }: INodeTypeDescription): string | undefined {
	return typeof usableAsTool === 'object' ? usableAsTool.replacements?.description : undefined;
}

it.each<[string, INodeTypeDescription, RegExp, RegExp]>([
	[
		'Seedream Generate',
		new SeedreamGenerate().description,
		/Every image costs money/,
		/Returns an item per image with its URL, task ID and cost\./,
	],
	[
		'Seedream Task Status',
		new SeedreamTaskStatus().description,
		/Free of charge/,
		/Returns each task's status, and an item per finished image with its URL and cost\./,
	],
])(
	"the agent's description of %s says what it costs, what it returns and that URLs expire",
	(_label, description, cost, output) => {
		const text = toolDescription(description);
		expect(text).toMatch(cost);
		expect(text).toMatch(output);
		expect(text).toMatch(/URLs expire after 24 hours\./);
	},
);

describe.each(NODES)('the tool fields of %s', (label, node) => {
	const tool = toolOf(node);

	it(`the output fields for agents are shown only for a tool (${label})`, () => {
		expect(shownNames(tool)).toContain('toolOutput');
		expect(shownNames(tool)).not.toContain('toolFields');
		expect(shownNames(tool, SELECTED)).toEqual(
			expect.arrayContaining(['toolOutput', 'toolFields']),
		);
		for (const values of [{}, SELECTED]) {
			expect(shownNames(node, values)).not.toContain('toolOutput');
			expect(shownNames(node, values)).not.toContain('toolFields');
		}
	});

	it(`exactly one field for the number of items is shown, under its own label for a tool (${label})`, () => {
		const labels = (description: INodeTypeDescription) =>
			shownFields(description)
				.filter(({ name }) => name === 'outputItems')
				.map(({ displayName }) => displayName);
		expect(labels(node)).toEqual(['Output']);
		expect(labels(tool)).toEqual(['Output Items']);
	});

	it(`no two fields of a tool or a node have the same label (${label})`, () => {
		for (const description of [node, tool]) {
			const labels = shownFields(description, SELECTED).map(({ displayName }) => displayName);
			expect(labels).toEqual([...new Set(labels)]);
		}
	});

	it(`'Simplify' is hidden for a tool, which has 'Output' instead (${label})`, () => {
		expect(shownOptions(node)).toContain('simplify');
		expect(shownOptions(tool)).not.toContain('simplify');
		expect(shownOptions(tool)).toEqual(shownOptions(node).filter((name) => name !== 'simplify'));
	});

	it(`n8n keeps the values of the output fields for a tool (${label})`, () => {
		const values = { ...SELECTED, toolFields: ['taskId'], outputItems: 'perTask' };
		for (const withDefaults of [true, false]) {
			const saved = NodeHelpers.getNodeParameters(
				tool.properties,
				values,
				withDefaults,
				false,
				NODE,
				tool,
			);
			expect(saved).toMatchObject(values);
		}
		expect(parametersOf(tool)).toMatchObject({ toolOutput: 'simplified', outputItems: 'perImage' });
		expect(parametersOf(node, SELECTED)).not.toHaveProperty('toolOutput');
	});
});

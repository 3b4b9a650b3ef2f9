import { NodeHelpers } from 'n8n-workflow';

import { taskStatusFields } from '../../../../nodes/Seedream/fields/taskStatusFields';
import { readStatusRow } from '../../../../nodes/Seedream/n8n/readRow';
import { RowFields } from '../../../../nodes/Seedream/n8n/rowFields';
import { providers } from '../../../../nodes/Seedream/providers';
import { SeedreamTaskStatus } from '../../../../nodes/Seedream/SeedreamTaskStatus.node';
import { fakeContext, NODE } from '../fakeContext';

const { description } = new SeedreamTaskStatus();

function parameters(values: { provider: string; taskId: string }) {
	return (
		NodeHelpers.getNodeParameters(taskStatusFields, values, true, false, NODE, description) ?? {}
	);
}

it.each(providers.map(({ id }) => id))(
	'a row of %s needs nothing but a task ID',
	async (provider) => {
		const row = { ...parameters({ provider, taskId: 'task-1' }) };
		expect(await readStatusRow(new RowFields(fakeContext({ rows: [row] }), 0))).toMatchObject({
			ok: true,
			value: {
				provider: { id: provider },
				taskIds: ['task-1'],
				continueWhen: 'now',
				options: { downloadImages: true, outputField: 'data', outputItems: 'perImage' },
			},
		});
	},
);

it('n8n reports no issues if the provider and the task ID come from the row', () => {
	const values = { provider: '={{ $json.provider }}', taskId: '={{ $json.taskId }}' };
	const node = { ...NODE, parameters: parameters(values) };
	expect(NodeHelpers.getNodeParametersIssues(taskStatusFields, node, description)).toBeNull();
});

it.each<[string, string[]]>([
	...providers.map(({ id, credential }): [string, string[]] => [id, [credential]]),
	['={{ $json.provider }}', providers.map(({ credential }) => credential)],
])(
	'Seedream Task Status shows the credential of the provider %s and requires none',
	(provider, names) => {
		const { credentials = [] } = description;
		const shown = credentials.filter((credential) =>
			NodeHelpers.displayParameter({ provider }, credential, NODE, description),
		);
		expect(shown.map(({ name }) => name)).toEqual(names);
		expect(credentials.filter(({ required }) => required)).toEqual([]);
	},
);

it('the fields for finished images are always shown, because a task may be done already', () => {
	const names = (downloadImages: boolean) =>
		taskStatusFields
			.filter((field) => NodeHelpers.displayParameter({ downloadImages }, field, NODE, description))
			.map(({ name }) => name);
	expect(names(true)).toEqual([
		'provider',
		'taskId',
		'continueWhen',
		'downloadImages',
		'outputField',
		'outputItems',
		'options',
	]);
	expect(names(false)).not.toContain('outputField');
});

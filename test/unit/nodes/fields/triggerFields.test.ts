import { NodeHelpers } from 'n8n-workflow';

import { triggerFields } from '../../../../nodes/Seedream/fields/triggerFields';
import { readTriggerRow } from '../../../../nodes/Seedream/n8n/readRow';
import { RowFields } from '../../../../nodes/Seedream/n8n/rowFields';
import { providers } from '../../../../nodes/Seedream/providers';
import { SeedreamTrigger } from '../../../../nodes/Seedream/SeedreamTrigger.node';
import { fakeContext, NODE } from '../fakeContext';

const { description } = new SeedreamTrigger();

function row(provider: string) {
	const values = { provider };
	const parameters =
		NodeHelpers.getNodeParameters(triggerFields, values, true, false, NODE, description) ?? {};
	return { ...parameters };
}

it.each(providers.map(({ id }) => id))(
	'Seedream Trigger needs nothing but the provider (%s)',
	async (provider) => {
		const callback = { taskId: 'task-1', row: 'e30', sig: 'x' };
		const context = fakeContext({ rows: [{ ...row(provider), ...callback }] });
		expect(await readTriggerRow(new RowFields(context, 0))).toMatchObject({
			ok: true,
			value: {
				provider: { id: provider },
				taskId: 'task-1',
				query: { row: 'e30', sig: 'x' },
				options: { downloadImages: true, outputField: 'data', outputItems: 'perImage' },
			},
		});
	},
);

it('Seedream Trigger needs a callback to run', async () => {
	const context = fakeContext({ rows: [row('evoLink')] });
	expect(await readTriggerRow(new RowFields(context, 0))).toMatchObject({
		ok: false,
		failure: { code: 'invalid_row', message: 'The callback has no task ID' },
	});
});

it('Seedream Trigger has the output fields and options of the other nodes, but none of a tool', () => {
	const options = triggerFields.at(-1)?.options ?? [];
	expect(triggerFields.map(({ displayName }) => displayName)).toEqual([
		'Provider',
		'Download Images',
		'Put Output in Field',
		'Output',
		'Options',
	]);
	expect(options.map(({ name }) => name)).toEqual([
		'fileName',
		'layersFile',
		'pollInterval',
		'simplify',
		'timeout',
	]);
	expect(description).not.toHaveProperty('usableAsTool');
});

it('Seedream Trigger listens below its own path, also where APIMart appends /callback', () => {
	expect(description.webhooks?.map(({ path }) => path)).toEqual(['task', 'task/callback']);
});

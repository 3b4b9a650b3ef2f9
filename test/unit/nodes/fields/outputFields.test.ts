import type { INodeProperties } from 'n8n-workflow';

import { generateOptionsField, optionsField } from '../../../../nodes/Seedream/fields/outputFields';
import { providers } from '../../../../nodes/Seedream/providers';

const layersFileIn = ({ options = [] }: INodeProperties) =>
	(options as INodeProperties[]).filter(({ name }) => name === 'layersFile');

it("Seedream Generate has 'Layers File' for the models that split an image, and for no others", () => {
	const shown = layersFileIn(generateOptionsField).map(
		({ displayOptions }) => displayOptions?.show,
	);
	const expected = providers.flatMap(({ id, models }) => {
		const layered = models.filter(({ layers }) => layers).map((model) => model.id);
		return layered.length === 0 ? [] : [{ '/provider': [id], '/model': layered }];
	});
	expect(expected).not.toEqual([]);
	expect(shown).toEqual(expected);
});

it("Seedream Task Status always has 'Layers File', because it doesn't know the model", () => {
	const [field, ...others] = layersFileIn(optionsField);
	expect(others).toEqual([]);
	expect(field).not.toHaveProperty('displayOptions');
	expect(field?.default).toBe(false);
});

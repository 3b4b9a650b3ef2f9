import { findModel, providers } from '../providers';
import { customModel } from '../providers/customModel';
import type { ModelSchema } from '../providers/modelSchema';
import type { Model, NodeVersion, Problem, Provider } from '../providers/provider';
import { cellText } from './cells';
import { fieldLabel } from './labels';
import type { RawRow } from './checkRequest';
import { matchModel, nameKey } from './matchNames';
import { promptProblem } from './promptProblem';

export interface ChosenModel {
	model: Model;
	/** The ID to send: the model's own, or one of its aliases. */
	modelId: string;
}

/** The model for a row, or why the row's model can't be used. `schema` is of a custom model. */
export function chooseModel(
	provider: Provider,
	raw: Pick<RawRow, 'model' | 'customModel' | 'nodeVersion'>,
	references: number,
	schema?: ModelSchema,
): ChosenModel | Problem {
	const id = cellText(raw.model);
	const key = nameKey(id);
	if (key === 'custom') {
		const customId = cellText(raw.customModel);
		if (customId === '') {
			return { field: 'customModel', message: "is empty. Enter the model's ID" };
		}
		const problem = promptProblem(customId);
		if (problem !== undefined) return { field: 'customModel', message: problem };
		return { model: customModel(provider, customId, schema), modelId: customId };
	}
	if (id === '' || key === 'auto' || key === 'automatic')
		return withOwnId(defaultModel(provider, raw.nodeVersion, references));
	const exact = findModel(provider, id);
	if (exact) return { model: exact, modelId: id };
	const named = matchModel(provider, id);
	if (named) return withOwnId(named);
	const [other] = providers.flatMap((one) => matchModel(one, id) ?? []);
	if (!other) {
		return {
			field: 'model',
			message: `is "${id}", which isn't a known ${provider.label} model. Choose one from the list, or choose Custom and enter its ID in '${fieldLabel('customModel')}'`,
		};
	}
	const sameVersion = modelOfVersion(provider, other.version, references);
	if (sameVersion) return withOwnId(sameVersion);
	return { field: 'model', message: notOffered(provider, id, other.version) };
}

function withOwnId(model: Model): ChosenModel {
	return { model, modelId: model.id };
}

function defaultModel(
	{ automatic, defaultModels }: Provider,
	nodeVersion: NodeVersion,
	references: number,
): Model {
	return automatic ? automatic.pick(references) : defaultModels[nodeVersion];
}

/**
 * If the provider comes from the row, a fixed model has to work for rows of several providers: the ID
 * from another provider selects the same version and tier of Seedream.
 */
function modelOfVersion(
	provider: Provider,
	version: string,
	references: number,
): Model | undefined {
	const automatic = provider.automatic?.pick(references);
	if (automatic?.version === version) return automatic;
	return provider.models.find((model) => model.version === version);
}

function notOffered({ label, models }: Provider, id: string, version: string): string {
	const others = providers.filter((one) => one.models.some((model) => model.version === version));
	const labels = (list: ReadonlyArray<{ label: string }>) => list.map((one) => one.label);
	return `is "${id}", which ${label} doesn't offer. Use ${labels(others).join(' or ')} instead, or one of ${label}'s models: ${labels(models).join(', ')}`;
}

import { findModel, providers } from '../providers';
import { customModel } from '../providers/customModel';
import type { Model, Problem, Provider } from '../providers/provider';
import { cellText } from './cells';
import { matchModel, nameKey } from './matchNames';
import { promptProblem } from './promptProblem';

export interface ChosenModel {
	model: Model;
	/** The id as it is sent: the model's own, or one of its aliases. */
	modelId: string;
}

/** The model that a row means, or what is wrong with the one it names. */
export function chooseModel(
	provider: Provider,
	raw: { model: unknown; customModel: unknown },
	references: number,
): ChosenModel | Problem {
	const id = cellText(raw.model);
	const key = nameKey(id);
	if (key === 'custom') {
		const typed = cellText(raw.customModel);
		if (typed === '') return { field: 'model', message: 'type the model into Custom Model' };
		const problem = promptProblem(typed);
		if (problem !== undefined) return { field: 'model', message: `Custom Model ${problem}` };
		return { model: customModel(provider, typed), modelId: typed };
	}
	if (id === '' || key === 'auto' || key === 'automatic')
		return itself(automaticModel(provider, references));
	const exact = findModel(provider, id);
	if (exact) return { model: exact, modelId: id };
	const named = matchModel(provider, id);
	if (named) return itself(named);
	const sameVersion = counterpart(provider, id, references);
	if (sameVersion) return itself(sameVersion);
	return {
		field: 'model',
		message: `"${id}" is not a model of ${provider.label} that this node knows: choose one from the list, or choose Custom and type it into Custom Model`,
	};
}

function itself(model: Model): ChosenModel {
	return { model, modelId: model.id };
}

function automaticModel({ automatic, models }: Provider, references: number): Model {
	return automatic ? automatic.pick(references) : models[0];
}

/**
 * With the provider taken from the row, one fixed model has to serve rows of several providers: the
 * id of another provider means the same version of Seedream here.
 */
function counterpart(provider: Provider, id: string, references: number): Model | undefined {
	const foreign = providers.flatMap((one) => matchModel(one, id) ?? [])[0];
	if (!foreign) return undefined;
	const automatic = automaticModel(provider, references);
	if (automatic.version === foreign.version) return automatic;
	return provider.models.find(({ version }) => version === foreign.version);
}

import type { Model, Parameter, ParameterName, Provider } from './provider';

/**
 * A model that the user enters by ID. The limits of the provider's other models guide the user, but
 * nothing is rejected: this model's own limits aren't known.
 */
export function customModel(provider: Provider, id: string): Model {
	const [newest] = provider.models;
	return {
		...newest,
		id,
		aliases: [],
		label: id,
		references: referenceModel(provider).references,
		parameters: allParameters(provider),
		rules: [],
		limitsAreGuesses: true,
		price: undefined,
	};
}

/** The model for references, where the provider has separate models with and without them. */
function referenceModel({ automatic, models }: Provider): Model {
	return automatic?.pick(1) ?? models[0];
}

/** The parameters of all models, each with the options of all of them. */
function allParameters({ models }: Provider): Model['parameters'] {
	const parameters: Model['parameters'] = {};
	for (const model of models) {
		for (const [key, parameter] of Object.entries(model.parameters)) {
			const name = key as ParameterName;
			parameters[name] = mergeOptions(parameters[name] ?? parameter, parameter);
		}
	}
	return parameters;
}

function mergeOptions(known: Parameter, other: Parameter): Parameter {
	if (known.kind !== 'choice' || other.kind !== 'choice') return known;
	return { ...known, options: [...new Set([...other.options, ...known.options])] };
}

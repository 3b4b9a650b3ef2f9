import type { Model, Parameter, ParameterName, Provider } from './provider';

/**
 * A model typed by hand. What is known of the provider's other models guides the user, but refuses
 * nothing: only the table of this very model could.
 */
export function customModel(provider: Provider, id: string): Model {
	const [newest] = provider.models;
	return {
		...newest,
		id,
		aliases: [],
		label: id,
		references: automaticOrNewest(provider).references,
		parameters: allParameters(provider),
		rules: [],
		limitsAreGuesses: true,
		creditsPerImage: undefined,
	};
}

/** The model that takes references, where the provider has one for them and one without. */
function automaticOrNewest({ automatic, models }: Provider): Model {
	return automatic?.pick(1) ?? models[0];
}

/** Every parameter that one of the models has, with all the options that any of them has. */
function allParameters({ models }: Provider): Model['parameters'] {
	const parameters: Model['parameters'] = {};
	for (const model of models) {
		for (const [key, parameter] of Object.entries(model.parameters)) {
			const name = key as ParameterName;
			parameters[name] = withMoreOptions(parameters[name] ?? parameter, parameter);
		}
	}
	return parameters;
}

function withMoreOptions(known: Parameter, other: Parameter): Parameter {
	if (known.kind !== 'choice' || other.kind !== 'choice') return known;
	return { ...known, options: [...new Set([...other.options, ...known.options])] };
}

import type { Model, Parameter, ParameterName, Provider } from './provider';

/**
 * A model typed by hand. What is known of the gateway's other models guides the user, but refuses
 * nothing: only the table of this very model could.
 */
export function customModel(provider: Provider, id: string): Model {
	const [newest] = provider.models;
	return {
		...newest,
		id,
		aliases: [],
		label: id,
		prompt: { min: 1, max: Infinity },
		references: { min: 0, max: Infinity, dataUri: true },
		parameters: openParameters(provider),
		rules: [],
		creditsPerImage: undefined,
	};
}

function openParameters({ models }: Provider): Model['parameters'] {
	const parameters: Model['parameters'] = {};
	for (const model of models) {
		for (const [key, parameter] of Object.entries(model.parameters)) {
			const name = key as ParameterName;
			parameters[name] = widen(parameters[name], parameter);
		}
	}
	return parameters;
}

function widen(known: Parameter | undefined, parameter: Parameter): Parameter {
	if (parameter.kind === 'integer') return { ...parameter, max: Infinity };
	if (parameter.kind !== 'choice') return parameter;
	const before = known?.kind === 'choice' ? known.options : [];
	return {
		...parameter,
		options: [...new Set([...parameter.options, ...before])],
		pixelSize: parameter.pixelSize && {
			minPixels: 1,
			maxPixels: Infinity,
			minRatio: 0,
			maxRatio: Infinity,
		},
		open: true,
	};
}

import type { ModelSchema, SchemaField } from './modelSchema';
import type { LimitName, Model, Parameter, ParameterName, Provider } from './provider';

/**
 * A model that the user enters by ID. It has the limits that the provider's `schema` states; all others
 * are guesses from its other models, which guide the user, but reject nothing.
 */
export function customModel(provider: Provider, id: string, schema?: ModelSchema): Model {
	const [newest] = provider.models;
	const parameters = allParameters(provider);
	const parameterNames = Object.keys(parameters) as ParameterName[];
	const model: Model = {
		...newest,
		id,
		aliases: [],
		label: id,
		references: {
			...referenceModel(provider).references,
			dataUri: provider.models.some(({ references }) => references.dataUri),
		},
		parameters,
		rules: [],
		guesses: new Set(['prompt', 'references', 'referenceFiles', ...parameterNames]),
		price: undefined,
	};
	return schema ? withLimits(model, schema) : model;
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

/** Without the parameters that the schema doesn't have. It says nothing about the files of references. */
function withLimits(model: Model, { prompt, references, field }: ModelSchema): Model {
	const guesses = new Set<LimitName>(['referenceFiles']);
	const parameters: Model['parameters'] = {};
	for (const [key, parameter] of Object.entries(model.parameters)) {
		const name = key as ParameterName;
		const limits = field(parameter.sentAs);
		if (!limits) continue;
		const known = limitedParameter(parameter, limits);
		parameters[name] = known ?? parameter;
		if (!known) guesses.add(name);
	}
	return {
		...model,
		prompt: { min: Math.max(prompt.length.min ?? 1, 1), max: prompt.length.max ?? Infinity },
		references: { ...model.references, ...referenceCount(references) },
		parameters,
		guesses,
	};
}

function referenceCount(field: SchemaField | undefined): { min: number; max: number } {
	if (!field) return { min: 0, max: 0 };
	const { isRequired, items } = field;
	return { min: isRequired ? Math.max(items.min ?? 1, 1) : 0, max: items.max ?? Infinity };
}

/** Undefined if the schema doesn't limit the parameter. */
function limitedParameter(parameter: Parameter, limits: SchemaField): Parameter | undefined {
	const { options, value, length } = limits;
	switch (parameter.kind) {
		case 'choice':
			return (
				options && {
					...parameter,
					options,
					default: options.find((option) => option === limits.default),
					pixelSize: undefined,
				}
			);
		case 'integer':
			return {
				...parameter,
				min: value.min ?? 1,
				max: value.max ?? Infinity,
				default: typeof limits.default === 'number' ? limits.default : parameter.default,
			};
		case 'boolean':
			return parameter;
		case 'callback':
			return { ...parameter, maxLength: length.max ?? parameter.maxLength };
	}
}

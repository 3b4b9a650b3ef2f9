import { z } from 'zod';

import { isJsonObject, parseJson, type JsonObject } from '../json';
import { customModel } from '../providers/customModel';
import { providers } from '../providers';
import type {
	ImageRequest,
	Model,
	ParameterName,
	ParameterValues,
	Problem,
	Provider,
} from '../providers/provider';
import type { Checked } from './controls';
import { fieldLabel } from './labels';
import { linkList } from './list';
import { promptSchema, referencesSchema, tidy, valueSchema } from './schemas';

/** What a row says, as n8n hands it over: nothing about it is known yet. */
export interface RawRow {
	model: unknown;
	customModel: unknown;
	prompt: unknown;
	imageUrls: unknown;
	width: unknown;
	height: unknown;
	parameters: Partial<Record<ParameterName, unknown>>;
	extraBody: unknown;
}

/** Checks a row against the table of its model, without asking the network anything. */
export function checkRequest(provider: Provider, raw: RawRow): Checked<ImageRequest> {
	const links = linkList(raw.imageUrls);
	const chosen = chooseModel(provider, raw, links.length);
	if ('field' in chosen) return { ok: false, problems: [labelled(chosen)] };
	const { model, modelId } = chosen;

	const problems: Problem[] = [...unknownParameters(provider, model, raw)];
	const prompt = checked(promptSchema(model), raw.prompt, 'prompt', problems);
	const references = checked(referencesSchema(model), links, 'imageUrls', problems);
	const extraBody = checked(extraBodySchema, raw.extraBody, 'extraBody', problems);
	const values: ParameterValues = {};
	for (const [key, parameter] of Object.entries(model.parameters)) {
		const name = key as ParameterName;
		const value = checked(valueSchema(parameter, model), rawValue(name, raw), name, problems);
		if (value !== undefined) values[name] = value;
	}

	if (problems.length === 0) {
		const draft = { references: references ?? [], values };
		problems.push(...model.rules.flatMap((rule) => rule(draft) ?? []));
	}
	if (problems.length > 0 || prompt === undefined || !references || !extraBody) {
		return { ok: false, problems: problems.map((problem) => labelled(problem, model)) };
	}
	return {
		ok: true,
		value: { model, modelId, prompt, references, values, extraBody },
	};
}

function labelled({ field, message }: Problem, model?: Model): string {
	return `${fieldLabel(field, model?.parameters)}: ${message}`;
}

/** Adds what the schema objects to; undefined when it does, or when nothing was set. */
function checked<T>(
	schema: z.ZodType<T, z.ZodTypeDef, unknown>,
	value: unknown,
	field: Problem['field'],
	problems: Problem[],
): T | undefined {
	const parsed = schema.safeParse(value);
	if (parsed.success) return parsed.data;
	problems.push(...parsed.error.issues.map(({ message }) => ({ field, message })));
	return undefined;
}

function rawValue(name: ParameterName, { parameters, width, height }: RawRow): unknown {
	const value = parameters[name];
	if (name !== 'aspectRatio' || tidy(value) !== 'custom') return value;
	const size = `${tidy(width)}x${tidy(height)}`;
	return /^\d+x\d+$/.test(size) ? size : value;
}

/** What other models know and this one does not would be lost, and the image charged all the same. */
function* unknownParameters(
	provider: Provider,
	model: Model,
	{ parameters }: RawRow,
): Generator<Problem> {
	for (const [key, value] of Object.entries(parameters)) {
		const name = key as ParameterName;
		if (model.parameters[name] || isNothing(value)) continue;
		yield { field: name, message: `${provider.label} ${model.label} does not have this setting` };
	}
}

/** What a field holds that was left alone, or that asks for what happens anyway. */
function isNothing(value: unknown): boolean {
	return ['', 'default', 'false', '1'].includes(tidy(value));
}

type ChosenModel = { model: Model; modelId: string };

function chooseModel(provider: Provider, raw: RawRow, references: number): ChosenModel | Problem {
	const id = String(raw.model ?? '').trim();
	if (id === 'custom') {
		const typed = String(raw.customModel ?? '').trim();
		if (typed === '') return { field: 'model', message: 'type the model into Custom Model' };
		return { model: customModel(provider, typed), modelId: typed };
	}
	if (id === '' || id === 'auto') return itself(automaticModel(provider, references));
	const named = provider.models.find((model) => hasId(model, id));
	if (named) return { model: named, modelId: id };
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

function hasId({ id, aliases }: Model, wanted: string): boolean {
	return id === wanted || aliases.includes(wanted);
}

/**
 * With the provider taken from the row, one fixed model has to serve rows of several gateways: the
 * id of another gateway means the same version of Seedream here.
 */
function counterpart(provider: Provider, id: string, references: number): Model | undefined {
	const foreign = providers.flatMap(({ models }) => models).find((model) => hasId(model, id));
	if (!foreign) return undefined;
	const automatic = automaticModel(provider, references);
	if (automatic.version === foreign.version) return automatic;
	return provider.models.find(({ version }) => version === foreign.version);
}

const RESERVED_KEYS = ['prompt', 'model'];

const extraBodySchema = z.unknown().transform((value, context): JsonObject => {
	const complain = (message: string) => context.addIssue({ code: 'custom', message });
	const body = typeof value === 'string' ? parseText(value) : (value ?? {});
	if (!isJsonObject(body)) {
		complain('must be a JSON object, e.g. {"seed": 7}');
		return z.NEVER;
	}
	for (const key of RESERVED_KEYS.filter((reserved) => reserved in body)) {
		complain(`may not hold "${key}": use the field of that name`);
	}
	return body;
});

function parseText(text: string): unknown {
	return text.trim() === '' ? {} : parseJson(text);
}

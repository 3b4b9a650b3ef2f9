import { z } from 'zod';

import type { ImageFile } from '../images/imageFile';
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
	Reference,
	SendBinaryAs,
} from '../providers/provider';
import { askForCount } from './askForCount';
import type { Checked } from './controls';
import { fieldLabel } from './labels';
import { linkList } from './list';
import { booleanSchema, promptSchema, referenceProblems, tidy, valueSchema } from './schemas';

/** What a row says, as n8n hands it over: nothing about it is known yet. */
export interface RawRow {
	model: unknown;
	customModel: unknown;
	prompt: unknown;
	imageUrls: unknown;
	/** The images that sit in n8n, in their order. */
	imageFiles: readonly ImageFile[];
	width: unknown;
	height: unknown;
	parameters: Partial<Record<ParameterName, unknown>>;
	askForCount: unknown;
	sendBinaryAs: unknown;
	extraBody: unknown;
}

/** Checks a row against the table of its model, without asking the network anything. */
export function checkRequest(provider: Provider, raw: RawRow): Checked<ImageRequest> {
	const references: Reference[] = [
		...linkList(raw.imageUrls).map((url) => ({ kind: 'link' as const, url })),
		...raw.imageFiles.map((file) => ({ kind: 'file' as const, file })),
	];
	const chosen = chooseModel(provider, raw, references.length);
	if ('field' in chosen) return { ok: false, problems: [labelled(chosen)] };
	const { model, modelId } = chosen;

	const problems: Problem[] = [...unknownParameters(provider, model, raw)];
	const prompt = checked(promptSchema(model), raw.prompt, 'prompt', problems);
	const sendBinaryAs = checked(
		sendBinaryAsSchema(model),
		raw.sendBinaryAs,
		'sendBinaryAs',
		problems,
	);
	const asks = checked(booleanSchema, raw.askForCount, 'askForCount', problems) ?? false;
	problems.push(...referenceProblems(model, references), ...unsendable(provider, references));
	const extraBody = checked(extraBodySchema, raw.extraBody, 'extraBody', problems);
	const values: ParameterValues = {};
	for (const [key, parameter] of Object.entries(model.parameters)) {
		const name = key as ParameterName;
		const value = checked(valueSchema(parameter, model), rawValue(name, raw), name, problems);
		if (value !== undefined) values[name] = value;
	}

	const promptSent = asks ? withCount(prompt ?? '', model, values, problems) : prompt;
	if (problems.length === 0) {
		const draft = { references, values };
		problems.push(...model.rules.flatMap((rule) => rule(draft) ?? []));
	}
	if (
		problems.length > 0 ||
		prompt === undefined ||
		promptSent === undefined ||
		!extraBody ||
		!sendBinaryAs
	) {
		return { ok: false, problems: problems.map((problem) => labelled(problem, model)) };
	}
	return {
		ok: true,
		value: { model, modelId, prompt, promptSent, references, sendBinaryAs, values, extraBody },
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

/** The prompt with a sentence that asks for the number of images, where the gateway wants one. */
function withCount(
	prompt: string,
	model: Model,
	{ imageCount }: ParameterValues,
	problems: Problem[],
): string {
	const { imageCount: parameter } = model.parameters;
	if (parameter?.kind !== 'integer' || !parameter.isUpperBound) {
		problems.push({ field: 'askForCount', message: `${model.label} does not have this setting` });
		return prompt;
	}
	if (imageCount === undefined) return prompt;
	const asking = askForCount(prompt, Number(imageCount));
	const { length } = [...asking];
	if (!model.limitsAreGuesses && length > model.prompt.max) {
		const message = `with the sentence it adds, the prompt has ${length} characters, the most is ${model.prompt.max}`;
		problems.push({ field: 'askForCount', message });
	}
	return asking;
}

function sendBinaryAsSchema({ label, references, limitsAreGuesses }: Model) {
	return z.unknown().transform((value, context): SendBinaryAs => {
		const text = tidy(value);
		if (['', 'default', 'upload'].includes(text)) return 'upload';
		if (text === 'datauri' && (references.dataUri || limitsAreGuesses)) return 'dataUri';
		const message =
			text === 'datauri'
				? `${label} takes no images written into the request`
				: `"${String(value)}" is neither upload nor dataUri`;
		context.addIssue({ code: 'custom', message });
		return z.NEVER;
	});
}

/** Files that cannot be brought to the gateway, found out before anything is sent. */
function unsendable(
	{ label, fileReferences }: Provider,
	references: readonly Reference[],
): Problem[] {
	return references.flatMap((reference) => {
		if (reference.kind === 'link') return [];
		const { file } = reference;
		if (fileReferences.kind === 'signedLink') {
			if (file.signedLink() !== undefined) return [];
			const message = `${label} takes links only, and this n8n has no public HTTPS address under which it could hand out ${file.label}: give this n8n such an address, or put the image on a public server and use ${fieldLabel('imageUrls')}`;
			return [{ field: 'imageFields', message }];
		}
		const { formats } = fileReferences;
		if (!file.measured || formats.includes(file.measured.format)) return [];
		const message = `${file.label} is a ${file.measured.format.toUpperCase()} file, ${label} only takes ${formats.join(', ').toUpperCase()} files from n8n: convert it, or use a link`;
		return [{ field: 'imageFields', message }];
	});
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

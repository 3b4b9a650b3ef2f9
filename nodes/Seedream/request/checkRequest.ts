import type { z } from 'zod';

import type { ImageFile } from '../images/imageFile';
import type { Reference } from '../images/reference';
import type { ModelSchema } from '../providers/modelSchema';
import type {
	Model,
	NodeVersion,
	ParameterName,
	ParameterValues,
	Problem,
	Provider,
	ReferenceFacts,
} from '../providers/provider';
import { askForCount } from './askForCount';
import { callbackDataProblem, type CallbackRequest } from './callbackAddress';
import { normalizeCell } from './cells';
import { chooseModel } from './chooseModel';
import type { ImageRequest } from './imageRequest';
import { fieldLabel, fieldMessage } from './labels';
import { encodeUrl } from './links';
import { parseLinks } from './lists';
import type { Checked } from './options';
import { referenceProblems, unsendableFiles, type Reach } from './referenceProblems';
import { booleanSchema, callbackDataSchema, extraBodySchema, modelSchemas } from './schemas';
import { resolveSharePage } from './sharePages';

/** A row's fields as n8n provides them, before any check. */
export interface RawRow {
	/** Of the node, because an empty model means the default of that version. */
	nodeVersion: NodeVersion;
	model: unknown;
	customModel: unknown;
	prompt: unknown;
	imageUrls: unknown;
	/** The images from binary fields, in order. */
	imageFiles: readonly ImageFile[];
	width: unknown;
	height: unknown;
	parameters: Partial<Record<ParameterName, unknown>>;
	askForCount: unknown;
	sendBinaryAs: unknown;
	extraBody: unknown;
	callbackData: unknown;
}

/**
 * Checks a row against its model's limits, without any network request. `reach` says where the provider
 * can open links, and `schema` what the provider says about the row's custom model.
 */
export function checkRequest(
	provider: Provider,
	raw: RawRow,
	reach: Reach = 'internet',
	schema?: ModelSchema,
): Checked<ImageRequest> {
	const references: Reference[] = [
		...parseLinks(raw.imageUrls).map((text) => ({ kind: 'link' as const, url: directLink(text) })),
		...raw.imageFiles.map((file) => ({ kind: 'file' as const, file })),
	];
	const chosen = chooseModel(provider, raw, references.length, schema);
	if ('field' in chosen) return { ok: false, problems: [problemMessage(chosen)] };
	const { model, modelId } = chosen;

	const problems: Problem[] = [...unsupportedParameters(provider, model, raw)];
	const schemas = modelSchemas(model);
	const prompt = parseField(schemas.prompt, raw.prompt, 'prompt', problems);
	const sendBinaryAs = parseField(schemas.sendBinaryAs, raw.sendBinaryAs, 'sendBinaryAs', problems);
	const asksForCount = parseField(booleanSchema, raw.askForCount, 'askForCount', problems) ?? false;
	problems.push(...referenceProblems(model, references, reach));
	if (sendBinaryAs === 'upload') problems.push(...unsendableFiles(provider, model, references));
	const extraBody = parseField(extraBodySchema, raw.extraBody, 'extraBody', problems);
	const values: ParameterValues = {};
	for (const [name, schema] of schemas.parameters) {
		const value = parseField(schema, rawValue(name, raw), name, problems);
		if (value !== undefined) values[name] = value;
	}

	const draftRequest = { model, values, extraBody: extraBody ?? {} };
	const callbackData = parseCallbackData(provider, raw.callbackData, draftRequest, problems);

	const counted = asksForCount
		? askForCount(prompt ?? '', model, values)
		: { prompt: prompt ?? '' };
	if (counted.problem) problems.push(counted.problem);
	if (problems.length === 0) {
		const draft = { references: references.map(referenceFacts), values };
		problems.push(...model.rules.flatMap((rule) => rule(draft) ?? []));
	}
	if (problems.length > 0 || prompt === undefined || !extraBody || !sendBinaryAs) {
		return { ok: false, problems: problems.map((problem) => problemMessage(problem, model)) };
	}
	const promptSent = counted.prompt;
	const request = {
		model,
		modelId,
		prompt,
		promptSent,
		references,
		sendBinaryAs,
		values,
		extraBody,
	};
	return { ok: true, value: callbackData === undefined ? request : { ...request, callbackData } };
}

/** Also checks the address that the data is added to, unless that has a problem of its own. */
function parseCallbackData(
	provider: Provider,
	value: unknown,
	request: CallbackRequest,
	problems: Problem[],
): string | undefined {
	const json = parseField(callbackDataSchema, value, 'callbackData', problems);
	const isAddressWrong = problems.some(({ field }) => ['callbackUrl', 'extraBody'].includes(field));
	if (json === undefined || isAddressWrong) return json;
	const message = callbackDataProblem(provider, request, json);
	if (message !== undefined) problems.push({ field: 'callbackData', message });
	return json;
}

function referenceFacts(reference: Reference): ReferenceFacts {
	return reference.kind === 'file' ? { format: reference.file.measured?.format } : {};
}

/** Encodes the link, and replaces a share page with the direct link where that's possible. */
function directLink(text: string): string {
	const url = encodeUrl(text);
	const resolved = resolveSharePage(url);
	return 'url' in resolved ? resolved.url : url;
}

function problemMessage({ field, message }: Problem, model?: Model): string {
	return fieldMessage(fieldLabel(field, model?.parameters), message);
}

/** Undefined if the field is empty, or if the schema rejects it; then `problems` says why. */
function parseField<T>(
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
	if (name !== 'aspectRatio' || normalizeCell(value) !== 'custom') return value;
	const size = `${normalizeCell(width)}x${normalizeCell(height)}`;
	return /^\d+x\d+$/.test(size) ? size : value;
}

/** Without this check, the setting would be lost and the image charged anyway. */
function* unsupportedParameters(
	provider: Provider,
	model: Model,
	{ parameters }: RawRow,
): Generator<Problem> {
	for (const [key, value] of Object.entries(parameters)) {
		const name = key as ParameterName;
		if (model.parameters[name] || isDefault(value)) continue;
		yield { field: name, message: `isn't available for ${provider.label} ${model.label}` };
	}
}

/** Whether the field is empty, or asks for what every model does anyway. */
function isDefault(value: unknown): boolean {
	return ['', 'default', 'false', '1', 'disabled', 'opaque'].includes(normalizeCell(value));
}

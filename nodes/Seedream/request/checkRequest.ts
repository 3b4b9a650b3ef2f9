import type { z } from 'zod';

import type { ImageFile } from '../images/imageFile';
import type { Reference } from '../images/reference';
import type {
	Model,
	ParameterName,
	ParameterValues,
	Problem,
	Provider,
} from '../providers/provider';
import { askForCount } from './askForCount';
import { normalizeCell } from './cells';
import { chooseModel } from './chooseModel';
import type { ImageRequest } from './imageRequest';
import { fieldLabel } from './labels';
import { encodeUrl } from './links';
import { linkList } from './lists';
import type { Checked } from './options';
import { referenceProblems, unsendableFiles, type Reach } from './referenceProblems';
import {
	booleanSchema,
	extraBodySchema,
	promptSchema,
	sendBinaryAsSchema,
	valueSchema,
} from './schemas';
import { openSharePage } from './sharePages';

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

/**
 * Checks a row against the table of its model, without asking the network anything. `reach` says
 * where the provider can open links.
 */
export function checkRequest(
	provider: Provider,
	raw: RawRow,
	reach: Reach = 'internet',
): Checked<ImageRequest> {
	const references: Reference[] = [
		...linkList(raw.imageUrls).map((text) => ({ kind: 'link' as const, url: directLink(text) })),
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
	problems.push(...referenceProblems(model, references, reach));
	if (sendBinaryAs === 'upload') problems.push(...unsendableFiles(provider, references));
	const extraBody = checked(extraBodySchema, raw.extraBody, 'extraBody', problems);
	const values: ParameterValues = {};
	for (const [key, parameter] of Object.entries(model.parameters)) {
		const name = key as ParameterName;
		const value = checked(valueSchema(parameter, model), rawValue(name, raw), name, problems);
		if (value !== undefined) values[name] = value;
	}

	const asking = asks ? askForCount(prompt ?? '', model, values) : { prompt: prompt ?? '' };
	if (asking.problem) problems.push(asking.problem);
	if (problems.length === 0) {
		const draft = { referenceCount: references.length, values };
		problems.push(...model.rules.flatMap((rule) => rule(draft) ?? []));
	}
	if (problems.length > 0 || prompt === undefined || !extraBody || !sendBinaryAs) {
		return { ok: false, problems: problems.map((problem) => labelled(problem, model)) };
	}
	const promptSent = asking.prompt;
	return {
		ok: true,
		value: { model, modelId, prompt, promptSent, references, sendBinaryAs, values, extraBody },
	};
}

/** The link that is sent: mended, and led past a share page where that is certain. */
function directLink(text: string): string {
	const mended = encodeUrl(text);
	const opened = openSharePage(mended);
	return 'url' in opened ? opened.url : mended;
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
	if (name !== 'aspectRatio' || normalizeCell(value) !== 'custom') return value;
	const size = `${normalizeCell(width)}x${normalizeCell(height)}`;
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
	return ['', 'default', 'false', '1'].includes(normalizeCell(value));
}

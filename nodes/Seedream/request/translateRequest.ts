import { minBy } from 'lodash';

import type { ImageFile } from '../images/imageFile';
import type {
	Model,
	NodeVersion,
	Parameter,
	ParameterName,
	ParameterValues,
	Provider,
} from '../providers/provider';
import { checkRequest, type RawRow } from './checkRequest';
import { chooseModel } from './chooseModel';
import type { ImageRequest } from './imageRequest';
import { fieldLabel, fieldMessage } from './labels';
import type { Checked } from './options';
import type { Reach } from './referenceProblems';

type Choice = Extract<Parameter, { kind: 'choice' }>;
type Value = string | number | boolean;

/** They change nothing about what the image shows, so a provider without them may ignore them. */
const DROPPABLE: ReadonlySet<ParameterName> = new Set(['promptOptimization', 'callbackUrl']);

/**
 * The same request for another provider: the same version and tier of Seedream, with each setting
 * under that provider's names. What it can't do is a problem, never silently left out.
 */
export function translateRequest(
	request: ImageRequest,
	from: Provider,
	to: Provider,
	nodeVersion: NodeVersion,
	reach: Reach = 'internet',
): Checked<ImageRequest> {
	if (request.model.guesses) {
		return { ok: false, problems: [`${to.label} doesn't know the custom model`] };
	}
	if (Object.keys(request.extraBody).length > 0) {
		const message = `is only for ${from.label}`;
		return { ok: false, problems: [fieldMessage(fieldLabel('extraBody'), message)] };
	}
	const names = { nodeVersion, model: request.model.id, customModel: '' };
	const chosen = chooseModel(to, names, request.references.length);
	// The check below says what's wrong with the model.
	const parameters =
		'model' in chosen
			? translateValues(request, chosen.model, from)
			: { ok: true as const, value: {} };
	if (!parameters.ok) return parameters;
	const { imageCount } = parameters.value;
	const raw: RawRow = {
		...names,
		prompt: request.prompt,
		imageUrls: request.references.flatMap((one) => (one.kind === 'link' ? one.url : [])),
		imageFiles: request.references.flatMap((one): ImageFile[] =>
			one.kind === 'file' ? [one.file] : [],
		),
		width: '',
		height: '',
		parameters: parameters.value,
		askForCount: 'model' in chosen && isUpperBound(chosen.model) && Number(imageCount) > 1,
		sendBinaryAs: 'upload',
		extraBody: {},
		callbackData: request.callbackData,
	};
	return checkRequest(to, raw, reach);
}

/** Elsewhere, the number itself is enough. */
function isUpperBound({ parameters: { imageCount } }: Model): boolean {
	return imageCount?.kind === 'integer' && imageCount.isUpperBound === true;
}

function translateValues(
	{ model: source, values, references }: ImageRequest,
	target: Model,
	from: Provider,
): Checked<ParameterValues> {
	const translated: ParameterValues = {};
	const problems: string[] = [];
	for (const [key, value] of Object.entries(withImageCount(values, target))) {
		const name = key as ParameterName;
		const parameter = target.parameters[name];
		// Without a reference, there's nothing that the ratio could come from.
		if (name === 'aspectRatio' && value === 'auto' && references.length === 0) continue;
		const result = parameter && translateValue(value, source.parameters[name], parameter);
		if (result !== undefined) translated[name] = result;
		else if (
			!DROPPABLE.has(name) &&
			value !== false &&
			!isDefault(value, source.parameters[name])
		) {
			const message = `is ${JSON.stringify(value)} at ${from.label}, which has no equivalent`;
			problems.push(fieldMessage(fieldLabel(name, source.parameters), message));
		}
	}
	return problems.length === 0 ? { ok: true, value: translated } : { ok: false, problems };
}

/** A set of images is a number of images where there are no sets. */
function withImageCount(values: ParameterValues, target: Model): ParameterValues {
	const { sequentialImageGeneration, maxImages, ...others } = values;
	const isSet = sequentialImageGeneration === 'auto' && maxImages !== undefined;
	if (!isSet || target.parameters.sequentialImageGeneration) return values;
	return { ...others, imageCount: Math.max(Number(maxImages), Number(others.imageCount ?? 1)) };
}

/** Undefined if the target has no equivalent. */
function translateValue(
	value: Value,
	source: Parameter | undefined,
	target: Parameter,
): Value | undefined {
	if (target.kind !== 'choice' || source?.kind !== 'choice') return value;
	const text = source.equivalents?.[String(value)] ?? String(value);
	const option = target.options.find((one) => one === text || target.equivalents?.[one] === text);
	if (option !== undefined) return option;
	const isPixelSize = /^\d+x\d+$/.test(text);
	if (isPixelSize) return target.pixelSize ? text : ratioOf(text, target);
	return nearestResolution(text, target);
}

const MAX_RATIO_DIFFERENCE = 0.01;

/** The option with the same shape as a size in pixels. */
function ratioOf(size: string, { options }: Choice): string | undefined {
	const wanted = quotient(size, 'x');
	return options.find(
		(option) => Math.abs(quotient(option, ':') / wanted - 1) <= MAX_RATIO_DIFFERENCE,
	);
}

function quotient(text: string, separator: string): number {
	const [width = NaN, height = NaN] = text.split(separator).map(Number);
	return width / height;
}

/** "3K" isn't offered everywhere. The larger of two that are equally near isn't chosen: it may cost more. */
function nearestResolution(text: string, { options, equivalents }: Choice): string | undefined {
	const sizeOf = (name: string) => Number(/^([\d.]+)K$/.exec(equivalents?.[name] ?? name)?.[1]);
	const wanted = sizeOf(text);
	const sized = options.filter((option) => sizeOf(option) > 0);
	return wanted > 0 ? minBy(sized, (option) => Math.abs(sizeOf(option) - wanted)) : undefined;
}

function isDefault(value: Value, parameter: Parameter | undefined): boolean {
	return parameter !== undefined && 'default' in parameter && value === parameter.default;
}

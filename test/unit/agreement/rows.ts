import { set } from 'lodash';

import type { NodeVersion, Provider } from '../../../nodes/Seedream/providers/provider';
import { stripInvisibleEnds } from '../../../nodes/Seedream/request/cells';
import type { RawRow } from '../../../nodes/Seedream/request/checkRequest';
import type { Provider as SandboxProvider } from '../../sandbox/providers/provider';
import { rawRow } from '../nodes/request/rawRow';

/** A row's raw values. Undefined, null and '' mean that a setting isn't used. */
export interface RowInput {
	model: ModelName;
	prompt: unknown;
	references: unknown;
	size: unknown;
	resolution: unknown;
	count: unknown;
	promptOptimization: unknown;
	imageSet: unknown;
	maxImages: unknown;
	watermark: unknown;
	outputFormat: unknown;
	background: unknown;
	webSearch: unknown;
	callback: unknown;
}

export type Setting = keyof Omit<RowInput, 'model' | 'prompt' | 'references'>;
export type Body = Record<string, unknown>;

/** How a row names its model, and the ID that has to be sent. */
export interface ModelName {
	written: string;
	sent: string;
	/** An empty name means the default of this version of the node. */
	nodeVersion?: NodeVersion;
}

/** A model as its provider's documentation describes it. */
export interface System {
	name: string;
	provider: Provider;
	sandbox: SandboxProvider;
	/** The provider's ID comes first. */
	models: readonly [ModelName, ...ModelName[]];
	/** The documented names of the model's settings; a dot means a nested object. */
	names: Partial<Record<Setting, string>>;
	/** What is sent for `true`, where that isn't `true` itself. */
	sentForTrue?: Partial<Record<Setting, unknown>>;
	resolutions: readonly string[];
	/** The limits of sizes in pixels; undefined if the model only has ratios. */
	pixelLimits?: readonly number[];
	/** The minimum and maximum length of a prompt. */
	promptLimits: readonly number[];
	maxReferences: number;
	/** The model doesn't look at references, but the provider accepts them. */
	ignoresReferences?: boolean;
}

export interface Row {
	input: RowInput;
	system: System;
}

export const SETTINGS = [
	'size',
	'resolution',
	'count',
	'promptOptimization',
	'imageSet',
	'maxImages',
	'watermark',
	'outputFormat',
	'background',
	'webSearch',
	'callback',
] as const satisfies readonly Setting[];

/** The names of a model: its ID and aliases are sent as they're written, everything else as the ID. */
export function modelNames(
	ids: readonly [string, ...string[]],
	others: readonly string[],
	newestNode?: NodeVersion,
): readonly [ModelName, ...ModelName[]] {
	const [id, ...aliases] = ids;
	return [
		{ written: id, sent: id },
		...aliases.map((alias) => ({ written: alias, sent: alias })),
		...[...others, id.toUpperCase(), ` ${id.replace(/[-.]/g, ' ')}`].map((written) => ({
			written,
			sent: id,
		})),
		...(newestNode === undefined ? [] : [{ written: '', sent: id, nodeVersion: newestNode }]),
	];
}

export function isUnset(value: unknown): boolean {
	return value === undefined || value === null || value === '';
}

/** The row as n8n passes it to the package. */
export function rowOf(input: RowInput): RawRow {
	const pixels = typeof input.size === 'string' ? /^custom:(.*)x(.*)$/su.exec(input.size) : null;
	const { written, nodeVersion } = input.model;
	return rawRow({
		...(nodeVersion !== undefined && { nodeVersion }),
		model: written,
		prompt: input.prompt,
		imageUrls: input.references,
		width: pixels?.[1] ?? '',
		height: pixels?.[2] ?? '',
		parameters: {
			aspectRatio: pixels ? 'custom' : input.size,
			resolution: input.resolution,
			imageCount: input.count,
			promptOptimization: input.promptOptimization,
			sequentialImageGeneration: input.imageSet,
			maxImages: input.maxImages,
			watermark: input.watermark,
			outputFormat: input.outputFormat,
			background: input.background,
			webSearch: input.webSearch,
			callbackUrl: input.callback,
		},
	});
}

/** The same raw values under the provider's names, without settings that the model doesn't have. */
export function rawBody(input: RowInput, { names, sentForTrue = {} }: System): Body {
	const body: Body = { model: input.model.sent };
	if (input.prompt !== undefined) body.prompt = input.prompt;
	if (!isUnset(input.references)) body.image_urls = input.references;
	for (const setting of SETTINGS) {
		const name = names[setting];
		const value = input[setting];
		if (name === undefined || isUnset(value)) continue;
		if (setting in sentForTrue && typeof value === 'boolean') {
			if (value) set(body, name, sentForTrue[setting]);
			continue;
		}
		set(body, name, typeof value === 'string' ? value.replace(/^custom:/, '') : value);
	}
	return body;
}

/** The row with the spellings of spreadsheets replaced by what they mean. */
export function normalized(input: RowInput, { promptLimits }: System): RowInput {
	const prompt = isUnset(input.prompt) ? '' : stripInvisibleEnds(String(input.prompt));
	return {
		...input,
		// Where the prompt is optional, a blank one isn't sent.
		prompt: promptLimits[0] === 0 && prompt.trim() === '' ? undefined : prompt,
		references: isUnset(input.references) ? undefined : linksIn(input.references).map(encoded),
		size: word(input.size)
			?.replace(/^custom:/, '')
			.replace(/^(\d+)[/-](\d+)$/, '$1:$2')
			.replace(/[×*]/, 'x')
			.replace(/(^|x)0+(?=\d)/g, '$1'),
		resolution: word(input.resolution)?.replace(/k$/, 'K'),
		count: wholeNumber(input.count),
		promptOptimization: word(input.promptOptimization),
		imageSet: word(input.imageSet),
		maxImages: wholeNumber(input.maxImages),
		watermark: truth(input.watermark),
		outputFormat: word(input.outputFormat)?.replace(/^jpg$/, 'jpeg'),
		background: word(input.background),
		webSearch: truth(input.webSearch),
		callback: isUnset(input.callback) ? undefined : String(input.callback).trim(),
	};
}

function word(value: unknown): string | undefined {
	if (isUnset(value)) return undefined;
	const plain = String(value).normalize('NFKC').replace(/\s/g, '').toLowerCase();
	return plain === '' || plain === 'default' ? undefined : plain;
}

function truth(value: unknown): boolean | undefined {
	return { true: true, false: false }[word(value) ?? ''] ?? undefined;
}

function wholeNumber(value: unknown): number | undefined {
	const plain = word(value);
	return plain === undefined ? undefined : Number(plain);
}

export function linksIn(value: unknown): string[] {
	if (Array.isArray(value)) return value.flatMap(linksIn);
	if (typeof value === 'string' && value.startsWith('["')) return linksIn(JSON.parse(value));
	return String(value)
		.split(/[\s,]+(?=https?:|data:)|\n/i)
		.map((text) => text.trim())
		.filter((text) => text !== '');
}

/**
 * Percent-encodes what a link can't contain (RFC 3986), and each `%` that doesn't start an escape
 * sequence. The prefix of a data URI becomes lower case.
 */
export function encoded(text: string): string {
	if (/^data:/i.test(text)) {
		return text.replace(/^[^,]*,/, (prefix) => prefix.toLowerCase()).replace(/\s/g, '');
	}
	if (!/^https?:/i.test(text) || !URL.canParse(text)) return text;
	const [, host = '', path = ''] = /^(https?:\/\/[^/]*)(.*)$/s.exec(new URL(text).href) ?? [];
	return `${host}${path.replace(/[|^`[\]]|%(?![\da-f]{2})/gi, encodeURIComponent)}`;
}

/** What a row says, whatever its spelling. */
export function intended({ input, system }: Row) {
	const { count, maxImages, imageSet, references } = normalized(input, system);
	return {
		count: Number(count ?? 1),
		maxImages,
		imageSet,
		references: linksIn(references ?? []),
	};
}

/** The values of a file name template's placeholders. */
export interface FileNameFacts {
	/** The input row, from 1. */
	row: number;
	/** The image of the task, from 1. */
	image: number;
	/** The image within the execution, from 1. In a loop, each iteration numbers its rows from 1 again. */
	number: number;
	taskId: string;
	provider: string;
	model: string;
	prompt: string;
	/** UTC. */
	date: Date;
}

/** Unique across executions, so that they don't overwrite each other's files in a bucket or folder. */
export const DEFAULT_FILE_NAME = '{taskId}-{image}';

/** In braces in the template. */
export const FILE_NAME_PLACEHOLDERS = [
	'row',
	'image',
	'number',
	'taskId',
	'provider',
	'model',
	'prompt',
	'date',
] as const;

export type FileNamePlaceholder = (typeof FILE_NAME_PLACEHOLDERS)[number];

const MAX_PROMPT_LENGTH = 40;
/** File systems and object stores allow 255, including the extension and a suffix such as `-2`. */
const MAX_BYTES = 240;

/** Fills in the template. The result is valid in every file system and object store. */
export function fileName(template: string, facts: FileNameFacts, extension: string): string {
	return `${baseName(template, facts)}.${extension}`;
}

/** The same without the extension, which depends on the file's own bytes. */
export function baseName(template: string, facts: FileNameFacts): string {
	const name = shorten(partsOf(templateOf(template), facts));
	return withoutDeviceName(name.replace(IMAGE_EXTENSION, '') || 'image');
}

/** Whether the template contains the placeholder. */
export function drawsOn(template: string, placeholder: FileNamePlaceholder): boolean {
	return templateOf(template).includes(`{${placeholder}}`);
}

function templateOf(template: string): string {
	return template.trim() === '' ? DEFAULT_FILE_NAME : template;
}

/** A part of the name. Only `words` may be shortened. */
interface Part {
	before: string;
	words: string;
	after: string;
}

const PLACEHOLDER = new RegExp(`(\\{(?:${FILE_NAME_PLACEHOLDERS.join('|')})\\})`);

function partsOf(template: string, facts: FileNameFacts): Part[] {
	const pieces = template.split(PLACEHOLDER);
	return pieces.flatMap((piece, index): Part[] => {
		const name = FILE_NAME_PLACEHOLDERS.find((one) => piece === `{${one}}`);
		if (name) return [filledIn(name, facts)];
		// The text between placeholders may come from an expression, and be a file name with an extension.
		const [, before = '', words = '', after = ''] = TEXT.exec(toDashes(piece)) ?? [];
		const isName = pieces
			.slice(index + 1)
			.every((next) => /^(?:[^\p{L}\p{N}]*|\{.*\})$/u.test(next));
		return [{ before, words: isName ? words.replace(IMAGE_EXTENSION, '') : words, after }];
	});
}

/** Separators, words, separators. */
const TEXT = /^([-._]*)(.*?)([-._]*)$/su;
const IMAGE_EXTENSION =
	/(?:\.(?:jpe?g|jpe|jfif|png|apng|webp|gif|bmp|tiff?|avif|hei[cf]|svg|psd))+$/i;

/** What makes names unique is never shortened. */
function filledIn(name: FileNamePlaceholder, facts: FileNameFacts): Part {
	const whole = (value: string | number): Part => {
		return { before: clean(String(value)), words: '', after: '' };
	};
	switch (name) {
		case 'prompt':
			return { before: '', words: clean(beginning(facts.prompt)), after: '' };
		case 'model':
			return { before: '', words: clean(facts.model), after: '' };
		case 'date':
			return whole(facts.date.toISOString().slice(0, 10));
		default:
			return whole(facts[name]);
	}
}

/** Cut at a word boundary, unless that halves it: not every language uses spaces. */
function beginning(prompt: string): string {
	// For speed: a character takes up to two code units.
	const characters = [...prompt.slice(0, 2 * (MAX_PROMPT_LENGTH + 1))];
	const cut = characters.slice(0, MAX_PROMPT_LENGTH).join('');
	if (!/\S/.test(characters[MAX_PROMPT_LENGTH] ?? '')) return cut;
	const words = cut.replace(/\s+\S*$/u, '');
	return words.length < MAX_PROMPT_LENGTH / 2 ? cut : words;
}

/** Keeps the letters and digits of every script, and replaces anything that could be a path by dashes. */
function clean(part: string): string {
	return toDashes(part)
		.replace(/-{2,}/g, '-')
		.replace(/^[-.]+|[-.]+$/g, '');
}

function toDashes(part: string): string {
	return part.normalize('NFC').replace(/[^\p{L}\p{M}\p{N}._-]+/gu, '-');
}

/** Shortens the longest words until the name fits. */
function shorten(parts: readonly Part[]): string {
	// For speed: the loop below measures the name once per character.
	const short = parts.map((part) => ({ ...part, words: startOf(part.words, MAX_BYTES) }));
	for (;;) {
		const name = clean(short.map(({ before, words, after }) => before + words + after).join(''));
		if (Buffer.byteLength(name) <= MAX_BYTES) return name;
		const longest = short.reduce((most, part) =>
			Buffer.byteLength(part.words) > Buffer.byteLength(most.words) ? part : most,
		);
		if (longest.words === '') return clean(startWithin(name, MAX_BYTES));
		longest.words = [...longest.words].slice(0, -1).join('');
	}
}

function startOf(words: string, characters: number): string {
	return [...words].slice(0, characters).join('');
}

function startWithin(name: string, bytes: number): string {
	let start = name;
	while (Buffer.byteLength(start) > bytes) start = [...start].slice(0, -1).join('');
	return start;
}

/** Windows device names, also with an extension. */
const DEVICE = /^(?:con|prn|aux|nul|conin|conout|clock|(?:com|lpt)[\d¹²³])(?=\.|$)/i;

function withoutDeviceName(name: string): string {
	return name.replace(DEVICE, (device) => `${device}-image`);
}

/** What a file name template can draw on. */
export interface FileNameFacts {
	/** The input row, from 1. */
	row: number;
	/** The image of the task, from 1. */
	image: number;
	taskId: string;
	provider: string;
	model: string;
	prompt: string;
	/** UTC. */
	date: Date;
}

/** Unique over all runs, so that a bucket or a folder is never overwritten by the next run. */
export const DEFAULT_FILE_NAME = '{taskId}-{image}';

/** The placeholders a template may hold, in braces. */
export const FILE_NAME_PLACEHOLDERS = [
	'row',
	'image',
	'taskId',
	'provider',
	'model',
	'prompt',
	'date',
] as const;

const PROMPT_LENGTH = 40;
/** File systems and object stores take 255 bytes; the extension needs a few of them. */
const MOST_BYTES = 240;

/** Fills the template and leaves nothing that a file system or an object store refuses. */
export function fileName(template: string, facts: FileNameFacts, extension: string): string {
	const values: Record<(typeof FILE_NAME_PLACEHOLDERS)[number], string> = {
		row: String(facts.row),
		image: String(facts.image),
		taskId: facts.taskId,
		provider: facts.provider,
		model: facts.model,
		prompt: beginning(facts.prompt),
		date: facts.date.toISOString().slice(0, 10),
	};
	const filled = FILE_NAME_PLACEHOLDERS.reduce(
		(name, placeholder) => name.replaceAll(`{${placeholder}}`, clean(values[placeholder])),
		template.trim() === '' ? DEFAULT_FILE_NAME : template,
	);
	return `${shorten(clean(filled)) || 'image'}.${extension}`;
}

/** Ends with a whole word, unless that would take half of it: not every language has spaces. */
function beginning(prompt: string): string {
	const characters = [...prompt];
	const cut = characters.slice(0, PROMPT_LENGTH).join('');
	if (!/\S/.test(characters[PROMPT_LENGTH] ?? '')) return cut;
	const words = cut.replace(/\s+\S*$/u, '');
	return words.length < PROMPT_LENGTH / 2 ? cut : words;
}

/** Keeps letters and digits of every script; everything that could be a path becomes a dash. */
function clean(part: string): string {
	return part
		.normalize('NFC')
		.replace(/[^\p{L}\p{M}\p{N}._-]+/gu, '-')
		.replace(/-{2,}/g, '-')
		.replace(/^[-.]+|[-.]+$/g, '');
}

function shorten(name: string): string {
	let short = name;
	while (Buffer.byteLength(short) > MOST_BYTES) short = [...short].slice(0, -1).join('');
	return short;
}

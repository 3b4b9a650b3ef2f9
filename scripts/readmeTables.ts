import { HTTP_ADVICE, TASK_ADVICE, type Advice } from '../nodes/Seedream/advice';
import { httpFailure, taskFailure } from '../nodes/Seedream/errors';
import { providers } from '../nodes/Seedream/providers';
import type { Model, Provider } from '../nodes/Seedream/providers/provider';

/** The README's tables, made from what the code uses, by the name of the place they stand in. */
export const readmeTables: Record<string, () => string> = {
	limits: limitsTable,
	errors: errorsTable,
};

/** `readme` with every table made anew between its two marks. */
export function withTables(readme: string): string {
	return Object.entries(readmeTables).reduce((text, [name, make]) => {
		const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
		const [from, to] = [text.indexOf(start), text.indexOf(end)];
		if (from < 0 || to < from) throw new Error(`The README has no place for the table "${name}"`);
		return `${text.slice(0, from + start.length)}\n\n${make()}\n\n${text.slice(to)}`;
	}, readme);
}

function table(head: string[], rows: string[][]): string {
	const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
	return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function limitsTable(): string {
	const models = providers.flatMap((provider) =>
		provider.models.map((model) => ({ provider, model })),
	);
	return table(
		['Limit', ...models.map(({ provider, model }) => `${provider.label} ${model.label}`)],
		LIMITS.map(([name, describe]) => [
			name,
			...models.map(({ provider, model }) => describe(model, provider)),
		]),
	);
}

const NONE = '–';

const LIMITS: Array<[string, (model: Model, provider: Provider) => string]> = [
	['Model ID', ({ id }) => `\`${id}\``],
	[
		'Prompt, characters',
		({ prompt: { min, max } }) => (max === Infinity ? 'no limit named' : `${min} – ${max}`),
	],
	['Aspect ratios', ({ parameters }) => options(parameters.aspectRatio)],
	[
		'Custom size, pixels in all',
		({ parameters: { aspectRatio } }) => {
			if (aspectRatio?.kind !== 'choice' || !aspectRatio.pixelSize) return NONE;
			const { minPixels, maxPixels } = aspectRatio.pixelSize;
			return `${count(minPixels)} – ${count(maxPixels)}`;
		},
	],
	['Resolution', ({ parameters }) => options(parameters.resolution)],
	[
		'Images a row',
		({ parameters: { imageCount } }) =>
			imageCount?.kind === 'integer' ? `${imageCount.min} – ${imageCount.max}` : '1',
	],
	['Reference images', ({ references: { min, max } }) => (max === 0 ? NONE : `${min} – ${max}`)],
	[
		'Reference formats',
		({ references: { max, file } }) => (max === 0 ? NONE : file.formats.join(', ')),
	],
	[
		'Reference size',
		({ references: { max, file } }) =>
			max === 0
				? NONE
				: `${file.maxBytes / (1024 * 1024)} MB, sides from ${file.minSide} px, ${count(file.maxPixels)} px in all, ratio up to ${Math.round(file.maxRatio)}:1`,
	],
	[
		'Files from n8n',
		({ references: { max } }, { fileReferences }) =>
			max === 0
				? NONE
				: fileReferences.kind === 'upload'
					? `uploaded (${fileReferences.formats.join(', ')})`
					: 'a link signed by n8n',
	],
	[
		'List price, credits an image',
		({ creditsPerImage }) => (creditsPerImage === undefined ? NONE : String(creditsPerImage)),
	],
];

function options(parameter: Model['parameters']['aspectRatio']): string {
	return parameter?.kind === 'choice' ? parameter.options.join(' ') : NONE;
}

function count(pixels: number): string {
	return pixels.toLocaleString('en-US');
}

function errorsTable(): string {
	const [provider] = providers;
	const said = { message: '', type: '' };
	const ofCreate = Object.entries(HTTP_ADVICE).map(([status, advice]) => {
		const error = { ...said, code: status, status: Number(status) };
		return errorRow(status, advice, httpFailure(provider, error, undefined).charged);
	});
	const ofTask = Object.entries(TASK_ADVICE).map(([code, advice]) => {
		const task = { status: 'failed' as const, error: { ...said, code } };
		return errorRow(code, advice, taskFailure(provider, task, 'task').charged);
	});
	return table(['Code', 'What happened', 'What to do', 'Charged'], [...ofCreate, ...ofTask]);
}

function errorRow(code: string, { what, todo }: Advice, charged: string): string[] {
	return [`\`${code}\``, `The gateway ${what}`, todo, charged];
}

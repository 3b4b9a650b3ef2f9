import { z } from 'zod';

import { DEFAULT_FILE_NAME } from '../images/fileName';

/** What was made of a row's fields, or all that is wrong with them, each under its label. */
export type Checked<T> = { ok: true; value: T } | { ok: false; problems: string[] };

/** The value of a field for the row; n8n has none for a field that is hidden. */
export type ReadField = (name: string, whenHidden: unknown) => unknown;

/** How a row is carried out and handed on, whatever it asks for. */
export interface Controls {
	downloadImages: boolean;
	outputField: string;
	outputItems: 'perImage' | 'perTask';
	/** Whether to look at reference links before anything is spent. */
	checkReferences: boolean;
	/** Rows at the same time; 0 leaves it to the node. */
	concurrency: number;
	/** A template, see images/fileName.ts. */
	fileName: string;
	/** Seconds; 0 leaves it to the node. */
	pollInterval: number;
	simplify: boolean;
	/** Seconds from a task's creation. */
	timeout: number;
}

export const CONTROL_LABELS = {
	continueWhen: 'Continue When',
	downloadImages: 'Download Images',
	outputField: 'Put Output in Field',
	outputItems: 'Output',
	checkReferences: 'Check References',
	concurrency: 'Concurrency',
	fileName: 'File Name',
	pollInterval: 'Poll Interval',
	simplify: 'Simplify',
	timeout: 'Timeout',
} as const;

export const DEFAULT_OPTIONS = {
	checkReferences: false,
	concurrency: 0,
	fileName: DEFAULT_FILE_NAME,
	pollInterval: 0,
	simplify: true,
	timeout: 600,
} as const;

const atLeast = (least: number) => z.coerce.number().finite().min(least);

const optionsSchema = z.object({
	checkReferences: z.boolean().default(DEFAULT_OPTIONS.checkReferences),
	concurrency: atLeast(0).int().default(DEFAULT_OPTIONS.concurrency),
	fileName: z.string().default(DEFAULT_OPTIONS.fileName),
	pollInterval: atLeast(0).default(DEFAULT_OPTIONS.pollInterval),
	simplify: z.boolean().default(DEFAULT_OPTIONS.simplify),
	timeout: atLeast(1).default(DEFAULT_OPTIONS.timeout),
});

const controlsSchema = z
	.object({
		downloadImages: z.boolean(),
		outputField: z.string().trim().min(1, 'is empty'),
		outputItems: z.enum(['perImage', 'perTask']),
		options: optionsSchema,
	})
	.transform(({ options, ...controls }): Controls => ({ ...controls, ...options }));

export function readControls(field: ReadField): Checked<Controls> {
	return check(controlsSchema, {
		downloadImages: field('downloadImages', false),
		outputField: field('outputField', 'data'),
		outputItems: field('outputItems', 'perImage'),
		options: field('options', {}),
	});
}

export function readContinueWhen<C extends string>(
	field: ReadField,
	values: readonly [C, ...C[]],
): Checked<C> {
	const value = field('continueWhen', values[0]);
	const known = values.find((one) => one === value);
	if (known !== undefined) return { ok: true, value: known };
	const problem = `${CONTROL_LABELS.continueWhen}: "${String(value)}" is not one of ${values.join(', ')}`;
	return { ok: false, problems: [problem] };
}

function check<T>(schema: z.ZodType<T, z.ZodTypeDef, unknown>, value: unknown): Checked<T> {
	const parsed = schema.safeParse(value);
	if (parsed.success) return { ok: true, value: parsed.data };
	const problems = parsed.error.issues.map(({ path, message }) => {
		const [label] = Object.entries(CONTROL_LABELS).flatMap(([name, text]) =>
			name === path.at(-1) ? [text] : [],
		);
		return `${label ?? 'Options'}: ${message}`;
	});
	return { ok: false, problems };
}

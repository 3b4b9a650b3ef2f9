import { get, has, memoize, toPath } from 'lodash';
import type { IExecuteFunctions } from 'n8n-workflow';

import type { ParameterName } from '../providers/provider';
import { allExpressions, type RowExpressions } from '../request/expressions';
import type { ReadField } from '../request/options';
import { createPause } from '../shared/pause';
import { createExecutionClock } from './clock';
import { nodeOf } from './node';
import { isTool } from './tool';

/** The parameters in Additional Fields. */
export const ADDITIONAL_PARAMETERS: readonly ParameterName[] = [
	'promptOptimization',
	'sequentialImageGeneration',
	'maxImages',
	'watermark',
	'outputFormat',
	'background',
	'webSearch',
	'callbackUrl',
];

const CELL =
	/^=?\{\{\s*\$json((?:\.[\p{ID_Start}_$][\p{ID_Continue}$]*|\[(["'])[^"'\\]*\2\])+)\s*\}\}$/u;

/** What all rows of a batch have in common. */
class BatchFields {
	readonly parameters: RowExpressions['parameters'];

	/** Reads a field without expressions. */
	readonly readFixed: (name: string, whenHidden: unknown, itemIndex: number) => unknown;

	readonly isFixed = memoize(
		(name: string) => name in this.parameters && allExpressions(this.parameters[name]).length === 0,
	);

	/** Where the cell is in a row's item, if the text names one and does nothing else. */
	readonly cellPath = memoize((text: unknown): string[] | undefined => {
		const path = CELL.exec(String(text))?.[1];
		return path === undefined ? undefined : toPath(path.replace(/^\./, ''));
	});

	/** What `readOnce` has read. */
	readonly known = new Map<unknown, unknown>();

	/** Rows are read without a break otherwise. */
	readonly pause: () => Promise<void>;

	constructor(context: IExecuteFunctions) {
		this.parameters = nodeOf(context).parameters;
		this.readFixed = memoize((name, whenHidden, itemIndex) =>
			context.getNodeParameter(name, itemIndex, whenHidden),
		);
		this.pause = createPause(createExecutionClock(context));
	}
}

const batchFields = memoize((context: IExecuteFunctions) => new BatchFields(context));
batchFields.cache = new WeakMap();

/** The fields of one row. n8n takes long to evaluate an expression, so each is evaluated once. */
export class RowFields implements RowExpressions {
	private readonly batch: BatchFields;

	constructor(
		readonly context: IExecuteFunctions,
		readonly itemIndex: number,
	) {
		this.batch = batchFields(context);
	}

	get parameters(): RowExpressions['parameters'] {
		return this.batch.parameters;
	}

	/** `whenHidden` is always the same for a field. */
	readonly read: ReadField = memoize((name: string, whenHidden: unknown): unknown => {
		const { batch, context, itemIndex } = this;
		if (batch.isFixed(name)) return batch.readFixed(name, whenHidden, itemIndex);
		const cell = this.cell(this.parameters[name]);
		return typeof cell === 'string' && cell !== ''
			? cell
			: context.getNodeParameter(name, itemIndex, whenHidden);
	});

	readonly evaluate = memoize(
		(part: string): unknown =>
			this.cell(part) ?? this.context.evaluateExpression(part, this.itemIndex),
	);

	/** Reads only once for all rows what no expression makes different in each. */
	readOnce<T>(parse: (field: ReadField) => T): T {
		const { batch, read } = this;
		const known = batch.known.get(parse) as { value: T } | undefined;
		if (known) return known.value;
		let isSame = true;
		const value = parse((name, whenHidden) => {
			isSame &&= batch.isFixed(name) || !(name in this.parameters);
			return read(name, whenHidden);
		});
		if (isSame) batch.known.set(parse, { value });
		return value;
	}

	/** The cell that an expression, or a part of one, only names. A tool's items aren't its `$json`. */
	private cell(text: unknown): unknown {
		const path = this.batch.cellPath(text);
		if (!path || isTool(this.context)) return undefined;
		const json = this.context.getInputData()[this.itemIndex]?.json;
		return has(json, path) ? get(json, path) : undefined;
	}

	/** To be called before a row is read: reading thousands of them takes seconds. */
	async pause(): Promise<void> {
		await this.batch.pause();
	}
}

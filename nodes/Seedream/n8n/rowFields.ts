import get from 'lodash/get';
import memoize from 'lodash/memoize';
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

const CELL = /^\{\{\s*\$json\.(\w+(?:\.\w+)*)\s*\}\}$/;

/** What all rows of a batch have in common. */
class BatchFields {
	readonly parameters: RowExpressions['parameters'];

	/** Reads a field without expressions. */
	readonly readFixed: (name: string, whenHidden: unknown, itemIndex: number) => unknown;

	readonly isFixed = memoize(
		(name: string) => name in this.parameters && allExpressions(this.parameters[name]).length === 0,
	);

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
		return batch.isFixed(name)
			? batch.readFixed(name, whenHidden, itemIndex)
			: context.getNodeParameter(name, itemIndex, whenHidden);
	});

	readonly evaluate = memoize(
		(part: string): unknown =>
			this.cell(part) ?? this.context.evaluateExpression(part, this.itemIndex),
	);

	/** The value of a part that only names a cell which isn't empty. A tool's items aren't its `$json`. */
	private cell(part: string): unknown {
		const path = CELL.exec(part)?.[1];
		if (path === undefined || isTool(this.context)) return undefined;
		return get(this.context.getInputData()[this.itemIndex]?.json, path);
	}

	/** To be called before a row is read: reading thousands of them takes seconds. */
	async pause(): Promise<void> {
		await this.batch.pause();
	}
}

import type { IExecuteFunctions } from 'n8n-workflow';

import { type FieldName, type Provider } from '../providers/provider';
import {
	type FieldPath,
	findMissingPart,
	hasExpression,
	missingPartProblem,
} from '../request/expressions';
import { fieldLabel, fieldMessage } from '../request/labels';
import { ADDITIONAL_PARAMETERS, rowExpressions } from './rowFields';

/**
 * Without the value of one of these fields, another image would be generated, and charged. So a row is
 * refused when an expression in them has no value. What the image shows (prompt and references) has to
 * come from the row itself. A setting may be missing from one row, because nodes that read spreadsheets
 * leave out empty cells; but a name that no row has is misspelled.
 *
 * Other fields don't need this: an empty Model means the newest model that fits the row; Custom Model,
 * Width and Height are checked where they're used; and the rest only decides how a row is processed and
 * returned, where the default costs nothing.
 */
const FIELDS_WITH_REQUIRED_VALUES: ReadonlyArray<{
	name: FieldName;
	kind: 'content' | 'setting' | 'nested';
}> = [
	{ name: 'prompt', kind: 'content' },
	{ name: 'imageUrls', kind: 'content' },
	{ name: 'imageFields', kind: 'content' },
	{ name: 'aspectRatio', kind: 'setting' },
	{ name: 'resolution', kind: 'setting' },
	{ name: 'imageCount', kind: 'setting' },
	...ADDITIONAL_PARAMETERS.map((name) => ({ name, kind: 'nested' as const })),
	{ name: 'askForCount', kind: 'nested' },
	{ name: 'sendBinaryAs', kind: 'nested' },
	{ name: 'extraBody', kind: 'nested' },
];

/** Messages about expressions in the row that have no value. */
export function missingValues(
	context: IExecuteFunctions,
	itemIndex: number,
	{ models: [{ parameters }] }: Provider,
	isPromptOptional: boolean,
): string[] {
	return FIELDS_WITH_REQUIRED_VALUES.flatMap(({ name, kind: usualKind }) => {
		const kind = name === 'prompt' && isPromptOptional ? 'setting' : usualKind;
		const path: FieldPath = kind === 'nested' ? ['additionalFields', name] : [name];
		const part = missingPartIn(context, itemIndex, path);
		if (part === undefined) return [];
		if (kind !== 'content' && isFoundInAnyRow(context, path)) return [];
		const isAll = valueAt(context, itemIndex, path) === undefined;
		const isOptional = name !== 'prompt' || !isAll;
		return fieldMessage(fieldLabel(name, parameters), missingPartProblem(part, isOptional));
	});
}

function valueAt(context: IExecuteFunctions, itemIndex: number, path: FieldPath): unknown {
	return context.getNodeParameter(path.join('.'), itemIndex, '');
}

function missingPartIn(
	context: IExecuteFunctions,
	itemIndex: number,
	path: FieldPath,
): string | undefined {
	const row = rowExpressions(context, itemIndex);
	return hasExpression(row, path)
		? findMissingPart(row, path, valueAt(context, itemIndex, path))
		: undefined;
}

/** Every row without the value needs to know, so it's looked up once. */
const foundInAnyRow = new WeakMap<IExecuteFunctions, Map<string, boolean>>();

function isFoundInAnyRow(context: IExecuteFunctions, path: FieldPath): boolean {
	const known = foundInAnyRow.get(context) ?? new Map<string, boolean>();
	foundInAnyRow.set(context, known);
	const key = path.join('.');
	const isFound =
		known.get(key) ??
		context.getInputData().some((_item, itemIndex) => {
			try {
				return missingPartIn(context, itemIndex, path) === undefined;
			} catch {
				return false;
			}
		});
	known.set(key, isFound);
	return isFound;
}

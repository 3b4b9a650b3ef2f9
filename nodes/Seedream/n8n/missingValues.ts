import { get } from 'lodash';
import type { IExecuteFunctions } from 'n8n-workflow';

import type { FieldName, Provider } from '../providers/provider';
import {
	type FieldPath,
	findMissingPart,
	hasExpression,
	missingPartProblem,
} from '../request/expressions';
import { fieldLabel, fieldMessage } from '../request/labels';
import { ADDITIONAL_PARAMETERS, RowFields } from './rowFields';

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
	{ name: 'callbackData', kind: 'nested' },
];

/** Messages about expressions in the row that have no value. */
export async function missingValues(
	row: RowFields,
	{ models: [{ parameters }] }: Provider,
	isPromptOptional: boolean,
): Promise<string[]> {
	const problems: string[] = [];
	for (const { name, kind: usualKind } of FIELDS_WITH_REQUIRED_VALUES) {
		const kind = name === 'prompt' && isPromptOptional ? 'setting' : usualKind;
		const path: FieldPath = kind === 'nested' ? ['additionalFields', name] : [name];
		const part = missingPartIn(row, path);
		if (part === undefined) continue;
		if (kind !== 'content' && (await isFoundInAnyRow(row.context, path))) continue;
		const isAll = valueAt(row, path) === undefined;
		const isOptional = name !== 'prompt' || !isAll;
		problems.push(fieldMessage(fieldLabel(name, parameters), missingPartProblem(part, isOptional)));
	}
	return problems;
}

function valueAt(row: RowFields, [name, inner]: FieldPath): unknown {
	return inner === undefined ? row.read(name, '') : get(row.read(name, {}), inner);
}

function missingPartIn(row: RowFields, path: FieldPath): string | undefined {
	return hasExpression(row, path) ? findMissingPart(row, path, valueAt(row, path)) : undefined;
}

/** Every row without the value needs to know, so it's looked up once. */
const foundInAnyRow = new WeakMap<IExecuteFunctions, Map<string, Promise<boolean>>>();

async function isFoundInAnyRow(context: IExecuteFunctions, path: FieldPath): Promise<boolean> {
	const known = foundInAnyRow.get(context) ?? new Map<string, Promise<boolean>>();
	foundInAnyRow.set(context, known);
	const key = path.join('.');
	const found = known.get(key) ?? findInRows(context, path);
	known.set(key, found);
	return await found;
}

async function findInRows(context: IExecuteFunctions, path: FieldPath): Promise<boolean> {
	for (const itemIndex of context.getInputData().keys()) {
		const row = new RowFields(context, itemIndex);
		await row.pause();
		if (hasValue(row, path)) return true;
	}
	return false;
}

function hasValue(row: RowFields, path: FieldPath): boolean {
	try {
		return missingPartIn(row, path) === undefined;
	} catch {
		return false;
	}
}

import type { IExecuteFunctions } from 'n8n-workflow';

import type { RowExpressions } from '../request/expressions';
import type { ReadField } from '../request/options';
import type { ParameterName } from '../providers/provider';

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

export function fieldReader(context: IExecuteFunctions, itemIndex: number): ReadField {
	return (name, whenHidden) => context.getNodeParameter(name, itemIndex, whenHidden);
}

export function rowExpressions(context: IExecuteFunctions, itemIndex: number): RowExpressions {
	return {
		parameters: context.getNode().parameters,
		evaluate: (part) => context.evaluateExpression(part, itemIndex),
	};
}

import { createHash, randomUUID } from 'crypto';
import type { IExecuteFunctions } from 'n8n-workflow';

import type { JsonObject } from './json';

/**
 * The same for the same row on every try of one run of the node, and different otherwise: a gateway
 * that honours it makes and charges the task once. A loop that comes back to the node is a new run.
 */
export function idempotencyKey(
	context: IExecuteFunctions,
	itemIndex: number,
	body: JsonObject,
): string {
	const executionId = context.getExecutionId();
	if (!executionId) return randomUUID();
	const runIndex = context.evaluateExpression('{{ $runIndex }}', itemIndex);
	const row = [executionId, context.getNode().id, runIndex, itemIndex, body];
	return createHash('sha256').update(JSON.stringify(row)).digest('hex');
}

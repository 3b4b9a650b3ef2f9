import { createHash, randomUUID } from 'crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { ledgerData, openLedger, type Ledger } from '../tasks/ledger';
import { isTool } from './results';

/** The node's execution context outlives a try of the node, and a later retry of the execution. */
export function openTaskStore(context: IExecuteFunctions): Ledger {
	const nodeContext = context.getContext('node');
	const data = ledgerData(nodeContext.tasks);
	nodeContext.tasks = data;
	// An execution that n8n does not save has no id; this one stays the same on every try.
	nodeContext.namelessExecution ??= randomUUID();
	const execution = context.getExecutionId() || String(nodeContext.namelessExecution);
	return openLedger(data, {
		execution,
		keySeed: keySeed(context, execution),
		iteration: Number(context.evaluateExpression('{{ $runIndex }}', 0)),
		isTool: isTool(context),
	});
}

const executionContext = z.object({
	establishedAt: z.number(),
	parentExecutionId: z.string().optional(),
});

/**
 * What the Idempotency-Keys of an execution are made of. Two installations count their executions
 * alike, so the number alone will not do; and a retry has a number of its own, even after a crash that
 * took everything else. What n8n keeps over that is the moment at which the execution began. Two that
 * began in the same millisecond are told apart by their input, and by what this process knows of them.
 */
function keySeed(context: IExecuteFunctions, execution: string): string {
	const began = momentKeptByRetry(context);
	const place = [context.getInstanceId?.(), context.getWorkflow().id, context.getNode().id];
	if (began === undefined) return hash([...place, execution]);
	const seed = hash([...place, began, context.getInputData().map(({ json }) => json)]);
	return isOwnSeed(seed, execution, context) ? seed : hash([seed, execution]);
}

function hash(value: unknown): string {
	return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/** The executions of this process, by their seeds. */
const owners = new Map<string, string>();
const MAX_SEED_OWNERS = 1_000;

/** A retry has the seed of the execution that it retries. */
function isOwnSeed(seed: string, execution: string, context: IExecuteFunctions): boolean {
	if (context.getMode() === 'retry') return true;
	const owner = owners.get(seed) ?? execution;
	owners.set(seed, owner);
	const [oldest] = owners.keys();
	if (owners.size > MAX_SEED_OWNERS && oldest !== undefined) owners.delete(oldest);
	return owner === execution;
}

function momentKeptByRetry(context: IExecuteFunctions): number | undefined {
	const known = executionContext.safeParse(context.getExecutionContext?.()).data;
	// Many sub-workflows begin at once, and a retry of their parent begins new ones anyway.
	if (!known || known.parentExecutionId !== undefined) return undefined;
	// The queue of n8n 1 runs a job again whose worker died: under the same number, but at another
	// moment, unless that was saved. (n8n 2 has this method, and does not.)
	const isQueuedOnce = context.onExecutionFinish !== undefined;
	const isSaved = context.getWorkflowSettings?.().saveExecutionProgress === true;
	return isQueuedOnce || isSaved ? known.establishedAt : undefined;
}

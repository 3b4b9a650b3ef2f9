import { randomUUID } from 'crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { createPause } from '../shared/pause';
import { Ledger } from '../tasks/ledger';
import { hash, isTaskRecord, readLedgerData } from '../tasks/ledgerData';
import { createExecutionClock } from './clock';
import { mayBeRestarted } from './restartedExecution';
import { isTool } from './tool';

/** Reads thousands of records bit by bit. `openTaskStore` would read all at once those that weren't yet. */
export async function readTaskStore(context: IExecuteFunctions): Promise<void> {
	const pause = createPause(createExecutionClock(context));
	for (const record of readLedgerData(context.getContext('node').tasks).records) {
		await pause();
		isTaskRecord(record);
	}
}

/** The node's execution context outlives a try of the node and a retry of the execution. */
export function openTaskStore(context: IExecuteFunctions, isRestarted = false): Ledger {
	const nodeContext = context.getContext('node');
	const data = readLedgerData(nodeContext.tasks);
	nodeContext.tasks = data;
	// An execution that n8n doesn't save has no ID; this one stays the same on every try.
	nodeContext.namelessExecution ??= randomUUID();
	const execution = context.getExecutionId() || String(nodeContext.namelessExecution);
	return new Ledger(data, {
		execution,
		keySeed: keySeed(context, execution),
		nodeSeed: nodeSeed(context),
		iteration: Number(context.evaluateExpression('{{ $runIndex }}', 0)),
		isTool: isTool(context),
		isRestarted,
	});
}

const executionContext = z.object({
	establishedAt: z.number(),
	parentExecutionId: z.string().optional(),
});

/** What the Idempotency-Keys are made from that executions of this node share. */
export function nodeSeed(context: IExecuteFunctions): string {
	return hash(nodeIdentity(context));
}

function nodeIdentity(context: IExecuteFunctions) {
	return [context.getInstanceId?.(), context.getWorkflow().id, context.getNode().id];
}

/**
 * What an execution's Idempotency-Keys are made from. The execution ID alone won't do: two n8n
 * installations count alike, and a retry gets an ID of its own. What a retry keeps, even after a
 * crash, is the time at which the execution was started. Executions that started in the same
 * millisecond are told apart by their input, and by what this process has seen of them.
 */
function keySeed(context: IExecuteFunctions, execution: string): string {
	const startedAt = startKeptByRetry(context);
	const node = nodeIdentity(context);
	if (startedAt === undefined) return hash([...node, execution]);
	const seed = hash([...node, startedAt, context.getInputData().map(({ json }) => json)]);
	return isOwnSeed(seed, execution, context) ? seed : hash([seed, execution]);
}

/** The executions of this process, by their seeds. */
const seedOwners = new Map<string, string>();
const MAX_SEED_OWNERS = 1_000;

/** A retry has the seed of the execution that it retries. */
function isOwnSeed(seed: string, execution: string, context: IExecuteFunctions): boolean {
	if (context.getMode() === 'retry') return true;
	const owner = seedOwners.get(seed) ?? execution;
	seedOwners.set(seed, owner);
	const [oldest] = seedOwners.keys();
	if (seedOwners.size > MAX_SEED_OWNERS && oldest !== undefined) seedOwners.delete(oldest);
	return owner === execution;
}

function startKeptByRetry(context: IExecuteFunctions): number | undefined {
	const known = executionContext.safeParse(context.getExecutionContext?.()).data;
	// Many sub-workflows start at once, and a retry of their parent starts new ones anyway.
	if (!known || known.parentExecutionId !== undefined) return undefined;
	// A restarted execution has the same ID, but another start time unless that was saved.
	const isSaved = context.getWorkflowSettings?.().saveExecutionProgress === true;
	return isSaved || !mayBeRestarted(context) ? known.establishedAt : undefined;
}

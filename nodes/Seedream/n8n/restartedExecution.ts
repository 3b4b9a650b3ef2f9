import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { findProvider } from '../providers';
import type { Clock } from '../shared/clock';
import { createLimit } from '../shared/limit';
import { createExecutionClock } from './clock';
import { nodeOf } from './node';
import { isTool } from './tool';

/** What the node's execution context says about this start of the node. */
const startSchema = z.object({ key: z.string(), isRestarted: z.boolean() });

type Start = z.infer<typeof startSchema>;

/** How many starts n8n keeps per node. It restarts an execution after about a minute. */
const MAX_STARTS = 1_000;
const MAX_TRIES = 5;
/** On average. */
const PAUSE_MS = 100;

/** Starts that are being recorded, by the execution context: an agent makes several calls at once. */
const pendingStarts = new WeakMap<object, Promise<Start>>();

/**
 * When a worker stops responding, the queue of n8n 1 starts its execution again, under the same ID.
 * n8n 2 doesn't: it's the version that has this method.
 */
export function mayBeRestarted(context: IExecuteFunctions): boolean {
	return context.onExecutionFinish === undefined;
}

/**
 * Whether n8n has restarted this execution. The node's execution context, which records the tasks, is
 * lost then. What isn't lost is the list that n8n keeps for removing duplicates, because it's written
 * at once: a start of the node that's on this list, but not in the context, is a restart.
 */
export async function isRestarted(
	context: IExecuteFunctions,
	clock = createExecutionClock(context),
): Promise<boolean> {
	const key = startKey(context);
	if (key === undefined) return false;
	const nodeContext = context.getContext('node');
	const known = startSchema.safeParse(nodeContext.start).data;
	if (known?.key === key) return known.isRestarted;
	const pending = pendingStarts.get(nodeContext) ?? recordStart(context, key, clock);
	pendingStarts.set(nodeContext, pending);
	try {
		const start = await pending;
		nodeContext.start = start;
		return start.isRestarted;
	} finally {
		pendingStarts.delete(nodeContext);
	}
}

const parametersSchema = z.object({
	provider: z.string().default('evoLink'),
	options: z.object({ fallbacks: z.array(z.string()).default([]) }).default({}),
});

/** Such providers recognize the requests of the first start by themselves. Expressions may be anything. */
function usesOnlyIdempotentProviders(context: IExecuteFunctions): boolean {
	const { data } = parametersSchema.safeParse(nodeOf(context).parameters);
	const used = data ? [data.provider, ...data.options.fallbacks] : [''];
	return used.every((id) => findProvider(id)?.idempotency.trust === 'promised');
}

/**
 * The same for every try of a start. Undefined if the execution can't be restarted under its ID, or if
 * that costs nothing.
 */
function startKey(context: IExecuteFunctions): string | undefined {
	const execution = context.getExecutionId();
	// If their parent is restarted, sub-workflows get new IDs.
	const isSubWorkflow = context.getMode() === 'integrated';
	if (!mayBeRestarted(context) || !execution || isSubWorkflow) return undefined;
	if (usesOnlyIdempotentProviders(context)) return undefined;
	// The calls of an agent have no order.
	const iteration = isTool(context) ? '' : context.evaluateExpression('{{ $runIndex }}', 0);
	return [execution, nodeOf(context).name, iteration].join(':');
}

async function recordStart(context: IExecuteFunctions, key: string, clock: Clock): Promise<Start> {
	return { key, isRestarted: await wasListed(context, key, clock) };
}

/**
 * Adds the key to the list. n8n reads the whole list and writes it back, so another worker may
 * overwrite what was added: the key is added again until it's still there after a pause.
 */
async function wasListed(context: IExecuteFunctions, key: string, clock: Clock): Promise<boolean> {
	let isAdded = false;
	let reason: unknown;
	for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
		try {
			if (await inTurn(async () => await addToList(context, key))) return !isAdded;
			isAdded = true;
		} catch (error) {
			reason = error;
		}
		await clock.sleep(PAUSE_MS * (0.5 + Math.random()));
	}
	context.logger.debug("n8n couldn't record the start of the node", { reason: String(reason) });
	return false;
}

/** The executions of this process don't overwrite each other's keys. */
const inTurn = createLimit(1);

/** Returns whether the key was there. */
async function addToList({ helpers }: IExecuteFunctions, key: string): Promise<boolean> {
	const options = { mode: 'entries', maxEntries: MAX_STARTS } as const;
	const { processed } = await helpers.checkProcessedAndRecord([key], 'node', options);
	return processed.length > 0;
}

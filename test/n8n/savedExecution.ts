import { createRequire } from 'node:module';

import type { IRunExecutionData, Workflow } from 'n8n-workflow';

/** What n8n's server does with an execution before and after n8n-core runs it. */

interface Flatted {
	stringify: (value: unknown) => string;
	parse: (text: string) => unknown;
}

/** The library that n8n itself saves with: an error may hold objects that refer to each other. */
function loadFlatted(): Flatted {
	const core = createRequire(require.resolve('n8n-core'));
	return createRequire(core.resolve('@n8n/backend-common'))('flatted') as Flatted;
}

/** As n8n reads it back from its database: what is not JSON is gone, and nothing is shared. */
export function savedAndRead(execution: IRunExecutionData): IRunExecutionData {
	const { stringify, parse } = loadFlatted();
	return parse(stringify(execution)) as IRunExecutionData;
}

/**
 * What "Retry with currently saved workflow" makes of a saved execution: the error and the run that
 * ended in it are taken out, and what is left to do is done by the nodes of the new workflow. As
 * `ExecutionService.retry` in n8n's `packages/cli`.
 */
export function readyForRetry(saved: IRunExecutionData, workflow: Workflow): IRunExecutionData {
	const execution = savedAndRead(saved);
	const stack = execution.executionData?.nodeExecutionStack ?? [];
	if (stack.length === 0) throw new Error('The execution has nothing left to do');
	removeFailedRun(execution);
	for (const entry of stack) {
		const node = workflow.getNode(entry.node.name);
		if (!node) throw new Error(`The workflow has no node ${entry.node.name}`);
		entry.node = node;
	}
	return execution;
}

function removeFailedRun({ resultData }: IRunExecutionData): void {
	const { lastNodeExecuted } = resultData;
	if (!lastNodeExecuted) return;
	delete resultData.error;
	const runs = resultData.runData[lastNodeExecuted];
	if (runs?.at(-1)?.error !== undefined) runs.pop();
}

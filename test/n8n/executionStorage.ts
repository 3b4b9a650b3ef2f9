import { createRequire } from 'node:module';
import type { IRunExecutionData, Workflow } from 'n8n-workflow';

/** What n8n's server does with an execution before and after n8n-core runs it. */

interface Flatted {
	stringify: (value: unknown) => string;
	parse: (text: string) => unknown;
}

/** The library n8n saves executions with, as errors may contain circular references. */
function loadFlatted(): Flatted {
	const core = createRequire(require.resolve('n8n-core'));
	return createRequire(core.resolve('@n8n/backend-common'))('flatted') as Flatted;
}

/** As read back from n8n's database: only JSON, without shared objects. */
export function saveAndReload(execution: IRunExecutionData): IRunExecutionData {
	const { stringify, parse } = loadFlatted();
	return parse(stringify(execution)) as IRunExecutionData;
}

/**
 * What "Retry with currently saved workflow" does with a saved execution: it removes the error and the
 * run that caused it, and continues with the nodes of the new workflow. Like `ExecutionService.retry`
 * in n8n's `packages/cli`.
 */
export function prepareRetry(saved: IRunExecutionData, workflow: Workflow): IRunExecutionData {
	const execution = saveAndReload(saved);
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

import { randomUUID } from 'crypto';
import type { IExecuteFunctions } from 'n8n-workflow';

import { isLedgerEntries, openLedger, type Ledger } from './tasks/ledger';

/** The node's execution context outlives a try of the node, and a later retry of the execution. */
export function openTaskMemory(context: IExecuteFunctions): Ledger {
	const nodeContext = context.getContext('node');
	const known: unknown = nodeContext.tasks;
	const entries = isLedgerEntries(known) ? known : {};
	nodeContext.tasks = entries;
	// An execution that n8n does not save has no id; this one stays the same on every try.
	nodeContext.namelessExecution ??= randomUUID();
	return openLedger(entries, {
		execution: context.getExecutionId() || String(nodeContext.namelessExecution),
		node: context.getNode().id,
		run: Number(context.evaluateExpression('{{ $runIndex }}', 0)),
	});
}

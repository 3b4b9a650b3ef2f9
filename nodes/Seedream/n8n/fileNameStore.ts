import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import type { FileNameStore } from '../images/fileNames';
import { isTool } from './tool';

const namesSchema = z.object({
	/** The loop iteration that they belong to; `earlier` has what earlier ones used. */
	iteration: z.number(),
	earlier: z.object({ names: z.array(z.string()), counted: z.number() }),
	own: z.object({ names: z.array(z.string()), counted: z.number() }),
});

/**
 * The node's execution context outlives a try of the node, a retry of the execution, and the
 * iterations of a loop. A second try of an iteration starts where the first one started.
 */
export function createFileNameStore(context: IExecuteFunctions): FileNameStore {
	const nodeContext = context.getContext('node');
	const iteration = Number(context.evaluateExpression('{{ $runIndex }}', 0));
	const found = namesSchema.safeParse(nodeContext.fileNames).data;
	// An agent's calls aren't tries of one iteration.
	const isAgain = found?.iteration === iteration && !isTool(context);
	const earlier = (isAgain ? found.earlier : found && merged(found)) ?? { names: [], counted: 0 };
	const own = { names: [] as string[], counted: earlier.counted };
	nodeContext.fileNames = { iteration, earlier, own };
	return {
		...earlier,
		keepName: (name) => {
			own.names.push(name);
		},
		keepCount: (counted) => {
			own.counted = counted;
		},
	};
}

function merged({ earlier, own }: z.infer<typeof namesSchema>) {
	return { names: [...earlier.names, ...own.names], counted: own.counted };
}

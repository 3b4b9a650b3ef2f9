import type { IBinaryData, IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import type { FileNameStore } from '../images/fileNames';
import { isTool } from './results';

/** Files that came of tasks of which others did not: a Retry fetches only those. */
export interface FileCache {
	/** Undefined where there is none, or n8n has it no more. */
	find: (task: string, image: number) => Promise<IBinaryData | undefined>;
	keep: (task: string, image: number, file: IBinaryData) => void;
}

const namesSchema = z.object({
	/** The turn of a loop that they are of; what earlier ones used stands under `earlier`. */
	iteration: z.number(),
	earlier: z.object({ names: z.array(z.string()), counted: z.number() }),
	own: z.object({ names: z.array(z.string()), counted: z.number() }),
});

/**
 * The node's execution context outlives a try of the node, a later retry of the execution, and the
 * turns of a loop. A second try of the same turn begins where the first one began.
 */
export function createFileNameStore(context: IExecuteFunctions): FileNameStore {
	const nodeContext = context.getContext('node');
	const iteration = Number(context.evaluateExpression('{{ $runIndex }}', 0));
	const found = namesSchema.safeParse(nodeContext.fileNames).data;
	// The calls of an agent are no tries of one turn.
	const isAgain = found?.iteration === iteration && !isTool(context);
	const earlier = (isAgain ? found.earlier : found && inAll(found)) ?? { names: [], counted: 0 };
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

function inAll({ earlier, own }: z.infer<typeof namesSchema>) {
	return { names: [...earlier.names, ...own.names], counted: own.counted };
}

const fileSchema = z
	.object({ mimeType: z.string(), data: z.string(), id: z.string() })
	.catchall(z.union([z.string(), z.number()]).optional());

/** Only of files that n8n keeps outside of its memory: the others would be saved with the execution twice. */
export function createFileCache(context: IExecuteFunctions): FileCache {
	const nodeContext = context.getContext('node');
	const files = () => (nodeContext.files ??= {}) as IDataObject;
	return {
		find: async (task, image) => {
			const file = files()[`${task}/${image}`];
			const known = fileSchema.safeParse(file).data;
			if (!known) return undefined;
			try {
				await context.helpers.getBinaryMetadata(known.id);
				return known;
			} catch {
				return undefined;
			}
		},
		keep: (task, image, file) => {
			if (file.id) files()[`${task}/${image}`] = { ...file };
		},
	};
}

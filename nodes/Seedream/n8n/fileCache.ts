import type { IBinaryData, IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

/** Files of tasks whose other files couldn't be downloaded: a retry downloads only those. */
export interface FileCache {
	/** Undefined where there is none, or where n8n doesn't have it any more. */
	find: (task: string, image: number) => Promise<IBinaryData | undefined>;
	keep: (task: string, image: number, file: IBinaryData) => void;
}

const fileSchema = z
	.object({ mimeType: z.string(), data: z.string(), id: z.string() })
	.catchall(z.union([z.string(), z.number()]).optional());

/** Only for files that n8n stores outside of its memory: it would save the others with the execution twice. */
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

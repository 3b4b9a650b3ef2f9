import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import type { UploadCache } from '../images/referenceLinks';

const uploadSchema = z.object({ url: z.string(), until: z.number(), hash: z.string() });
/** A new object each time: a shared default would carry links from one workflow into another. */
const uploadsSchema = z.record(uploadSchema).catch(() => ({}));

/** The node's execution context outlives a try of the node and a retry of the execution. */
export function createUploadCache(context: IExecuteFunctions): UploadCache {
	const nodeContext = context.getContext('node');
	const uploads = uploadsSchema.parse(nodeContext.uploads);
	nodeContext.uploads = uploads;
	return {
		find: (key) => uploads[key],
		contentOf: (url) => Object.values(uploads).find((upload) => upload.url === url)?.hash,
		keep: (key, upload) => {
			uploads[key] = upload;
		},
	};
}

import type { IExecuteFunctions } from 'n8n-workflow';

import { createLimit } from '../shared/limit';

const MAX_PROCESSED = 5_000;

/** n8n reads its list and writes it back: a second call in between would be lost. */
const oneAtATime = createLimit(1);

/**
 * Records that the workflow starts for the task, in n8n's database. False if it was recorded before,
 * also by another process or before a restart.
 */
export async function recordProcessed(
	{ helpers, logger }: IExecuteFunctions,
	taskId: string,
): Promise<boolean> {
	try {
		const recorded = await oneAtATime(
			async () =>
				await helpers.checkProcessedAndRecord?.([taskId], 'node', {
					mode: 'entries',
					maxEntries: MAX_PROCESSED,
				}),
		);
		return !recorded || recorded.processed.length === 0;
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		// Twice is better than never.
		logger.warn(`n8n couldn't record that task ${taskId} was processed: ${reason}`);
		return true;
	}
}

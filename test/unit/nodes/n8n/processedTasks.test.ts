import { setImmediate } from 'node:timers/promises';

import { recordProcessed } from '../../../../nodes/Seedream/n8n/processedTasks';
import { fakeContext } from '../fakeContext';

/** Reads its list and writes it back, as n8n does. */
function fakeDatabase() {
	let list: readonly string[] = [];
	const checkProcessedAndRecord = async ([taskId = '']: string[]) => {
		const read = list;
		await setImmediate();
		list = [...read, taskId];
		return read.includes(taskId)
			? { new: [], processed: [taskId] }
			: { new: [taskId], processed: [] };
	};
	return { checkProcessedAndRecord: jest.fn(checkProcessedAndRecord), list: () => list };
}

function context(helpers: Record<string, unknown>) {
	const warn = jest.fn();
	return { warn, context: Object.assign(fakeContext({ helpers }), { logger: { warn } }) };
}

describe('recordProcessed', () => {
	it('says whether a task is recorded for the first time', async () => {
		const { checkProcessedAndRecord } = fakeDatabase();
		const { context: fake } = context({ checkProcessedAndRecord });
		expect(await recordProcessed(fake, 'task-1')).toBe(true);
		expect(await recordProcessed(fake, 'task-1')).toBe(false);
		expect(await recordProcessed(fake, 'task-2')).toBe(true);
		expect(checkProcessedAndRecord).toHaveBeenCalledWith(['task-1'], 'node', {
			mode: 'entries',
			maxEntries: 5_000,
		});
	});

	it('loses none of many tasks that are recorded at once', async () => {
		const { checkProcessedAndRecord, list } = fakeDatabase();
		const { context: fake } = context({ checkProcessedAndRecord });
		const ids = Array.from({ length: 20 }, (_, index) => `task-${index}`);
		await Promise.all(ids.map(async (id) => await recordProcessed(fake, id)));
		expect(list()).toEqual(ids);
	});

	it('counts a task as new if n8n fails to record it, and logs that', async () => {
		const { context: fake, warn } = context({
			checkProcessedAndRecord: async () => await Promise.reject(new Error('database is locked')),
		});
		expect(await recordProcessed(fake, 'task-1')).toBe(true);
		expect(warn).toHaveBeenCalledWith(
			"n8n couldn't record that task task-1 was processed: database is locked",
		);
	});

	it('counts a task as new if n8n is too old to record it', async () => {
		const { context: fake, warn } = context({});
		expect(await recordProcessed(fake, 'task-1')).toBe(true);
		expect(warn).not.toHaveBeenCalled();
	});
});

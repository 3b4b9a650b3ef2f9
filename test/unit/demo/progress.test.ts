import { Progress } from '../../../nodes/Seedream/tasks/progress';

import { readProgress } from '../../../demo/progress';

describe("the demo's bar", () => {
	it('follows what the node says', () => {
		const seen: unknown[] = [];
		let now = 1_000_000;
		const clock = { now: () => now, sleep: async () => undefined };
		const progress = new Progress(6, clock, (message) => seen.push(readProgress(message)));
		progress.started(3);
		now += 1_000;
		progress.ended(3, 2);
		now += 1_000;
		progress.rejected(3);
		expect(seen).toEqual([
			{ ended: 0, images: 6 },
			{ ended: 2, images: 5 },
			{ ended: 5, images: 5 },
		]);
	});

	it('stays where it is at anything else', () => {
		expect(readProgress('Seedream: waiting for EvoLink')).toBeUndefined();
	});
});

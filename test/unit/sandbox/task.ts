import { EVOLINK_REFERENCES } from '../../sandbox/providers/evoLinkModels';
import type { Task } from '../../sandbox/tasks';

export const TASK: Task = {
	id: 'task-unified-1757165031-seedream4d',
	provider: 'evoLink',
	model: 'doubao-seedream-4.5',
	prompt: 'a lake',
	body: {},
	images: 1,
	delivered: 1,
	pixels: { width: 1024, height: 1024 },
	references: [],
	format: 'png',
	referenceLimits: EVOLINK_REFERENCES,
	price: { perTask: 0, perImage: 2.04 },
	creditsReserved: 2.04,
	createdAt: 1000,
	durationMs: 1000,
};

import type { Task } from './tasks';

/** Makes the images that the result links point to. */
export interface ImageRenderer {
	render(task: Task, index: number): Promise<Buffer>;
}

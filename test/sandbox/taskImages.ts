import type { PixelSize } from './pixelSizes';
import type { ImageFormat, Task } from './tasks';

/** What the file of one of a task's images is like. */
export interface TaskImage {
	pixels: PixelSize;
	format: ImageFormat;
	/** Whether it has an alpha channel with pixels that aren't opaque. */
	isTransparent: boolean;
}

export function taskImageOf(task: Task, index: number): TaskImage {
	const box = task.layers?.[index]?.box;
	return box === undefined
		? { pixels: task.pixels, format: task.format, isTransparent: task.isTransparent === true }
		: { pixels: box, format: 'png', isTransparent: true };
}

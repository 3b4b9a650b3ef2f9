import type { Task } from './tasks';

/** All documents: "生成的图像链接，有效期为24小时". */
export const LINK_LIFE_MS = 24 * 60 * 60 * 1000;

/** The addresses of a task's images, whether or not they are drawn yet. */
export function linksOf(task: Task, origin: string): string[] {
	return Array.from(
		{ length: task.images },
		(_, index) => `${origin}/images/${task.id}/${index}.png`,
	);
}

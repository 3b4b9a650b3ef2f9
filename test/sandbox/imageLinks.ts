import { taskImageOf } from './taskImages';
import { snapshotOf, type ImageFormat, type Task } from './tasks';

/** All three documentations: "生成的图像链接，有效期为24小时" (links to generated images are valid for 24 hours). */
export const LINK_LIFETIME_MS = 24 * 60 * 60 * 1000;

const EXTENSIONS: Record<ImageFormat, string> = { png: 'png', jpeg: 'jpg' };

/** The URLs of a task's images, whether or not the task has finished. */
export function imageUrlsOf(task: Task, origin: string): string[] {
	return Array.from(
		{ length: task.delivered },
		(_, index) => `${origin}/images/${task.id}/${fileNameOf(task, index)}`,
	);
}

function fileNameOf(task: Task, index: number): string {
	return `${index}.${EXTENSIONS[taskImageOf(task, index).format]}`;
}

/** The image behind the file name of a link at that time. */
export function resolveImage(
	task: Task,
	file: string,
	at: number,
): { index: number } | 'unknown' | 'expired' {
	const index = Number.parseInt(file, 10);
	const { finishedAt } = snapshotOf(task, at);
	const isDelivered = index < task.delivered && file === fileNameOf(task, index);
	if (!isDelivered || finishedAt === undefined) return 'unknown';
	return at >= finishedAt + LINK_LIFETIME_MS ? 'expired' : { index };
}

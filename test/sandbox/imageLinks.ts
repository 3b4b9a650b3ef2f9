import { snapshotOf, type Task } from './tasks';

/** All three documentations: "生成的图像链接，有效期为24小时" (links to generated images are valid for 24 hours). */
export const LINK_LIFETIME_MS = 24 * 60 * 60 * 1000;

/** The URLs of a task's images, whether or not the task has finished. */
export function imageUrlsOf(task: Task, origin: string): string[] {
	return Array.from(
		{ length: task.delivered },
		(_, index) => `${origin}/images/${task.id}/${index}.png`,
	);
}

/** The image behind the file name of a link at that time. */
export function resolveImage(
	task: Task,
	file: string,
	at: number,
): { index: number } | 'unknown' | 'expired' {
	const index = /^(0|[1-9]\d?)\.png$/.exec(file)?.[1];
	const { finishedAt } = snapshotOf(task, at);
	if (index === undefined || Number(index) >= task.delivered || finishedAt === undefined) {
		return 'unknown';
	}
	return at >= finishedAt + LINK_LIFETIME_MS ? 'expired' : { index: Number(index) };
}

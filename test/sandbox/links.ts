import { momentOf, type Task } from './tasks';

/** All documents: "生成的图像链接，有效期为24小时". */
export const LINK_LIFE_MS = 24 * 60 * 60 * 1000;

/** The addresses of the images that come of a task, whether or not they are drawn yet. */
export function linksOf(task: Task, origin: string): string[] {
	return Array.from(
		{ length: task.delivered },
		(_, index) => `${origin}/images/${task.id}/${index}.png`,
	);
}

/** Which of the task's images a link's file name means at that moment. */
export function imageBehind(
	task: Task,
	file: string,
	at: number,
): { index: number } | 'unknown' | 'expired' {
	const index = /^(0|[1-9]\d?)\.png$/.exec(file)?.[1];
	const { finishedAt } = momentOf(task, at);
	if (index === undefined || Number(index) >= task.delivered || finishedAt === undefined) {
		return 'unknown';
	}
	return at >= finishedAt + LINK_LIFE_MS ? 'expired' : { index: Number(index) };
}

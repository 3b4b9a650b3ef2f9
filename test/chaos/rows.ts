import { REFERENCE, systems } from '../n8n/systems';
import type { ProviderName } from '../sandbox/sandbox';
import type { Draw } from './draw';

/** A row of the input. Two rows with the same provider and prompt are the same in all else. */
export interface PlannedRow {
	provider: ProviderName;
	model: string;
	prompt: string;
	/** 1 unless the prompt asks for several. */
	imageCount: number;
	/** Which of the photos stands in the row's binary field, from 0. */
	photo?: number;
	link?: string;
	/** As the empty lines at the end of a sheet: nothing is in it. */
	isEmpty?: true;
}

/** Of a row that is refused before anything is sent. */
const NO_LINK = 'no link';

export function isRefused(row: PlannedRow | undefined): boolean {
	return row?.link === NO_LINK;
}

export const PHOTOS = 4;

/** Seconds. */
export const LONG_TIMEOUT = 30;

/** What the rows of a run have in common. */
export interface RowPlan {
	/** Undefined where each row has its own. */
	provider?: ProviderName;
	timeout: number;
	mayBeInvalid: boolean;
	/** The share of rows with a photo. */
	photos: number;
}

export function drawRows(draw: Draw, common: RowPlan): PlannedRow[] {
	const rows: PlannedRow[] = [];
	const count = draw.integer(5, 20, 'rows');
	const copies = draw.pick([0, 0.15, 0.4], 'copies');
	for (let index = 0; index < count; index += 1) {
		const isCopy = index > 0 && draw.chance(copies, 'copy', index);
		rows.push(isCopy ? draw.pick(rows, 'original', index) : drawRow(draw, index, common));
	}
	return rows;
}

function drawRow(draw: Draw, index: number, common: RowPlan): PlannedRow {
	const { provider: onlyProvider } = common;
	const system = draw.pick(
		systems.filter((one) => onlyProvider === undefined || one.provider === onlyProvider),
		'rowSystem',
		index,
	);
	const { provider, model } = system.parameters;
	const hasPhoto =
		system.provider !== 'apiInOne' && draw.chance(common.photos, 'hasPhoto', index)
			? { photo: draw.integer(0, PHOTOS - 1, 'photo', index) }
			: {};
	const hasLink =
		draw.chance(0.1, 'hasLink', index) && (onlyProvider !== undefined || provider !== 'apiInOne')
			? { link: REFERENCE }
			: {};
	// APIMart makes several only with a reference.
	const maySeveral =
		onlyProvider === 'evoLink' || (onlyProvider === 'apiMart' && hasPhoto.photo !== undefined);
	const imageCount =
		maySeveral && draw.chance(0.25, 'several', index) ? draw.integer(2, 3, 'images', index) : 1;
	const subject = `lake s${draw.integer(1, 9999, 'subject')}r${index}`;
	const words = imageCount > 1 ? `Generate ${imageCount} different images of ${subject}` : subject;
	const isInvalid = common.mayBeInvalid && draw.chance(0.02, 'invalid', index);
	const isEmpty = index > 0 && draw.chance(0.02, 'empty', index);
	const markers = drawMarkers(draw, index, system.provider, imageCount, common.timeout);
	return {
		provider: String(provider) as ProviderName,
		model: String(model),
		prompt: isEmpty ? '' : [words, ...markers].join(' '),
		imageCount,
		...hasPhoto,
		...hasLink,
		...(isInvalid ? { link: NO_LINK } : {}),
		...(isEmpty ? { isEmpty } : {}),
	};
}

/** What the sandbox reads in a prompt. */
function drawMarkers(
	draw: Draw,
	index: number,
	provider: ProviderName,
	imageCount: number,
	timeout: number,
): string[] {
	const isDouble = provider === 'apiMart' && draw.chance(0.08, 'double', index);
	const tasks = isDouble ? ['[[tasks:2]]'] : [];
	if (imageCount > 1 && draw.chance(0.35, 'stopped', index)) {
		return [...tasks, `[[stopped:${draw.integer(1, imageCount, 'stopped images', index)}]]`];
	}
	const charged = draw.chance(0.35, 'charged', index) ? ['[[charged]]'] : [];
	const number = draw.number('marker', index);
	if (number < 0.05) return [...tasks, '[[fail:content_policy_violation]]', ...charged];
	if (number < 0.08) return [...tasks, '[[fail:service_error]]', ...charged];
	if (timeout >= LONG_TIMEOUT) return number < 0.11 ? [...tasks, '[[slow:2]]'] : tasks;
	return number < 0.2 ? [...tasks, `[[slow:${timeout + 2}]]`] : tasks;
}

/** Stands between what a prompt always says and what its expression gives only once. */
const VOLATILE = ' ~ ';

/** The prompt as an expression that gives something else each time it is asked. */
export const VOLATILE_PROMPT = `={{ $json.prompt && $json.prompt + "${VOLATILE}" + Math.random() }}`;

/** By which a row's requests and tasks are known, whatever its expressions give. */
export function stable(prompt: string): string {
	return prompt.split(VOLATILE)[0] ?? '';
}

/** Whether the row's task ends without an image. */
export function isDoomed({
	prompt,
	imageCount,
}: Pick<PlannedRow, 'prompt' | 'imageCount'>): boolean {
	const stopped = Number(/\[\[stopped:(\d+)\]\]/.exec(prompt)?.[1] ?? 0);
	return prompt.includes('[[fail:') || stopped >= imageCount;
}

/** How many tasks a create of the group makes. */
export function tasksOfOne(group: string): number {
	return group.includes('[[tasks:2]]') ? 2 : 1;
}

/** Rows of one group ask for the same: their tasks cannot be told apart. */
export function groupOf({ provider, prompt }: PlannedRow): string {
	return `${provider}: ${prompt}`;
}

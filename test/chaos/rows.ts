import { layerSystems, REFERENCE, systems, type LayerSystem, type System } from '../n8n/systems';
import type { ProviderName } from '../sandbox/sandbox';
import type { SeededRandom } from './seededRandom';

/** Any model. */
export type AnySystem = System | LayerSystem;

export const ALL_SYSTEMS: readonly AnySystem[] = [...systems, ...layerSystems];

/** An input row. Rows with the same provider and prompt are identical. */
export interface PlannedRow {
	provider: ProviderName;
	model: string;
	prompt: string;
	/** 1 unless the prompt asks for several, or for layers. */
	imageCount: number;
	/** The index of the photo in the row's binary field. */
	photo?: number;
	link?: string;
	/** Like the empty rows at the end of a sheet. */
	isEmpty?: true;
}

/** The link of a row that's rejected before anything is sent. */
const NO_LINK = 'no link';

export function isRefused(row: PlannedRow | undefined): boolean {
	return row?.link === NO_LINK;
}

export const PHOTOS = 4;

/** Seconds. */
export const LONG_TIMEOUT = 30;

/** What the rows of a plan have in common. */
export interface RowPlan {
	/** Undefined if every row has its own provider and model. */
	system?: AnySystem;
	timeout: number;
	mayBeInvalid: boolean;
	/** The share of rows with a photo. */
	photos: number;
}

export function generateRows(random: SeededRandom, common: RowPlan): PlannedRow[] {
	const rows: PlannedRow[] = [];
	const count = random.integer(5, 20, 'rows');
	const copies = random.pick([0, 0.15, 0.4], 'copies');
	for (let index = 0; index < count; index += 1) {
		const isCopy = index > 0 && random.chance(copies, 'copy', index);
		rows.push(isCopy ? random.pick(rows, 'original', index) : generateRow(random, index, common));
	}
	return rows;
}

function generateRow(random: SeededRandom, index: number, common: RowPlan): PlannedRow {
	const system = common.system ?? random.pick(ALL_SYSTEMS, 'rowSystem', index);
	const { provider } = system;
	const references = generateReferences(random, index, system, common);
	const { words, imageCount } = generateWords(random, index, system, common, references);
	const isInvalid = common.mayBeInvalid && random.chance(0.02, 'invalid', index);
	const isEmpty = index > 0 && random.chance(0.02, 'empty', index);
	const markers = generateMarkers(random, index, provider, imageCount, common.timeout);
	return {
		provider,
		model: String(system.parameters.model),
		prompt: isEmpty ? '' : [words, ...markers].join(' '),
		imageCount,
		...references,
		...(isInvalid ? { link: NO_LINK } : {}),
		...(isEmpty ? { isEmpty } : {}),
	};
}

type References = Pick<PlannedRow, 'photo' | 'link'>;

/** A model that splits an image into layers needs exactly one. */
function generateReferences(
	random: SeededRandom,
	index: number,
	system: AnySystem,
	{ system: onlySystem, photos }: RowPlan,
): References {
	const isAtApiInOne = system.provider === 'apiInOne';
	const photo =
		!isAtApiInOne && random.chance(photos, 'hasPhoto', index)
			? { photo: random.integer(0, PHOTOS - 1, 'photo', index) }
			: {};
	const link = { link: REFERENCE };
	if (isLayered(system)) return 'photo' in photo ? photo : link;
	const mayHaveLink = onlySystem !== undefined || !isAtApiInOne;
	return { ...photo, ...(mayHaveLink && random.chance(0.1, 'hasLink', index) ? link : {}) };
}

function isLayered(system: AnySystem): system is LayerSystem {
	return 'creditsPerLayer' in system;
}

/** What the prompt asks for. */
function generateWords(
	random: SeededRandom,
	index: number,
	system: AnySystem,
	{ system: onlySystem }: RowPlan,
	{ photo }: References,
): { words: string; imageCount: number } {
	const subject = `lake s${random.integer(1, 9999, 'subject')}r${index}`;
	if (isLayered(system)) {
		const layers = random.integer(1, 3, 'layers', index);
		return { words: `${subject} [[layers:${layers}]]`, imageCount: layers + 1 };
	}
	// APIMart only creates several images with a reference.
	const maySeveral =
		onlySystem !== undefined &&
		system.several !== undefined &&
		(system.provider === 'evoLink' || photo !== undefined);
	if (!maySeveral || !random.chance(0.25, 'several', index))
		return { words: subject, imageCount: 1 };
	const imageCount = random.integer(2, 3, 'images', index);
	return { words: `Generate ${imageCount} different images of ${subject}`, imageCount };
}

/** Instructions for the sandbox in a prompt. */
function generateMarkers(
	random: SeededRandom,
	index: number,
	provider: ProviderName,
	imageCount: number,
	timeout: number,
): string[] {
	const isDouble = provider === 'apiMart' && random.chance(0.08, 'double', index);
	const tasks = isDouble ? ['[[tasks:2]]'] : [];
	if (imageCount > 1 && random.chance(0.35, 'stopped', index)) {
		return [...tasks, `[[stopped:${random.integer(1, imageCount, 'stopped images', index)}]]`];
	}
	const charged = random.chance(0.35, 'charged', index) ? ['[[charged]]'] : [];
	const number = random.number('marker', index);
	if (number < 0.05) return [...tasks, '[[fail:content_policy_violation]]', ...charged];
	if (number < 0.08) return [...tasks, '[[fail:service_error]]', ...charged];
	if (timeout >= LONG_TIMEOUT) return number < 0.11 ? [...tasks, '[[slow:2]]'] : tasks;
	return number < 0.2 ? [...tasks, `[[slow:${timeout + 2}]]`] : tasks;
}

/** Separates the stable part of a prompt from the volatile one. */
const VOLATILE = ' ~ ';

/** A prompt expression with another value each time it's evaluated. */
export const VOLATILE_PROMPT = `={{ $json.prompt && $json.prompt + "${VOLATILE}" + Math.random() }}`;

/** The stable part of a prompt, which identifies a row's requests and tasks. */
export function stable(prompt: string): string {
	return prompt.split(VOLATILE)[0] ?? '';
}

/** Whether the row's task ends without an image. */
export function hasNoImage({
	prompt,
	imageCount,
}: Pick<PlannedRow, 'prompt' | 'imageCount'>): boolean {
	const stopped = Number(/\[\[stopped:(\d+)\]\]/.exec(prompt)?.[1] ?? 0);
	return prompt.includes('[[fail:') || stopped >= imageCount;
}

/** How many tasks a create request of the group creates. */
export function tasksPerCreate(group: string): number {
	return group.includes('[[tasks:2]]') ? 2 : 1;
}

/** Rows of one group are identical, so their tasks can't be told apart. */
export function groupOf({ provider, prompt }: PlannedRow): string {
	return `${provider}: ${prompt}`;
}

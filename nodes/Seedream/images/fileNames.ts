import { baseName, drawsOn, type FileNameFacts, type FileNamePlaceholder } from './fileName';

/** What is known of a row's images before its task exists. */
export interface ExpectedRow {
	template: string;
	/** One for each image that is expected; a task that exists already may have its id. */
	images: ReadonlyArray<{ image: number; taskId?: string }>;
	provider: string;
	/** Undefined where only the response will tell. */
	model: string | undefined;
	prompt: string | undefined;
}

/** What earlier turns of a loop have used up. */
export interface FileNameStore {
	/** As `sameAs` has them. */
	names: readonly string[];
	/** How many images they counted. */
	counted: number;
	keepName: (name: string) => void;
	keepCount: (counted: number) => void;
}

export interface FileNames {
	/** The name of an image, without its extension, that no other image of the execution has. */
	take: (row: number, template: string, facts: Omit<FileNameFacts, 'row' | 'number'>) => string;
}

interface Place {
	number: number;
	name?: string;
	isTaken: boolean;
}

/**
 * Gives each image a name of its own. The names are given out in the order of the rows before the
 * first download begins, so that they are the same on every try, whichever image comes first; only
 * where a name holds what nobody knows by then, it is given out when the image is there. Two names
 * that differ in case only are one on Windows and macOS.
 */
export function createFileNames(
	rows: ReadonlyArray<ExpectedRow | undefined>,
	memory: FileNameStore,
	date: Date,
): FileNames {
	const used = new Set(memory.names);
	let counted = memory.counted;
	const count = () => {
		counted += 1;
		memory.keepCount(counted);
		return counted;
	};
	const places = new Map<string, Place>();

	const claim = (template: string, wanted: string): string => {
		let name = wanted;
		for (let time = 2; used.has(sameAs(name)); time += 1) name = `${wanted}-${time}`;
		used.add(sameAs(name));
		// A task's id is in no other turn, and a loop may have thousands.
		if (!drawsOn(template, 'taskId')) memory.keepName(sameAs(name));
		return name;
	};
	for (const [row, expected] of rows.entries()) {
		for (const { image, taskId } of expected?.images ?? []) {
			if (!expected) continue;
			const place: Place = { number: count(), isTaken: false };
			const { template, provider, model, prompt } = expected;
			const known = { taskId, model, prompt };
			if (Object.entries(known).every(([fact, value]) => isKnown(template, fact, value))) {
				const facts = { row: row + 1, image, number: place.number, provider, date };
				const rest = { taskId: taskId ?? '', model: model ?? '', prompt: prompt ?? '' };
				place.name = claim(template, baseName(template, { ...facts, ...rest }));
			}
			places.set(placeOf(row, image, taskId), place);
		}
	}
	return {
		take: (row, template, facts) => {
			const candidates = [placeOf(row, facts.image, facts.taskId), placeOf(row, facts.image)];
			const place = candidates
				.map((key) => places.get(key))
				.find((found) => found && !found.isTaken) ?? { number: count(), isTaken: false };
			place.isTaken = true;
			const { number } = place;
			return place.name ?? claim(template, baseName(template, { ...facts, row: row + 1, number }));
		},
	};
}

function isKnown(template: string, fact: string, value: string | undefined): boolean {
	return value !== undefined || !drawsOn(template, fact as FileNamePlaceholder);
}

function sameAs(name: string): string {
	return name.normalize('NFC').toLowerCase();
}

function placeOf(row: number, image: number, taskId = ''): string {
	return `${row}/${taskId}/${image}`;
}

import { baseName, drawsOn, type FileNameFacts, type FileNamePlaceholder } from './fileName';

/** What's known about a row's images before its task exists. */
export interface ExpectedRow {
	template: string;
	/** One for each expected image; an existing task has its ID. */
	images: ReadonlyArray<{ image: number; taskId?: string }>;
	/** Undefined if only the response will tell, like the model. */
	provider: string | undefined;
	model: string | undefined;
	prompt: string | undefined;
}

/** What earlier iterations of a loop have used. */
export interface FileNameStore {
	/** Normalized. */
	names: readonly string[];
	/** How many images they numbered. */
	counted: number;
	keepName: (name: string) => void;
	keepCount: (counted: number) => void;
}

/** An expected image's number and, if it could be determined in advance, its name. */
interface Reservation {
	number: number;
	name?: string;
	isTaken: boolean;
}

/**
 * Gives each image of an execution a unique name. `reserve` assigns names in the order of the rows
 * before the first download starts, so that they're the same on every try, whichever image arrives
 * first. A name that depends on the response is assigned when the image arrives. Names that differ only
 * in case are the same on Windows and macOS.
 */
export class FileNames {
	private readonly used: Set<string>;

	/** The last number that was added to a name, by the normalized name without it. */
	private readonly suffixes = new Map<string, number>();

	private readonly reservations = new Map<string, Reservation>();

	private counted: number;

	constructor(
		private readonly store: FileNameStore,
		private readonly date: Date,
	) {
		this.used = new Set(store.names);
		this.counted = store.counted;
	}

	/** Names a row's images, as far as that's possible before they arrive. */
	reserve(row: number, { template, images, provider, model, prompt }: ExpectedRow): void {
		for (const { image, taskId } of images) {
			const reservation: Reservation = { number: this.nextNumber(), isTaken: false };
			const known = { taskId, provider, model, prompt };
			if (Object.entries(known).every(([fact, value]) => isKnown(template, fact, value))) {
				const { number } = reservation;
				const fromRow = {
					taskId: taskId ?? '',
					provider: provider ?? '',
					model: model ?? '',
					prompt: prompt ?? '',
				};
				const facts = { row: row + 1, image, number, date: this.date, ...fromRow };
				reservation.name = this.makeUnique(template, baseName(template, facts));
			}
			this.reservations.set(imageKey(row, image, taskId), reservation);
		}
	}

	/** An image's name, without its extension. */
	take(row: number, template: string, facts: Omit<FileNameFacts, 'row' | 'number'>): string {
		const keys = [imageKey(row, facts.image, facts.taskId), imageKey(row, facts.image)];
		const reserved = keys
			.map((key) => this.reservations.get(key))
			.find((found) => found && !found.isTaken);
		if (reserved) reserved.isTaken = true;
		if (reserved?.name !== undefined) return reserved.name;
		const number = reserved?.number ?? this.nextNumber();
		return this.makeUnique(template, baseName(template, { ...facts, row: row + 1, number }));
	}

	private nextNumber(): number {
		this.counted += 1;
		this.store.keepCount(this.counted);
		return this.counted;
	}

	private makeUnique(template: string, wanted: string): string {
		const key = normalize(wanted);
		let suffix = this.suffixes.get(key) ?? 1;
		let name = wanted;
		while (this.used.has(normalize(name))) {
			suffix += 1;
			name = `${wanted}-${suffix}`;
		}
		if (suffix > 1) this.suffixes.set(key, suffix);
		this.used.add(normalize(name));
		// No other iteration has the same task ID, and a loop may have thousands.
		if (!drawsOn(template, 'taskId')) this.store.keepName(normalize(name));
		return name;
	}
}

function isKnown(template: string, fact: string, value: string | undefined): boolean {
	return value !== undefined || !drawsOn(template, fact as FileNamePlaceholder);
}

function normalize(name: string): string {
	return name.normalize('NFC').toLowerCase();
}

function imageKey(row: number, image: number, taskId = ''): string {
	return `${row}/${taskId}/${image}`;
}

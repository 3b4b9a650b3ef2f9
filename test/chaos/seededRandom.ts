import { createHash } from 'node:crypto';

/** What a number is for: it depends on this and the seed, never on the order of calls. */
type Purpose = ReadonlyArray<string | number>;

/** All randomness of a plan. */
export class SeededRandom {
	constructor(private readonly seed: number) {}

	/** From 0 to 1, excluding 1. */
	number(...purpose: Purpose): number {
		const digest = createHash('sha256')
			.update(JSON.stringify([this.seed, ...purpose]))
			.digest();
		return digest.readUInt32BE(0) / 2 ** 32;
	}

	chance(probability: number, ...purpose: Purpose): boolean {
		return this.number(...purpose) < probability;
	}

	between(min: number, max: number, ...purpose: Purpose): number {
		return min + this.number(...purpose) * (max - min);
	}

	/** Including both ends. */
	integer(min: number, max: number, ...purpose: Purpose): number {
		return Math.floor(this.between(min, max + 1, ...purpose));
	}

	pick<T>(list: readonly T[], ...purpose: Purpose): T {
		return list[this.integer(0, list.length - 1, ...purpose)] as T;
	}
}

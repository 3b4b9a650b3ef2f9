import { createHash } from 'node:crypto';

/** What a number is drawn for: it depends on this and the seed, never on who asks first. */
type Purpose = ReadonlyArray<string | number>;

/** Everything that is left to chance in a run. */
export class Draw {
	constructor(private readonly seed: number) {}

	/** From 0 up to and without 1. */
	number(...purpose: Purpose): number {
		const digest = createHash('sha256')
			.update(JSON.stringify([this.seed, ...purpose]))
			.digest();
		return digest.readUInt32BE(0) / 2 ** 32;
	}

	chance(share: number, ...purpose: Purpose): boolean {
		return this.number(...purpose) < share;
	}

	between(least: number, most: number, ...purpose: Purpose): number {
		return least + this.number(...purpose) * (most - least);
	}

	/** Both ends may come. */
	integer(least: number, most: number, ...purpose: Purpose): number {
		return Math.floor(this.between(least, most + 1, ...purpose));
	}

	pick<T>(list: readonly T[], ...purpose: Purpose): T {
		return list[this.integer(0, list.length - 1, ...purpose)] as T;
	}
}

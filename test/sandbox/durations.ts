const MEDIAN_SECONDS = 2;
const SPREAD = 0.5;

/** Task durations in seconds, log-normal with a median of 2 s. The same seed gives the same sequence. */
export function logNormalSeconds(seed: number): () => number {
	const random = mulberry32(seed);
	return () => MEDIAN_SECONDS * Math.exp(SPREAD * standardNormal(random));
}

/** Box-Muller transform. */
function standardNormal(random: () => number): number {
	const radius = Math.sqrt(-2 * Math.log(1 - random()));
	return radius * Math.cos(2 * Math.PI * random());
}

/** Tommy Ettinger's mulberry32, a small seeded random number generator. */
function mulberry32(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

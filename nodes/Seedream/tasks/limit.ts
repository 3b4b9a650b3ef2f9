import { createSlots } from './slots';

export type Limit = <T>(work: () => Promise<T>) => Promise<T>;

/** Runs at most `size` pieces of work at a time, in the order they came. */
export function createLimit(size: number): Limit {
	const slots = createSlots(size);
	return async (work) => {
		const free = await slots.take();
		try {
			return await work();
		} finally {
			free();
		}
	};
}

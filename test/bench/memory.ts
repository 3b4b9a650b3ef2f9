import { measure } from './measure';
import type { BenchServer } from './n8nBench';
import { WARM_UP, type Run } from './plan';
import type { Memory } from './results';
import type { Scenario } from './scenario';

export const MEMORY = { images: 100, imageMegabytes: 12 };

const REPEATS = 2;

const SCENARIO: Scenario = { rows: MEMORY.images, taskTime: 2, limited: false, fault: 'none' };

const RUN = { scenario: SCENARIO, handling: 'stop', repeat: 1 } as const;

const KINDS: Array<{ kind: Memory['kind']; run: Run }> = [
	{ kind: 'links', run: { ...RUN, way: 'seedream', downloads: false } },
	{ kind: 'seedream', run: { ...RUN, way: 'seedream' } },
	{ kind: 'allAtOnce', run: { ...RUN, way: 'allAtOnce' } },
];

/** Large images, each time in a fresh n8n, as it never frees memory. */
export async function benchMemory(
	server: BenchServer,
	log: (line: string) => void,
): Promise<Memory[]> {
	const { images, imageMegabytes } = MEMORY;
	log(`Memory: ${images} images of ${imageMegabytes} MB, each time in a new n8n.`);
	const measured: Memory[] = [];
	for (let repeat = 1; repeat <= REPEATS; repeat += 1) {
		for (const { kind, run } of KINDS) {
			const bench = await server.fresh(imageMegabytes * 1024 ** 2);
			for (const small of WARM_UP) {
				if (small.way === run.way) await measure(bench, small);
			}
			const { restMegabytes, peakMegabytes, seconds } = await measure(bench, run);
			measured.push({ kind, restMegabytes, peakMegabytes, seconds });
		}
	}
	return measured;
}

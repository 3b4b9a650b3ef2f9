import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { startSandbox } from '../sandbox/sandbox';

/** So many rows are under way at once. */
const SMALL = 1_500;
const LARGE = 3_000;

/** Both are measured in one process, so that a busy machine slows both down. */
const MAX_CPU_RATIO = 1.3;
/** What each further row takes while the node runs, besides its items; it was 6.3 KB once. */
const MAX_BYTES_PER_ROW = 2_048;

const PACKAGE = resolve(__dirname, '../..');
const run = promisify(execFile);

interface Measured {
	rows: number;
	cpuMs: number;
	/** In bytes: the most that was in use while the node ran, and what its result takes. */
	peak: number;
	kept: number;
}

async function measure(): Promise<Measured[]> {
	const sandbox = await startSandbox({ taskSeconds: 0.1 }, { initialBalance: 1e9 });
	const { stdout } = await run(
		join(PACKAGE, 'node_modules/.bin/tsx'),
		[
			join(__dirname, 'batchProcess.ts'),
			`${SMALL},${LARGE}`,
			sandbox.baseUrls.evoLink,
			sandbox.keys.evoLink,
		],
		{ cwd: PACKAGE },
	);
	await sandbox.close();
	return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Measured[];
}

it('3,000 rows take hardly more memory than 1,500, and a row hardly more CPU time', async () => {
	const [small, large] = await measure();
	if (!small || !large) throw new Error('nothing was measured');
	expect([small.rows, large.rows]).toEqual([SMALL, LARGE]);
	const msPerRow = ({ cpuMs, rows }: Measured) => cpuMs / rows;
	const besides = ({ peak, kept }: Measured) => peak - kept;
	const bytesPerRow = (besides(large) - besides(small)) / (LARGE - SMALL);
	console.info(
		`CPU time of a row: ${msPerRow(small).toFixed(2)} ms of ${SMALL}, ${msPerRow(large).toFixed(2)} ms of ${LARGE}; ` +
			`memory of each further row: ${(bytesPerRow / 1024).toFixed(1)} KB`,
	);
	expect(msPerRow(large) / msPerRow(small)).toBeLessThan(MAX_CPU_RATIO);
	expect(bytesPerRow).toBeLessThan(MAX_BYTES_PER_ROW);
}, 600_000);

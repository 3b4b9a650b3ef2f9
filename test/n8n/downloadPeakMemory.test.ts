import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { startSandbox } from '../sandbox/sandbox';

const IMAGES = 100;
const IMAGE_BYTES = 12 * 1024 * 1024;
const MAX_GROWTH_MB = 64;

const PACKAGE = resolve(__dirname, '../..');
const run = promisify(execFile);

/** The peak memory of a process that makes so many images, in MB, as the system measures it. */
async function peakOf(kept: 'files' | 'links'): Promise<Measured> {
	const sandbox = await startSandbox({ taskSeconds: 0.2, imageBytes: IMAGE_BYTES });
	const { stdout } = await run(
		join(PACKAGE, 'node_modules/.bin/tsx'),
		[
			join(__dirname, 'downloadRun.ts'),
			String(IMAGES),
			kept,
			sandbox.baseUrls.evoLink,
			sandbox.keys.evoLink,
		],
		{ cwd: PACKAGE },
	);
	await sandbox.close();
	return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Measured;
}

interface Measured {
	images: number;
	sizes: number[];
	peakMb: number;
}

function smaller(one: Measured, other: Measured): Measured {
	return one.peakMb < other.peakMb ? one : other;
}

it('keeping the files of 100 images of 12 MB takes hardly more memory than keeping their links', async () => {
	const links = await peakOf('links');
	// What the garbage collector leaves for later varies; a file held whole would show every time.
	const files = smaller(await peakOf('files'), await peakOf('files'));
	expect(links).toMatchObject({ images: IMAGES, sizes: [] });
	expect(files).toMatchObject({ images: IMAGES, sizes: Array(IMAGES).fill(IMAGE_BYTES) });
	console.info(
		`peak memory: ${files.peakMb.toFixed(0)} MB, with links only ${links.peakMb.toFixed(0)} MB`,
	);
	expect(files.peakMb - links.peakMb).toBeLessThan(MAX_GROWTH_MB);
}, 240_000);

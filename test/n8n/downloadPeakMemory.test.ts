import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { startSandbox } from '../sandbox/sandbox';

const IMAGES = 100;
const IMAGE_BYTES = 12 * 1024 * 1024;
const MAX_GROWTH_MB = 64;

const PACKAGE = resolve(__dirname, '../..');
const run = promisify(execFile);

/** The peak memory of a process that generates the images, in MB, as measured by the system. */
async function measurePeak(output: 'files' | 'links'): Promise<Measured> {
	const sandbox = await startSandbox({ taskSeconds: 0.2, imageBytes: IMAGE_BYTES });
	const { stdout } = await run(
		join(PACKAGE, 'node_modules/.bin/tsx'),
		[
			join(__dirname, 'downloadProcess.ts'),
			String(IMAGES),
			output,
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

it('downloading 100 images of 12 MB takes hardly more memory than returning their links', async () => {
	const links = await measurePeak('links');
	let files = await measurePeak('files');
	// Garbage collection may have been late once; buffering whole files would show every time.
	if (files.peakMb - links.peakMb >= MAX_GROWTH_MB) files = await measurePeak('files');
	expect(links).toMatchObject({ images: IMAGES, sizes: [] });
	expect(files).toMatchObject({ images: IMAGES, sizes: Array(IMAGES).fill(IMAGE_BYTES) });
	console.info(
		`peak memory: ${files.peakMb.toFixed(0)} MB, with links only ${links.peakMb.toFixed(0)} MB`,
	);
	expect(files.peakMb - links.peakMb).toBeLessThan(MAX_GROWTH_MB);
}, 240_000);

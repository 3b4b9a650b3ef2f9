import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';

import { startSandbox } from '../sandbox/sandbox';

const MB = 1024 * 1024;
/**
 * Fourteen images of 10 MB are 140 MB, and ten of 25 MB are 250, which a buffered request body, or one
 * kept for a redirect, would add. Streaming costs buffers and uncollected garbage: 20 to 45 MB.
 */
const MAX_GROWTH_MB = 64;

const PACKAGE = resolve(__dirname, '../..');
const run = promisify(execFile);

let folder: string;

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), 'seedream-memory-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Noise can't be compressed, so the file is as large as its pixels. */
async function noise(width: number, height: number): Promise<string> {
	const path = join(folder, `${width}x${height}.png`);
	const pixels = randomBytes(width * height * 3);
	await sharp(pixels, { raw: { width, height, channels: 3 } })
		.png({ compressionLevel: 0 })
		.toFile(path);
	return path;
}

interface Uploads {
	model: string;
	copies: number;
}

/** The peak memory of a process that uploads that many of these images, in MB, as measured by the system. */
async function measurePeak(image: string, { model, copies }: Uploads): Promise<number> {
	const sandbox = await startSandbox();
	const { stdout } = await run(
		join(PACKAGE, 'node_modules/.bin/tsx'),
		[
			join(__dirname, 'uploadProcess.ts'),
			model,
			String(copies),
			image,
			sandbox.baseUrls.evoLink,
			sandbox.filesBaseUrl,
			sandbox.keys.evoLink,
		],
		{ cwd: PACKAGE },
	);
	const sizes = sandbox.uploads().map(({ bytes }) => bytes);
	await sandbox.close();
	const result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
		sent: string;
		peakMb: number;
	};
	expect(result.sent).toBe('submitted');
	expect(sizes).toEqual(Array(copies).fill(statSync(image).size));
	return result.peakMb;
}

it.each([
	{ model: 'doubao-seedream-4.5', copies: 14, megabytes: 10, width: 1820, height: 1900 },
	{ model: 'doubao-seedream-5.0-flash', copies: 10, megabytes: 25, width: 2900, height: 3000 },
])(
	'uploading $copies images of $megabytes MB takes hardly more memory than $copies of 3 KB ($model)',
	async ({ megabytes, width, height, ...uploads }) => {
		const large = await noise(width, height);
		expect(statSync(large).size).toBeGreaterThan((megabytes - 0.2) * MB);

		const small = await measurePeak(await noise(32, 32), uploads);
		const peak = await measurePeak(large, uploads);
		console.info(`peak memory: ${peak.toFixed(0)} MB, with small images ${small.toFixed(0)} MB`);
		expect(peak - small).toBeLessThan(MAX_GROWTH_MB);
	},
	120_000,
);

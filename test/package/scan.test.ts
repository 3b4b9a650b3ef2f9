import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';

/**
 * n8n's official scanner, on the source and on the published package. It's an ES module, which jest
 * can't load together with n8n's CommonJS, so it runs in a process of its own.
 */

const PACKAGE = resolve(__dirname, '../..');
const SCANNER = pathToFileURL(
	join(PACKAGE, 'node_modules/@n8n/scan-community-package/scanner/scanner.mjs'),
).href;

const packSchema = z
	.array(
		z.object({
			filename: z.string(),
			size: z.number(),
			unpackedSize: z.number(),
			files: z.array(z.object({ path: z.string() })),
		}),
	)
	.nonempty();

let folder: string;
let pack: z.infer<typeof packSchema>[0];
let paths: string[];

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), 'seedream-pack-'));
	[pack] = packSchema.parse(JSON.parse(npmPack()));
	paths = pack.files.map(({ path }) => path);
	execFileSync('tar', ['-xzf', join(folder, pack.filename), '-C', folder]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function npmPack(): string {
	return execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
		cwd: PACKAGE,
		encoding: 'utf8',
		stdio: ['ignore', 'pipe', 'ignore'],
	});
}

/** The scanner's result, with the counts of errors and warnings that it doesn't include. */
function scan(directory: string, patterns: string) {
	const script = `
		import { ESLint } from 'eslint';
		const { analyzePackage, buildScanConfig, SOURCE_FILE_PATTERNS } = await import('${SCANNER}');
		const patterns = ${patterns};
		const { passed, details } = await analyzePackage('${directory}', patterns);
		const eslint = new ESLint({
			cwd: '${directory}',
			allowInlineConfig: false,
			overrideConfigFile: true,
			overrideConfig: await buildScanConfig(),
			errorOnUnmatchedPattern: false,
		});
		const results = await eslint.lintFiles(patterns);
		console.log(JSON.stringify({
			passed,
			details,
			files: results.length,
			errors: results.reduce((sum, { errorCount }) => sum + errorCount, 0),
			warnings: results.reduce((sum, { warningCount }) => sum + warningCount, 0),
		}));`;
	const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
		cwd: PACKAGE,
		encoding: 'utf8',
		// With jest's "test", one of the scanner's plugins ignores the file names.
		env: { ...process.env, NODE_ENV: 'production' },
	});
	return JSON.parse(output.trim().split('\n').at(-1) ?? '') as {
		passed: boolean;
		details?: string;
		files: number;
		errors: number;
		warnings: number;
	};
}

const CLEAN = { passed: true, details: undefined, errors: 0, warnings: 0 };

it("n8n's scanner passes the source", () => {
	const { files, ...verdict } = scan(PACKAGE, 'SOURCE_FILE_PATTERNS');
	expect(verdict).toEqual(CLEAN);
	expect(files).toBeGreaterThan(30);
});

it("n8n's scanner passes the packed tarball", () => {
	const { files, ...verdict } = scan(join(folder, 'package'), `['**/*.js', 'package.json']`);
	expect(verdict).toEqual(CLEAN);
	expect(files).toBe(paths.filter((path) => /\.js$|^package\.json$/.test(path)).length);
});

it('the tarball contains only dist, README and LICENSE, and has no dependencies', () => {
	const others = paths.filter((path) => !path.startsWith('dist/'));
	expect(others.sort()).toEqual(['LICENSE', 'README.md', 'package.json']);

	const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package/package.json'), 'utf8'));
	expect(manifest).not.toHaveProperty('dependencies');
	expect(manifest).toMatchObject({ peerDependencies: { 'n8n-workflow': '*' } });
});

it('the tarball is at most 100 KB, and 300 KB unpacked', () => {
	expect(pack.size).toBeLessThanOrEqual(100_000);
	expect(pack.unpackedSize).toBeLessThanOrEqual(300_000);
});

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { UserError } from '../../demo/userError';
import { cacheFolder, requireSpace } from './cacheFolder';
import { runCommand, withProgress } from './commands';
import { installOnce } from './installOnce';
import { N8N_RELEASES, NEWEST_N8N, type N8nRelease, type N8nVersion } from './n8nReleases';
import { lastLines, nodeBinary, npm, type NodeBinary } from './nodeBinary';

/** An installed n8n. */
export interface Runtime {
	version: N8nVersion;
	node: NodeBinary;
	/** The script to run with Node. */
	n8n: string;
	/** Environment variables this version needs. */
	env: Readonly<Record<string, string>>;
}

/** A folder per version. */
const RECIPES = join(__dirname, 'runtime');

const RECIPE_FILES = ['package.json', 'package-lock.json'];

const SQLITE = join('node_modules', 'sqlite3', 'build', 'Release', 'node_sqlite3.node');

/** Installs the n8n locked in `runtime/<version>/` unless it's already installed. */
export async function installRuntime(
	say: (line: string) => void,
	version: N8nVersion = NEWEST_N8N,
): Promise<Runtime> {
	const release: N8nRelease = N8N_RELEASES[version];
	const folder = join(cacheFolder(), `n8n-${version}-${await recipeFingerprint(version)}`);
	if (!existsSync(folder)) {
		await requireSpace(cacheFolder(), release.gigabytesNeeded);
		say(`The first time, n8n ${version} is installed into ${folder}.`);
		say(
			`That is ${release.gigabytes} GB and takes ${usualMinutes(release)}; later it is there at once.`,
		);
		const missing = await missingTools();
		// Not fatal yet: for some systems there's a precompiled SQLite.
		if (missing !== undefined) say(`This machine lacks ${missing}. ${HOW_TO_GET_TOOLS}`);
	}
	const node = await nodeBinary(release.node);
	await installOnce(folder, async (unfinished) => await installPackages(unfinished, version, node));
	if (!existsSync(join(folder, SQLITE))) await compileSqlite(folder, node);
	const n8n = join(folder, 'node_modules', 'n8n', 'bin', 'n8n');
	return { version, node, n8n, env: release.env };
}

function usualMinutes({ installSeconds }: N8nRelease): string {
	return `about ${Math.ceil((installSeconds + COMPILE_SECONDS) / 60)} minutes`;
}

/** A changed lock file means a new folder. */
async function recipeFingerprint(version: N8nVersion): Promise<string> {
	const lock = await readFile(join(RECIPES, version, 'package-lock.json'));
	return createHash('sha256').update(lock).digest('hex').slice(0, 8);
}

async function installPackages(
	folder: string,
	version: N8nVersion,
	node: NodeBinary,
): Promise<void> {
	await mkdir(folder, { recursive: true });
	for (const file of RECIPE_FILES) {
		await copyFile(join(RECIPES, version, file), join(folder, file));
	}
	const { gigabytes, installSeconds } = N8N_RELEASES[version];
	const title = `n8n ${version} from npm (${gigabytes} GB)`;
	const packages = await withProgress(title, installSeconds, () =>
		// Some install scripts fail, and n8n only needs SQLite's.
		npm(folder, ['ci', '--ignore-scripts'], node),
	);
	if (packages.code !== 0) {
		throw new UserError(
			`npm could not install n8n ${version}. It said:\n${lastLines(packages.output)}`,
		);
	}
}

const COMPILE_SECONDS = 80;

/** Separately, so that a missing compiler doesn't mean another download. */
async function compileSqlite(folder: string, node: NodeBinary): Promise<void> {
	const { code, output } = await withProgress('SQLite, compiled here', COMPILE_SECONDS, () =>
		npm(folder, ['rebuild', 'sqlite3'], node),
	);
	if (code !== 0) throw new UserError(await compilerComplaint(output));
}

/** Either what's missing on this machine or the compiler's output. */
async function compilerComplaint(output: string): Promise<string> {
	const missing = await missingTools();
	if (missing !== undefined) {
		return `n8n's database, SQLite, has to be compiled on this machine, and for that it lacks ${missing}. ${HOW_TO_GET_TOOLS}`;
	}
	return `n8n's database, SQLite, could not be compiled. The compiler said:\n${lastLines(output)}`;
}

const HOW_TO_GET_TOOLS =
	'On Debian and Ubuntu: apt-get install build-essential python3. On macOS: xcode-select --install.';

async function missingTools(): Promise<string | undefined> {
	const missing: string[] = [];
	for (const { what, programs } of BUILD_TOOLS) {
		const found = await Promise.all(programs.map(isInstalled));
		if (!found.includes(true)) missing.push(what);
	}
	return missing.length === 0 ? undefined : missing.join(' and ');
}

const BUILD_TOOLS = [
	{ what: 'a C++ compiler', programs: ['c++', 'g++', 'clang++'] },
	{ what: 'make', programs: ['make', 'gmake'] },
	{ what: 'python3', programs: ['python3', 'python'] },
];

async function isInstalled(program: string): Promise<boolean> {
	try {
		const { code } = await runCommand({ program, args: ['--version'], folder: RECIPES });
		return code === 0;
	} catch {
		return false;
	}
}

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { Sentence } from '../../demo/sentence';
import { cacheFolder, requireSpace } from './cacheFolder';
import { runCommand, withProgress } from './commands';
import { installOnce } from './installOnce';
import { lastLines, nodeBinary, npm, type NodeBinary } from './nodeBinary';

/** An installed n8n, ready to be started. */
export interface Runtime {
	version: string;
	node: NodeBinary;
	/** The script that Node is to run. */
	n8n: string;
}

const RECIPE = join(__dirname, 'runtime');

const RECIPE_FILES = ['package.json', 'package-lock.json'];

const SQLITE = join('node_modules', 'sqlite3', 'build', 'Release', 'node_sqlite3.node');

/** 2.6 GB when done, and what the compiler and npm need beside it. */
const GIGABYTES_NEEDED = 4;

const recipeSchema = z.object({ dependencies: z.object({ n8n: z.string() }) });

/** Installs the n8n that `runtime/` locks, where it is not yet installed. */
export async function installRuntime(say: (line: string) => void): Promise<Runtime> {
	const version = await versionInRecipe();
	const folder = join(cacheFolder(), `n8n-${version}-${await recipeFingerprint()}`);
	if (!existsSync(folder)) {
		await requireSpace(cacheFolder(), GIGABYTES_NEEDED);
		say(`The first time, n8n ${version} is installed into ${folder}.`);
		say('That is 2.6 GB and takes about three minutes; later it is there at once.');
		const missing = await missingTools();
		// No reason to stop yet: for some systems SQLite comes compiled.
		if (missing !== undefined) say(`This machine lacks ${missing}. ${HOW_TO_GET_TOOLS}`);
	}
	const node = await nodeBinary();
	await installOnce(folder, async (unfinished) => await installPackages(unfinished, version, node));
	if (!existsSync(join(folder, SQLITE))) await compileSqlite(folder, node);
	return { version, node, n8n: join(folder, 'node_modules', 'n8n', 'bin', 'n8n') };
}

async function versionInRecipe(): Promise<string> {
	const text = await readFile(join(RECIPE, 'package.json'), 'utf8');
	return recipeSchema.parse(JSON.parse(text)).dependencies.n8n;
}

/** Another lock is another folder. */
async function recipeFingerprint(): Promise<string> {
	const lock = await readFile(join(RECIPE, 'package-lock.json'));
	return createHash('sha256').update(lock).digest('hex').slice(0, 8);
}

async function installPackages(folder: string, version: string, node: NodeBinary): Promise<void> {
	await mkdir(folder, { recursive: true });
	for (const file of RECIPE_FILES) await copyFile(join(RECIPE, file), join(folder, file));
	const packages = await withProgress(`n8n ${version} from npm (2.6 GB)`, 90, () =>
		// Some of its packages have install scripts that fail, and n8n needs none of them but SQLite's.
		npm(folder, ['ci', '--ignore-scripts'], node),
	);
	if (packages.code !== 0) {
		throw new Sentence(
			`npm could not install n8n ${version}. It said:\n${lastLines(packages.output)}`,
		);
	}
}

/** By itself, so that one who lacks a compiler need not fetch everything again. */
async function compileSqlite(folder: string, node: NodeBinary): Promise<void> {
	const { code, output } = await withProgress('SQLite, compiled here', 60, () =>
		npm(folder, ['rebuild', 'sqlite3'], node),
	);
	if (code !== 0) throw new Sentence(await compilerComplaint(output));
}

/** Either what is missing on this machine, or what the compiler said. */
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
		const { code } = await runCommand({ program, args: ['--version'], folder: RECIPE });
		return code === 0;
	} catch {
		return false;
	}
}

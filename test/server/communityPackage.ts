import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';

import { UserError } from '../../demo/userError';
import { lastLines, npm } from './nodeBinary';

const CHECKOUT = resolve(__dirname, '../..');

/** The package as the registry would serve it. `dist/` must have been built. */
async function packCheckout(checkout: string, folder: string): Promise<string> {
	if (!existsSync(join(checkout, 'dist', 'nodes'))) {
		throw new UserError('This checkout is not built yet; run npm run build first.');
	}
	await mkdir(folder, { recursive: true });
	const { code, output } = await npm(checkout, [
		'pack',
		'--ignore-scripts',
		'--pack-destination',
		folder,
	]);
	const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
	if (code !== 0 || tarball === undefined) {
		throw new UserError(`npm could not pack this checkout. It said:\n${lastLines(output)}`);
	}
	return join(folder, tarball);
}

/**
 * Installs the packed checkout where n8n keeps community packages, as its own installer does. n8n reads them when it
 * starts, so it must not be running yet.
 */
export async function installCheckout(...userFolders: readonly string[]): Promise<void> {
	await installPackage(CHECKOUT, ...userFolders);
}

/** The same for another checkout. */
export async function installPackage(
	checkout: string,
	...userFolders: readonly string[]
): Promise<void> {
	const packed = await mkdtemp(join(tmpdir(), 'seedream-pack-'));
	try {
		const tarball = await packCheckout(checkout, packed);
		for (const userFolder of userFolders) await installTarball(userFolder, tarball);
	} finally {
		await rm(packed, { recursive: true, force: true });
	}
}

async function installTarball(userFolder: string, tarball: string): Promise<void> {
	const folder = join(userFolder, '.n8n', 'nodes');
	await mkdir(folder, { recursive: true });
	await writeFile(
		join(folder, 'package.json'),
		'{"name":"installed-nodes","private":true,"dependencies":{}}\n',
	);
	const { code, output } = await npm(folder, [
		'install',
		'--ignore-scripts',
		// The peer dependency, n8n, isn't installed here.
		'--legacy-peer-deps',
		tarball,
	]);
	if (code !== 0) {
		throw new UserError(
			`npm could not install the packed checkout. It said:\n${lastLines(output)}`,
		);
	}
}

const packListSchema = z.array(z.object({ unpackedSize: z.number() })).length(1);

/** The unpacked size in bytes. */
export async function unpackedSize(checkout: string): Promise<number> {
	const { stdout } = await npm(checkout, ['pack', '--ignore-scripts', '--dry-run', '--json']);
	const [pack] = packListSchema.parse(JSON.parse(stdout));
	return pack?.unpackedSize ?? 0;
}

import { existsSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Creates `folder` with `install` unless it exists. It's only renamed once complete, so an interrupted installation
 * is never used, and two concurrent ones do no harm.
 */
export async function installOnce(
	folder: string,
	install: (unfinished: string) => Promise<void>,
): Promise<string> {
	if (existsSync(folder)) return folder;
	await removeAbandoned(folder);
	const unfinished = `${folder}${UNFINISHED}${process.pid}`;
	try {
		await install(unfinished);
		await rename(unfinished, folder);
	} catch (error) {
		await rm(unfinished, { recursive: true, force: true });
		if (!existsSync(folder)) throw error;
	}
	return folder;
}

const UNFINISHED = '.unfinished-';

/** Removes what processes left behind that ended during an installation. */
async function removeAbandoned(folder: string): Promise<void> {
	const parent = dirname(folder);
	const prefix = `${basename(folder)}${UNFINISHED}`;
	const leftovers = (await readdir(parent)).filter((name) => name.startsWith(prefix));
	for (const name of leftovers) {
		if (isRunning(Number(name.slice(prefix.length)))) continue;
		await rm(join(parent, name), { recursive: true, force: true });
	}
}

function isRunning(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		return false;
	}
}

import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { UserError } from '../../demo/userError';
import { runCommand } from '../server/commands';
import { lastLines } from '../server/nodeBinary';
import type { Cleanup } from './cleanup';

export const CHECKOUT = resolve(__dirname, '../..');

/** The last commit before the package learned rate limits. */
export const BEFORE = 'f55e1f1';

/** A built checkout. */
export interface EarlierVersion {
	folder: string;
	/** The commit and its date. */
	name: string;
}

/** Checks out and builds a commit, with the packages that are installed here. */
export async function buildEarlierVersion(
	commit: string,
	cleanup: Cleanup,
): Promise<EarlierVersion> {
	const temporary = await mkdtemp(join(tmpdir(), 'seedream-before-'));
	cleanup.add(async () => await rm(temporary, { recursive: true, force: true }));
	const archive = join(temporary, 'commit.tar');
	const folder = join(temporary, 'checkout');
	await mkdir(folder);
	const run = async (program: string, args: readonly string[], where = CHECKOUT) => {
		const { code, stdout, output } = await runCommand({ program, args, folder: where });
		if (code === 0) return stdout.trim();
		throw new UserError(
			`${commit} cannot be built to compare with. Choose another commit with --compare, or --compare none.\n${lastLines(output)}`,
		);
	};
	const name = await run('git', ['show', '--no-patch', '--format=%h of %cs', commit]);
	await run('git', ['archive', '--format=tar', `--output=${archive}`, commit]);
	await run('tar', ['-xf', archive], folder);
	await symlink(join(CHECKOUT, 'node_modules'), join(folder, 'node_modules'), 'junction');
	await run(process.execPath, [join(CHECKOUT, 'node_modules/gulp/bin/gulp.js'), 'build'], folder);
	return { folder, name };
}

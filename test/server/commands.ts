import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Presets, SingleBar } from 'cli-progress';

export interface Command {
	program: string;
	args: readonly string[];
	folder: string;
	env?: NodeJS.ProcessEnv;
	/** Default: the one who runs this. */
	user?: SystemUser;
}

export interface SystemUser {
	uid: number;
	gid: number;
}

export interface Outcome {
	code: number | null;
	stdout: string;
	/** stdout and stderr, interleaved. */
	output: string;
}

/** How often a line is logged if there's no terminal. */
const LOG_LINE_MS = 15_000;

const TICK_MS = 500;

export async function runCommand({ program, args, folder, env, user }: Command): Promise<Outcome> {
	const child = spawn(program, args, {
		cwd: folder,
		env: env ?? process.env,
		stdio: ['ignore', 'pipe', 'pipe'],
		...user,
		// npm is a script on Windows, which needs a shell.
		shell: process.platform === 'win32' && !program.endsWith('.exe'),
	});
	const stdout: string[] = [];
	const output: string[] = [];
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		stdout.push(text);
		output.push(text);
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => output.push(text));
	const [code] = (await once(child, 'close')) as [number | null];
	return { code, stdout: stdout.join(''), output: output.join('') };
}

/** A progress bar by the usual duration, as npm prints nothing for minutes. */
export async function withProgress<T>(
	title: string,
	usualSeconds: number,
	work: () => Promise<T>,
): Promise<T> {
	const bar = new SingleBar(
		{
			format: `{bar} ${title}, {duration_formatted} of about ${usualSeconds}s`,
			noTTYOutput: true,
			notTTYSchedule: LOG_LINE_MS,
		},
		Presets.shades_classic,
	);
	bar.start(usualSeconds, 0);
	const begun = performance.now();
	const timer = setInterval(() => {
		// Never full before it's done.
		bar.update(Math.min((performance.now() - begun) / 1000, usualSeconds * 0.98));
	}, TICK_MS);
	try {
		const result = await work();
		bar.update(usualSeconds);
		return result;
	} finally {
		clearInterval(timer);
		bar.stop();
	}
}

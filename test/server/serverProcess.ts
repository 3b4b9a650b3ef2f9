import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

import { UserError } from '../../demo/userError';
import type { Command } from './commands';
import { lastLines } from './nodeBinary';

export interface ServerCommand extends Command {
	/** In error messages. */
	name: string;
	logFile: string;
	isReady: () => Promise<boolean>;
}

/** A program that runs until it's stopped. */
export interface ServerProcess {
	pid: number;
	/** Where its output goes. */
	logFile: string;
	/** Stops it as Ctrl-C does, and kills it if that takes too long. */
	stop: () => Promise<void>;
	/** Kills it, as in a power cut. */
	kill: () => Promise<void>;
	/** Resolves when the process has ended, for whatever reason. */
	ended: Promise<void>;
}

/** On a busy machine, four processes of n8n that start together take minutes. */
const START_MS = 240_000;

const STOP_MS = 15_000;

const POLL_MS = 200;

/** Resolves when it's ready. */
export async function startServer(command: ServerCommand): Promise<ServerProcess> {
	const { program, args, folder, env, user, logFile } = command;
	const child = spawn(program, args, {
		cwd: folder,
		env,
		stdio: ['ignore', 'pipe', 'pipe'],
		...user,
	});
	// A restart appends to it.
	const log = createWriteStream(logFile, { flags: 'a' });
	child.stdout.pipe(log, { end: false });
	child.stderr.pipe(log, { end: false });
	let hasEnded = false;
	const ended = once(child, 'close').then(() => {
		hasEnded = true;
		log.end();
	});
	const end = async (signal: NodeJS.Signals) => {
		child.kill(signal);
		const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
		await ended;
		clearTimeout(force);
	};
	const server: ServerProcess = {
		pid: child.pid ?? 0,
		logFile,
		ended,
		stop: async () => await end('SIGINT'),
		kill: async () => await end('SIGKILL'),
	};
	await untilReady(server, command, () => hasEnded);
	return server;
}

async function untilReady(
	server: ServerProcess,
	{ name, logFile, isReady }: ServerCommand,
	hasEnded: () => boolean,
): Promise<void> {
	const deadline = performance.now() + START_MS;
	for (;;) {
		if (hasEnded()) {
			const log = await readFile(logFile, 'utf8');
			throw new UserError(`${name} did not start. It said:\n${lastLines(log)}`);
		}
		if (await isReady()) return;
		if (performance.now() > deadline) {
			await server.kill();
			throw new UserError(
				`${name} did not answer within ${START_MS / 1000} seconds; its log is ${logFile}.`,
			);
		}
		await wait(POLL_MS);
	}
}

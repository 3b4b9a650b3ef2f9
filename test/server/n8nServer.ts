import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import axios from 'axios';

import { UserError } from '../../demo/userError';
import { lastLines } from './nodeBinary';
import { freePorts, requireFreePort } from './ports';
import type { Runtime } from './runtime';

export interface N8nOptions {
	/** Default: a free one. */
	port?: number;
	/** n8n keeps everything in its `.n8n` folder. */
	userFolder: string;
	/** In addition to `environment` and what this version of n8n needs. */
	env?: Readonly<Record<string, string>>;
	logLevel?: 'error' | 'warn' | 'info' | 'debug';
}

export interface RunningN8n {
	url: string;
	/** Of the n8n process itself. */
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

const HOST = '127.0.0.1';

const START_MS = 120_000;

const STOP_MS = 15_000;

const POLL_MS = 200;

export async function startN8n(runtime: Runtime, options: N8nOptions): Promise<RunningN8n> {
	const { userFolder, port: wanted = 0 } = options;
	if (wanted !== 0) await requireFreePort(wanted);
	const [free = 0, brokerPort = 0] = await freePorts(2);
	const port = wanted === 0 ? free : wanted;
	await mkdir(userFolder, { recursive: true });
	const logFile = join(userFolder, 'n8n.log');
	const child = spawn(runtime.node.path, [runtime.n8n, 'start'], {
		cwd: userFolder,
		env: {
			...withoutN8nSettings(runtime.node.env),
			...environment(userFolder, port, brokerPort, options.logLevel ?? 'warn'),
			...runtime.env,
			...options.env,
		},
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	// A restart appends to it.
	const log = createWriteStream(logFile, { flags: 'a' });
	child.stdout.pipe(log, { end: false });
	child.stderr.pipe(log, { end: false });
	const ended = once(child, 'close').then(() => void log.end());
	const server: RunningN8n = {
		url: `http://${HOST}:${port}`,
		pid: child.pid ?? 0,
		logFile,
		ended,
		stop: async () => await end(child, 'SIGINT', ended),
		kill: async () => await end(child, 'SIGKILL', ended),
	};
	await untilReady(server, child);
	return server;
}

/** The user's own n8n settings must not affect this one. */
function withoutN8nSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	const foreign = /^(?:N8N_|DB_|EXECUTIONS_|GENERIC_|QUEUE_|WEBHOOK_|NODE_OPTIONS$)/;
	return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}

/** Everything that would send requests to the internet is off. */
function environment(
	userFolder: string,
	port: number,
	brokerPort: number,
	logLevel: string,
): Record<string, string> {
	return {
		// As in n8n's own image. With jest's `test` it would exit silently.
		NODE_ENV: 'production',
		N8N_USER_FOLDER: userFolder,
		// Contains .n8n-files, the only folder workflows may access.
		HOME: userFolder,
		N8N_LISTEN_ADDRESS: HOST,
		N8N_HOST: HOST,
		N8N_PORT: String(port),
		N8N_PROTOCOL: 'http',
		N8N_SECURE_COOKIE: 'false',
		N8N_ENCRYPTION_KEY: 'seedream-on-localhost',
		N8N_RUNNERS_BROKER_LISTEN_ADDRESS: HOST,
		N8N_RUNNERS_BROKER_PORT: String(brokerPort),
		N8N_LOG_LEVEL: logLevel,
		EXECUTIONS_DATA_SAVE_ON_SUCCESS: 'all',
		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_DIAGNOSTICS_CONFIG_FRONTEND: '',
		N8N_DIAGNOSTICS_CONFIG_BACKEND: '',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_HIRING_BANNER_ENABLED: 'false',
		N8N_DYNAMIC_BANNERS_ENABLED: 'false',
		N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
	};
}

/** Its health check reports ready before the routes exist. */
async function untilReady(server: RunningN8n, child: ChildProcess): Promise<void> {
	const deadline = performance.now() + START_MS;
	for (;;) {
		if (child.exitCode !== null || child.signalCode !== null) {
			const log = await readFile(server.logFile, 'utf8');
			throw new UserError(`n8n did not start. It said:\n${lastLines(log)}`);
		}
		if (await answers(`${server.url}/rest/settings`)) return;
		if (performance.now() > deadline) {
			await server.kill();
			throw new UserError(
				`n8n did not answer within ${START_MS / 1000} seconds; its log is ${server.logFile}.`,
			);
		}
		await wait(POLL_MS);
	}
}

async function answers(url: string): Promise<boolean> {
	try {
		const { data } = await axios.get<unknown>(url, { proxy: false, timeout: 5_000 });
		// While it's starting, it answers every URL with plain text and 200.
		return typeof data === 'object';
	} catch {
		return false;
	}
}

async function end(
	child: ChildProcess,
	signal: NodeJS.Signals,
	ended: Promise<void>,
): Promise<void> {
	child.kill(signal);
	const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
	await ended;
	clearTimeout(force);
}

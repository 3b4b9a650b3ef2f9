import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import axios from 'axios';

import { freePorts, HOST, requireFreePort } from './ports';
import type { Runtime } from './runtime';
import { startServer, type ServerProcess } from './serverProcess';

/** What the process is for: everything or, in queue mode, a part of it. */
export type N8nCommand = 'start' | 'worker' | 'webhook';

export interface N8nOptions {
	/** Default: `start`. */
	command?: N8nCommand;
	/** Default: a free one. */
	port?: number;
	/** n8n keeps everything in its `.n8n` folder. */
	userFolder: string;
	/** In addition to `environment` and what this version of n8n needs. */
	env?: Readonly<Record<string, string>>;
	logLevel?: 'error' | 'warn' | 'info' | 'debug';
}

export interface RunningN8n extends ServerProcess {
	url: string;
}

/** Answers with JSON once the process is ready. The main one's health check does so before its routes exist. */
const READY_PATHS: Record<N8nCommand, string> = {
	start: '/rest/settings',
	worker: '/healthz/readiness',
	webhook: '/healthz/readiness',
};

export async function startN8n(runtime: Runtime, options: N8nOptions): Promise<RunningN8n> {
	const { command = 'start', userFolder, port: wanted = 0 } = options;
	if (wanted !== 0) await requireFreePort(wanted);
	const [free = 0, brokerPort = 0] = await freePorts(2);
	const port = wanted === 0 ? free : wanted;
	const url = `http://${HOST}:${port}`;
	await mkdir(userFolder, { recursive: true });
	const server = await startServer({
		name: command === 'start' ? 'n8n' : `n8n ${command}`,
		program: runtime.node.path,
		args: [runtime.n8n, command],
		folder: userFolder,
		env: {
			...withoutN8nSettings(runtime.node.env),
			...environment(userFolder, port, brokerPort, options.logLevel ?? 'warn'),
			...runtime.env,
			...options.env,
		},
		logFile: join(userFolder, 'n8n.log'),
		isReady: async () => await answers(url + READY_PATHS[command]),
	});
	return { ...server, url };
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
		// A worker only listens for these.
		QUEUE_HEALTH_CHECK_ACTIVE: 'true',
		QUEUE_HEALTH_CHECK_PORT: String(port),
		N8N_WORKER_SERVER_ADDRESS: HOST,
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

async function answers(url: string): Promise<boolean> {
	try {
		const { data } = await axios.get<unknown>(url, { proxy: false, timeout: 5_000 });
		// While it's starting, it answers every URL with plain text and 200.
		return typeof data === 'object';
	} catch {
		return false;
	}
}

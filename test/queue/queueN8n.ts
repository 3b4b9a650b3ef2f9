import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startSandbox, type Sandbox, type SandboxOptions } from '../sandbox/sandbox';
import { installCheckout } from '../server/communityPackage';
import { startN8n, type N8nCommand, type RunningN8n } from '../server/n8nServer';
import { freePorts, HOST } from '../server/ports';
import { RestClient } from '../server/restClient';
import type { Runtime } from '../server/runtime';
import {
	createProviderCredentials,
	type N8nUnderTest,
	type ProviderCredentials,
} from '../server/seedreamN8n';
import { Postgres } from './postgres';
import { startRedis } from './redis';
import { addressSettings, QUEUE_SETTINGS, sharedFolderSettings, type Settings } from './settings';

export const WORKERS = ['worker 1', 'worker 2'] as const;

export type WorkerName = (typeof WORKERS)[number];

type ProcessName = 'main' | 'webhook' | WorkerName;

const COMMANDS: Record<ProcessName, N8nCommand> = {
	main: 'start',
	'worker 1': 'worker',
	'worker 2': 'worker',
	webhook: 'webhook',
};

const PROCESSES = Object.keys(COMMANDS) as ProcessName[];

export interface QueueN8nOptions {
	sandbox?: SandboxOptions;
	env?: Settings;
	/** Binary data is in a folder that all processes share. */
	sharesFolder?: boolean;
}

type Undo = () => Promise<void>;

/**
 * n8n in queue mode until `close`: Redis, PostgreSQL, and a main process, two workers and a webhook process, each with
 * this package installed in a folder of its own. Has an owner, and a credential per provider for a sandbox.
 */
export class QueueN8n implements N8nUnderTest {
	readonly sandbox: Sandbox;

	readonly rest: RestClient;

	readonly credentials: ProviderCredentials;

	private constructor(
		private readonly processes: Processes,
		parts: Pick<N8nUnderTest, 'sandbox' | 'rest' | 'credentials'>,
		readonly webhookUrl: string,
		/** The database's password. */
		readonly password: string,
		readonly close: Undo,
	) {
		({ sandbox: this.sandbox, rest: this.rest, credentials: this.credentials } = parts);
	}

	static async open(runtime: Runtime, options: QueueN8nOptions = {}): Promise<QueueN8n> {
		const undo: Undo[] = [];
		const close = async () => {
			for (const step of undo.reverse()) await step();
		};
		try {
			const folder = await mkdtemp(join(tmpdir(), 'seedream-queue-'));
			undo.push(async () => await rm(folder, { recursive: true, force: true }));
			const redis = await startRedis(folder);
			undo.push(redis.process.stop);
			const postgres = await Postgres.open();
			undo.push(async () => await postgres.close());
			const [webhookPort = 0] = await freePorts(1);
			const webhookUrl = `http://${HOST}:${webhookPort}`;
			const env = {
				...QUEUE_SETTINGS,
				...addressSettings({ redisPort: redis.port, postgres, webhookUrl }),
				...(options.sharesFolder && sharedFolderSettings(join(folder, 'files'))),
				...options.env,
			};
			const processes = new Processes(runtime, folder, env, webhookPort);
			undo.push(async () => await processes.stop());
			await processes.startAll();
			const sandbox = await startSandbox({
				callbackHosts: [`${HOST}:${webhookPort}`],
				...options.sandbox,
			});
			undo.push(sandbox.close);
			const rest = new RestClient(processes.get('main').url);
			await rest.setUpOwner();
			const credentials = await createProviderCredentials(rest, sandbox);
			const parts = { sandbox, rest, credentials };
			return new QueueN8n(processes, parts, webhookUrl, postgres.password, close);
		} catch (error) {
			await close();
			throw error;
		}
	}

	worker(name: WorkerName): RunningN8n {
		return this.processes.get(name);
	}

	async startWorker(name: WorkerName, env?: Settings): Promise<void> {
		await this.processes.start(name, env);
	}

	/** As when a dead worker's container is replaced: n8n 1 fails to recover its executions from the old one's folder. */
	async replaceWorker(name: WorkerName, env?: Settings): Promise<void> {
		await this.processes.forgetExecutions(name);
		await this.processes.start(name, env);
	}

	/** The workers on which an execution was started. */
	async workersOf(executionId: string): Promise<WorkerName[]> {
		const logs = await Promise.all(WORKERS.map(async (name) => await this.readLog(name)));
		return WORKERS.filter((_name, index) =>
			logs[index]?.includes(`Worker started execution ${executionId} `),
		);
	}

	/** Of this process, or of all. */
	async readLog(...names: readonly ProcessName[]): Promise<string> {
		return await this.processes.readLog(names.length === 0 ? PROCESSES : names);
	}
}

class Processes {
	private readonly running = new Map<ProcessName, RunningN8n>();

	constructor(
		private readonly runtime: Runtime,
		private readonly folder: string,
		private readonly env: Settings,
		private readonly webhookPort: number,
	) {}

	get(name: ProcessName): RunningN8n {
		const process = this.running.get(name);
		if (!process) throw new Error(`${name} was not started`);
		return process;
	}

	async startAll(): Promise<void> {
		await installCheckout(...PROCESSES.map((name) => this.userFolder(name)));
		// It creates the tables.
		await this.start('main');
		await Promise.all(
			PROCESSES.filter((name) => name !== 'main').map(async (name) => await this.start(name)),
		);
	}

	async start(name: ProcessName, env: Settings = {}): Promise<void> {
		const process = await startN8n(this.runtime, {
			command: COMMANDS[name],
			userFolder: this.userFolder(name),
			// n8n's default.
			logLevel: 'info',
			env: { ...this.env, ...env },
			...(name === 'webhook' && { port: this.webhookPort }),
		});
		this.running.set(name, process);
	}

	async forgetExecutions(name: ProcessName): Promise<void> {
		await rm(join(this.userFolder(name), '.n8n', 'n8nEventLog-worker.log'), { force: true });
	}

	async stop(): Promise<void> {
		await Promise.all([...this.running.values()].map(async (process) => await process.stop()));
	}

	async readLog(names: readonly ProcessName[]): Promise<string> {
		const logs = names.map(async (name) => await readFile(this.get(name).logFile, 'utf8'));
		return (await Promise.all(logs)).join('\n');
	}

	private userFolder(name: ProcessName): string {
		return join(this.folder, name.replace(' ', '-'));
	}
}

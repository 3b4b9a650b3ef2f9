import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { INTERRUPTED } from '../../demo/interrupted';
import { startSandbox } from '../sandbox/sandbox';
import { installCheckout } from '../server/communityPackage';
import { startN8n, type RunningN8n } from '../server/n8nServer';
import { freePorts } from '../server/ports';
import { UsageMeter } from '../server/processUsage';
import { RestClient } from '../server/restClient';
import { installRuntime, type Runtime } from '../server/runtime';
import { createProviderCredentials } from '../server/seedreamN8n';
import { StoredFiles } from '../server/storedFiles';
import { measure, type Bench } from './measure';
import { minutesOf, WARM_UP, type Run } from './plan';
import type { Measurement } from './results';

/** The size of a typical photo. */
export const IMAGE_BYTES = 1_000_000;

/** n8n in a folder of its own with this package installed, until `close`. */
export class BenchServer {
	private credentials: Bench['credentials'] | undefined;

	private running: RunningN8n | undefined;

	private readonly onInterrupt = () => {
		// Errors caused by the interruption aren't reported.
		process.exitCode = INTERRUPTED;
		void this.close().then(() => process.exit());
	};

	private constructor(
		readonly runtime: Runtime,
		private readonly userFolder: string,
		private readonly sandboxPort: number,
	) {
		process.once('SIGINT', this.onInterrupt);
	}

	static async open(log: (line: string) => void): Promise<BenchServer> {
		const runtime = await installRuntime(log);
		const userFolder = await mkdtemp(join(tmpdir(), 'seedream-bench-'));
		const [sandboxPort = 0] = await freePorts(1);
		const server = new BenchServer(runtime, userFolder, sandboxPort);
		try {
			await installCheckout(userFolder);
		} catch (error) {
			await server.close();
			throw error;
		}
		return server;
	}

	/** Restarts n8n in a new process. */
	async fresh(imageBytes: number): Promise<Bench> {
		await this.running?.stop();
		const { runtime, userFolder, sandboxPort } = this;
		this.running = await startN8n(runtime, { userFolder, logLevel: 'error' });
		const { url, pid } = this.running;
		const n8n = new RestClient(url);
		const isFirst = this.credentials === undefined;
		await (isFirst ? n8n.setUpOwner() : n8n.login());
		this.credentials ??= await createCredentials(n8n, sandboxPort);
		return {
			n8n,
			meter: new UsageMeter(pid),
			files: new StoredFiles(userFolder),
			credentials: this.credentials,
			sandboxPort,
			imageBytes,
		};
	}

	async close(): Promise<void> {
		process.off('SIGINT', this.onInterrupt);
		await this.running?.stop();
		await rm(this.userFolder, { recursive: true, force: true });
	}
}

async function createCredentials(n8n: RestClient, port: number): Promise<Bench['credentials']> {
	// Only for its addresses: every measurement has a sandbox of its own on the same port.
	const sandbox = await startSandbox({ port });
	await sandbox.close();
	const { evoLinkApi } = await createProviderCredentials(n8n, sandbox);
	return {
		httpHeaderAuth: await n8n.createCredential('EvoLink key', 'httpHeaderAuth', {
			name: 'Authorization',
			value: `Bearer ${sandbox.keys.evoLink}`,
		}),
		evoLinkApi: evoLinkApi.id,
	};
}

/** Executes the plan in one n8n, sequentially. */
export async function benchInN8n(
	server: BenchServer,
	plan: readonly Run[],
	log: (line: string) => void,
	onMeasured: (measurement: Measurement) => void,
): Promise<Measurement[]> {
	const bench = await server.fresh(IMAGE_BYTES);
	for (const run of WARM_UP) await measure(bench, run);
	log(`${plan.length} runs, about ${minutesOf(plan)} minutes.`);
	const measurements: Measurement[] = [];
	for (const run of plan) {
		const measurement = await measure(bench, run);
		measurements.push(measurement);
		onMeasured(measurement);
	}
	return measurements;
}

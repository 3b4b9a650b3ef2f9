import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startSandbox } from '../sandbox/sandbox';
import { installPackage } from '../server/communityPackage';
import { startN8n, type RunningN8n } from '../server/n8nServer';
import { freePorts } from '../server/ports';
import { UsageMeter } from '../server/processUsage';
import { RestClient } from '../server/restClient';
import type { Runtime } from '../server/runtime';
import { createProviderCredentials } from '../server/seedreamN8n';
import { StoredFiles } from '../server/storedFiles';
import type { Cleanup } from './cleanup';
import { CHECKOUT, type EarlierVersion } from './earlierVersion';
import { formatProgress } from './format';
import { measure, type Bench } from './measure';
import { minutesOf, warmUp } from './plan';
import type { Measurement } from './results';
import type { Approach, Run } from './scenario';
import type { CredentialIds } from './workflows';

/** n8n in a folder of its own with one version of this package. */
class BenchServer {
	private credentials: CredentialIds | undefined;

	private running: RunningN8n | undefined;

	private bench: Bench | undefined;

	constructor(
		private readonly runtime: Runtime,
		private readonly userFolder: string,
		private readonly sandboxPort: number,
	) {}

	/** Started and warmed up. */
	async ready(ways: readonly Approach[]): Promise<Bench> {
		return this.bench ?? (await this.restart(ways));
	}

	/** In a new process. */
	async restart(ways: readonly Approach[]): Promise<Bench> {
		await this.stop();
		const { runtime, userFolder, sandboxPort } = this;
		this.running = await startN8n(runtime, { userFolder, logLevel: 'error' });
		const { url, pid } = this.running;
		const n8n = new RestClient(url);
		const isFirst = this.credentials === undefined;
		await (isFirst ? n8n.setUpOwner() : n8n.login());
		this.credentials ??= await createCredentials(n8n, sandboxPort);
		this.bench = {
			n8n,
			meter: new UsageMeter(pid),
			files: new StoredFiles(userFolder),
			credentials: this.credentials,
			sandboxPort,
		};
		for (const run of warmUp(ways)) await measure(this.bench, run);
		return this.bench;
	}

	async stop(): Promise<void> {
		await this.running?.stop();
		this.running = undefined;
	}
}

async function createCredentials(n8n: RestClient, port: number): Promise<CredentialIds> {
	// Only for its addresses: every measurement has a sandbox of its own on the same port.
	const sandbox = await startSandbox({ port });
	await sandbox.close();
	const { evoLinkApi, apiMartApi, apiInOneApi } = await createProviderCredentials(n8n, sandbox);
	return {
		httpHeaderAuth: await n8n.createCredential('EvoLink key', 'httpHeaderAuth', {
			name: 'Authorization',
			value: `Bearer ${sandbox.keys.evoLink}`,
		}),
		evoLinkApi: evoLinkApi.id,
		apiMartApi: apiMartApi.id,
		apiInOneApi: apiInOneApi.id,
	};
}

export interface BenchOptions {
	runtime: Runtime;
	plan: readonly Run[];
	/** Has an n8n of its own. */
	before: EarlierVersion | undefined;
	cleanup: Cleanup;
	log: (line: string) => void;
}

/** Executes the plan, sequentially. */
export async function benchInN8n({
	runtime,
	plan,
	before,
	cleanup,
	log,
}: BenchOptions): Promise<Measurement[]> {
	if (plan.length === 0) return [];
	const [port = 0] = await freePorts(1);
	const open = async (checkout: string) => {
		const userFolder = await mkdtemp(join(tmpdir(), 'seedream-bench-'));
		cleanup.add(async () => await rm(userFolder, { recursive: true, force: true }));
		await installPackage(checkout, userFolder);
		const server = new BenchServer(runtime, userFolder, port);
		cleanup.add(async () => await server.stop());
		return server;
	};
	const current = await open(CHECKOUT);
	const earlier = before && (await open(before.folder));
	log(`${plan.length} executions, about ${minutesOf(plan)} minutes.`);
	const measurements: Measurement[] = [];
	for (const run of plan) {
		const [server, warmUpWays] = serverFor(run.way, current, earlier);
		const bench = run.scenario.newN8n
			? await server.restart([run.way])
			: await server.ready(warmUpWays);
		const measurement = await measure(bench, run);
		measurements.push(measurement);
		log(formatProgress(measurement));
	}
	await current.stop();
	await earlier?.stop();
	return measurements;
}

/** The n8n with this version of the package, and what warms it up. */
function serverFor(
	way: Approach,
	current: BenchServer,
	earlier: BenchServer | undefined,
): [BenchServer, readonly Approach[]] {
	return way === 'before' && earlier !== undefined
		? [earlier, ['before']]
		: [current, ['seedream', 'allAtOnce']];
}

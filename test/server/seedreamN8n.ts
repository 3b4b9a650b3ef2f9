import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startSandbox, type Sandbox, type SandboxOptions } from '../sandbox/sandbox';
import { installCheckout } from './communityPackage';
import { startN8n, type N8nOptions, type RunningN8n } from './n8nServer';
import { freePorts } from './ports';
import { RestClient } from './restClient';
import type { Runtime } from './runtime';
import { StoredFiles } from './storedFiles';

export interface SeedreamN8nOptions {
	/** Default: a free one. */
	port?: number;
	sandbox?: SandboxOptions;
	env?: N8nOptions['env'];
	logLevel?: N8nOptions['logLevel'];
}

/** As a node refers to its credential. */
export interface CredentialName {
	id: string;
	name: string;
}

/** By credential type. */
export type ProviderCredentials = Readonly<
	Record<'evoLinkApi' | 'apiMartApi' | 'apiInOneApi', CredentialName>
>;

/** A full n8n, in one process or several, with a sandbox. */
export interface N8nUnderTest {
	readonly sandbox: Sandbox;
	readonly rest: RestClient;
	readonly credentials: ProviderCredentials;
	/** Where its production webhooks are. */
	readonly webhookUrl: string;
	readLog: () => Promise<string>;
}

/**
 * A full n8n in a folder of its own until `close`, with this package installed as users do, an owner, and a credential
 * per provider for a sandbox.
 */
export class SeedreamN8n implements N8nUnderTest {
	private constructor(
		readonly userFolder: string,
		readonly sandbox: Sandbox,
		readonly rest: RestClient,
		readonly credentials: ProviderCredentials,
		private readonly runtime: Runtime,
		private readonly options: N8nOptions,
		private running: RunningN8n,
	) {}

	static async open(runtime: Runtime, options: SeedreamN8nOptions = {}): Promise<SeedreamN8n> {
		const userFolder = await mkdtemp(join(tmpdir(), 'seedream-n8n-'));
		const undo = [async () => await rm(userFolder, { recursive: true, force: true })];
		try {
			await installCheckout(userFolder);
			const [free = 0] = await freePorts(1);
			const { sandbox: sandboxOptions, port, ...rest } = options;
			const n8nOptions = { ...rest, port: port || free, userFolder };
			const running = await startN8n(runtime, n8nOptions);
			undo.unshift(running.stop);
			const sandbox = await startSandbox(sandboxOptions);
			undo.unshift(sandbox.close);
			const client = new RestClient(running.url);
			await client.setUpOwner();
			const credentials = await createProviderCredentials(client, sandbox);
			return new SeedreamN8n(
				userFolder,
				sandbox,
				client,
				credentials,
				runtime,
				n8nOptions,
				running,
			);
		} catch (error) {
			for (const step of undo) await step();
			throw error;
		}
	}

	get url(): string {
		return this.running.url;
	}

	get webhookUrl(): string {
		return this.url;
	}

	get logFile(): string {
		return this.running.logFile;
	}

	async readLog(): Promise<string> {
		return await readFile(this.logFile, 'utf8');
	}

	/** Resolves when n8n has ended, for whatever reason. */
	get ended(): Promise<void> {
		return this.running.ended;
	}

	/** The folder workflows may access; n8n doesn't create it. */
	get filesFolder(): string {
		return join(this.userFolder, '.n8n-files');
	}

	/** Its binary data. */
	get files(): StoredFiles {
		return new StoredFiles(this.userFolder);
	}

	/** Kills it, as in a power cut. */
	async kill(): Promise<void> {
		await this.running.kill();
	}

	/** Restarts it with the package as it's built now; its address and data stay. */
	async reinstall(): Promise<void> {
		await installCheckout(this.userFolder);
		await this.running.stop();
		await this.startAgain();
	}

	/** Restarts it at the same address with the same data. */
	async startAgain(): Promise<void> {
		this.running = await startN8n(this.runtime, this.options);
	}

	async close(): Promise<void> {
		await this.running.stop();
		await this.sandbox.close();
		await rm(this.userFolder, { recursive: true, force: true });
	}
}

/** With n8n's default names. */
export async function createProviderCredentials(
	client: RestClient,
	{ keys, baseUrls, filesBaseUrl }: Sandbox,
): Promise<ProviderCredentials> {
	const create = async (name: string, type: string, data: Record<string, string>) => ({
		id: await client.createCredential(name, type, data),
		name,
	});
	return {
		evoLinkApi: await create('EvoLink account', 'evoLinkApi', {
			apiKey: keys.evoLink,
			baseUrl: baseUrls.evoLink,
			filesBaseUrl,
		}),
		apiMartApi: await create('APIMart account', 'apiMartApi', {
			apiKey: keys.apiMart,
			baseUrl: baseUrls.apiMart,
		}),
		apiInOneApi: await create('API in One account', 'apiInOneApi', {
			apiKey: keys.apiInOne,
			baseUrl: baseUrls.apiInOne,
		}),
	};
}

import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import sharp from 'sharp';

import {
	EXAMPLES_FOLDER,
	readExamples,
	withCredentials,
	withFilesIn,
} from '../test/server/exampleWorkflows';
import { NEWEST_N8N } from '../test/server/n8nReleases';
import { lastLines } from '../test/server/nodeBinary';
import { requireFreePort } from '../test/server/ports';
import { OWNER } from '../test/server/restClient';
import { installRuntime } from '../test/server/runtime';
import { SeedreamN8n } from '../test/server/seedreamN8n';
import { INTERRUPTED } from './interrupted';
import { newerN8n } from './newerN8n';
import { UserError } from './userError';

/** n8n's own default. */
const DEFAULT_PORT = 5678;

const MAX_PORT = 65_535;

const SPREADSHEET = 'prompts.csv';

/** A sample for the example that edits photos. */
const PHOTO = 'nodes/Seedream/seedream.svg';

const PHOTO_SIZE = 1024;

async function main(): Promise<void> {
	const port = readPort();
	const interrupted = untilInterrupted();
	// Checked before an installation that takes minutes.
	if (port !== 0) await requireFreePort(port);
	const newer = newerN8n(NEWEST_N8N);
	const runtime = await installRuntime((line) => console.log(line));
	console.log(`Starting n8n ${runtime.version} with this package. This takes about 10 seconds …`);
	const n8n = await SeedreamN8n.open(runtime, { port });
	const restarts = new Restarts(n8n);
	try {
		const table = await importExamples(n8n);
		const notice = await newer;
		if (notice !== undefined) console.log(notice);
		console.log(table);
		restarts.listen();
		await Promise.race([interrupted, restarts.n8nEnded().then(() => reportCrash(n8n))]);
	} finally {
		await restarts.stop();
		await n8n.close();
	}
}

/** `npm run dev` sends a message after each build, and waits for one in return. */
class Restarts {
	private latest = Promise.resolve();

	constructor(private readonly n8n: SeedreamN8n) {}

	listen(): void {
		process.on('message', () => {
			this.latest = this.latest.then(async () => {
				await this.restart();
				if (process.connected) process.send?.('restarted');
			});
		});
	}

	/** Resolves when n8n ends without being restarted. */
	async n8nEnded(): Promise<void> {
		for (;;) {
			const { ended } = this.n8n;
			await ended;
			await this.latest;
			if (this.n8n.ended === ended) return;
		}
	}

	async stop(): Promise<void> {
		if (process.connected) process.disconnect();
		await this.latest;
	}

	private async restart(): Promise<void> {
		if (process.exitCode === INTERRUPTED) return;
		console.log('Restarting n8n with the new build …');
		try {
			await this.n8n.reinstall();
			console.log(`n8n is ready at ${this.n8n.url}. Reload the page.`);
		} catch (error) {
			if (process.exitCode !== INTERRUPTED) report(error);
		}
	}
}

function readPort(): number {
	const usage = new UserError(
		`Usage: npm run editor -- [--port ${DEFAULT_PORT}]. The port is a number up to ${MAX_PORT}; 0 picks a free one.`,
	);
	const port = Number(portArgument(usage));
	if (Number.isInteger(port) && port >= 0 && port <= MAX_PORT) return port;
	throw usage;
}

function portArgument(usage: UserError): string {
	try {
		const options = { port: { type: 'string', default: String(DEFAULT_PORT) } } as const;
		return parseArgs({ options }).values.port;
	} catch {
		throw usage;
	}
}

/**
 * Registered first, so that whatever Ctrl-C interrupts is cleaned up like any other failure. The handlers stay: npm
 * may forward a Ctrl-C that the terminal has already delivered.
 */
async function untilInterrupted(): Promise<void> {
	await new Promise<void>((resolve) => {
		for (const signal of ['SIGINT', 'SIGTERM'] as const) {
			process.on(signal, () => {
				process.exitCode = INTERRUPTED;
				resolve();
			});
		}
	});
}

/** Imports the examples with their credentials and files; returns a table of where everything is. */
async function importExamples({
	rest,
	url,
	credentials,
	filesFolder,
}: SeedreamN8n): Promise<string> {
	const table = new Table({ style: { head: [], border: [] } });
	table.push(['n8n', url], ['E-mail', OWNER.email], ['Password', OWNER.password]);
	for (const example of readExamples().values()) {
		const workflow = withFilesIn(filesFolder, withCredentials(example, credentials));
		const id = await rest.createWorkflow(workflow);
		table.push([workflow.name, `${url}/workflow/${id}`]);
	}
	await copyInputFiles(filesFolder);
	table.push(['Example files', filesFolder]);
	return [
		table.toString(),
		'The providers are simulated on this machine, so nothing here costs money.',
		'Press Ctrl-C to stop n8n and delete everything it stored.',
	].join('\n');
}

async function copyInputFiles(folder: string): Promise<void> {
	const photos = join(folder, 'photos');
	await mkdir(photos, { recursive: true });
	await mkdir(join(folder, 'edited'));
	await copyFile(join(EXAMPLES_FOLDER, SPREADSHEET), join(folder, SPREADSHEET));
	await sharp(PHOTO).resize(PHOTO_SIZE).png().toFile(join(photos, 'seedream.png'));
}

async function reportCrash({ logFile }: SeedreamN8n): Promise<void> {
	if (process.exitCode === INTERRUPTED) return;
	const log = lastLines(await readFile(logFile, 'utf8'));
	throw new UserError(`n8n stopped unexpectedly. The end of its log:\n${log}`);
}

function report(error: unknown): void {
	console.error(error instanceof UserError ? error.message : error);
}

main().catch((error: unknown) => {
	if (process.exitCode === INTERRUPTED) return;
	report(error);
	process.exitCode = 1;
});

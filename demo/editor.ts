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
import { lastLines } from '../test/server/nodeBinary';
import { requireFreePort } from '../test/server/ports';
import { OWNER } from '../test/server/restClient';
import { installRuntime } from '../test/server/runtime';
import { SeedreamN8n } from '../test/server/seedreamN8n';
import { INTERRUPTED } from './interrupted';
import { UserError } from './userError';

/** n8n's own. */
const DEFAULT_PORT = 5678;

const MAX_PORT = 65_535;

const ROWS = 'prompts.csv';

/** Something to edit. */
const PICTURE = 'nodes/Seedream/seedream.svg';

const PICTURE_SIDE = 1024;

async function main(): Promise<void> {
	const port = readPort();
	const interrupted = untilInterrupted();
	// Before minutes are spent on an installation.
	if (port !== 0) await requireFreePort(port);
	const runtime = await installRuntime((line) => console.log(line));
	console.log(`Starting n8n ${runtime.version} with this package, which takes about 10 seconds …`);
	const n8n = await SeedreamN8n.open(runtime, { port });
	try {
		console.log(await furnish(n8n));
		await Promise.race([interrupted, n8n.ended.then(() => complainAboutEnd(n8n))]);
	} finally {
		await n8n.close();
	}
}

function readPort(): number {
	const usage = new UserError(
		`Usage: npm run editor -- [--port ${DEFAULT_PORT}], with a port up to ${MAX_PORT}, or 0 for any free one`,
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
 * From the start on, so that what an interruption breaks is cleaned up like any other failure; and for good, since npm
 * may pass Ctrl-C on to a process that the terminal has told already.
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

/** Brings in the examples with what they need, and says where everything is. */
async function furnish({ rest, url, credentials, filesFolder }: SeedreamN8n): Promise<string> {
	const places = new Table({ style: { head: [], border: [] } });
	places.push(['n8n', url], ['E-mail', OWNER.email], ['Password', OWNER.password]);
	for (const example of readExamples().values()) {
		const workflow = withFilesIn(filesFolder, withCredentials(example, credentials));
		const id = await rest.createWorkflow(workflow);
		places.push([workflow.name, `${url}/workflow/${id}`]);
	}
	await layOutFiles(filesFolder);
	places.push(['Files of the examples', filesFolder]);
	return [
		places.toString(),
		'The providers are sandboxes on this machine: nothing here costs money.',
		'Ctrl-C ends it and deletes everything.',
	].join('\n');
}

/** What the examples read. */
async function layOutFiles(folder: string): Promise<void> {
	const photos = join(folder, 'photos');
	await mkdir(photos, { recursive: true });
	await mkdir(join(folder, 'edited'));
	await copyFile(join(EXAMPLES_FOLDER, ROWS), join(folder, ROWS));
	await sharp(PICTURE).resize(PICTURE_SIDE).png().toFile(join(photos, 'seedream.png'));
}

async function complainAboutEnd({ logFile }: SeedreamN8n): Promise<void> {
	if (process.exitCode === INTERRUPTED) return;
	throw new UserError(
		`n8n ended by itself. It said:\n${lastLines(await readFile(logFile, 'utf8'))}`,
	);
}

main().catch((error: unknown) => {
	if (process.exitCode === INTERRUPTED) return;
	console.error(error instanceof UserError ? error.message : error);
	process.exitCode = 1;
});

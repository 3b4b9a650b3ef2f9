import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';

import { readExamples } from './exampleWorkflows';
import { RestClient } from './restClient';

/** What `npm run editor` starts, without the build before it. */

const ROOT = resolve(__dirname, '../..');

const START_MS = 120_000;

const RUN_MS = 60_000;

jest.setTimeout(START_MS);

interface Running {
	process: ChildProcess;
	/** All that it has printed so far. */
	said: () => string;
}

function editor(...args: string[]): Running {
	const command = ['--import', 'tsx', 'demo/editor.ts', ...args];
	const child = spawn(process.execPath, command, { cwd: ROOT });
	const output: string[] = [];
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
	}
	return { process: child, said: () => output.join('') };
}

async function exitCode({ process: child }: Running): Promise<unknown> {
	const [code]: unknown[] = await once(child, 'close');
	return code;
}

/** The cell beside this one in the table that it prints. */
function beside(title: string, said: string): string {
	return new RegExp(`│ ${title} +│ (\\S+) +│`).exec(said)?.[1] ?? '';
}

describe('npm run editor', () => {
	let running: Running;

	beforeAll(async () => {
		running = editor('--port', '0');
		while (!running.said().includes('Ctrl-C')) {
			if (running.process.exitCode !== null) throw new Error(running.said());
			await Promise.race([once(running.process.stdout!, 'data'), once(running.process, 'close')]);
		}
	});

	afterAll(() => running.process.kill('SIGKILL'));

	it('prints an address and a login that lead to the examples, ready to be run', async () => {
		const said = running.said();
		const rest = new RestClient(beside('n8n', said));
		await rest.login({ email: beside('E-mail', said), password: beside('Password', said) });
		for (const { name, nodes } of readExamples().values()) {
			const id = beside(name, said).split('/').pop() ?? '';
			const workflow = await rest.workflow(id);
			expect(workflow.nodes).toHaveLength(nodes.length);
			const starts = workflow.nodes.some((node) => node.name === 'Start by hand');
			if (!starts) continue;
			const executionId = await rest.run(id, 'Start by hand');
			expect((await rest.waitFor(id, executionId, RUN_MS)).status).toBe('success');
		}
		const folder = beside('Files of the examples', said);
		expect(await readdir(folder)).toEqual(
			expect.arrayContaining(['lake-hero-1.png', 'tea-poster-1.png']),
		);
		expect(await readdir(join(folder, 'edited'))).toEqual(['seedream.png']);
	});

	it('leaves nothing behind when Ctrl-C ends it, however often that comes', async () => {
		const said = running.said();
		const ended = exitCode(running);
		running.process.kill('SIGINT');
		running.process.kill('SIGINT');
		expect(await ended).toBe(130);
		expect(running.said()).toBe(said);
		expect(existsSync(beside('Files of the examples', said))).toBe(false);
		await expect(fetch(beside('n8n', said))).rejects.toThrow('fetch failed');
	});
});

describe('npm run editor --', () => {
	it('--port says in a sentence that something else uses it', async () => {
		const other = createServer().listen(0, '127.0.0.1');
		await once(other, 'listening');
		const { port } = other.address() as AddressInfo;
		const refused = editor('--port', String(port));
		expect(await exitCode(refused)).toBe(1);
		expect(refused.said()).toMatch(new RegExp(`^Port ${port} is already in use\\..+\\n$`));
		other.close();
	});

	it.each(['--port here', '--port 70000', '--prot 1', '5678'])(
		'%s shows how it is used',
		async (args) => {
			const refused = editor(...args.split(' '));
			expect(await exitCode(refused)).toBe(1);
			expect(refused.said()).toMatch(/^Usage: npm run editor -- .+\n$/);
		},
	);
});

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { readExamples } from './exampleWorkflows';
import { RestClient } from './restClient';

const ROOT = resolve(__dirname, '../..');

const START_MS = 120_000;

const RUN_MS = 60_000;

jest.setTimeout(START_MS);

interface Running {
	process: ChildProcess;
	/** Resolves when it has ended. */
	closed: Promise<unknown[]>;
	/** Everything printed so far. */
	output: () => string;
}

/** `npm run editor`, without its build step. */
function editor(args: string[], env: NodeJS.ProcessEnv = {}): Running {
	return start(['--import', 'tsx', 'demo/editor.ts', ...args], ROOT, env);
}

function start(command: string[], cwd: string, env: NodeJS.ProcessEnv = {}): Running {
	const child = spawn(process.execPath, command, { cwd, env: { ...process.env, ...env } });
	const output: string[] = [];
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
	}
	return { process: child, closed: once(child, 'close'), output: () => output.join('') };
}

async function exitCode({ closed }: Running): Promise<unknown> {
	const [code] = await closed;
	return code;
}

/** Waits until it has printed `text` after the first `from` characters. */
async function untilPrinted(running: Running, text: string, from = 0): Promise<void> {
	while (!running.output().includes(text, from)) {
		if (running.process.exitCode !== null) throw new Error(running.output());
		await Promise.race([once(running.process.stdout!, 'data'), running.closed]);
	}
}

/** The cell next to this one in the printed table. */
function beside(title: string, output: string): string {
	return new RegExp(`│ ${title} +│ (\\S+) +│`).exec(output)?.[1] ?? '';
}

/** With the address and the login in the printed table. */
async function logIn(output: string): Promise<RestClient> {
	const rest = new RestClient(beside('n8n', output));
	await rest.login({ email: beside('E-mail', output), password: beside('Password', output) });
	return rest;
}

describe('npm run editor', () => {
	const registry = createServer((_request, response) => response.end('{"latest":"99.0.0"}'));
	let running: Running;

	beforeAll(async () => {
		await once(registry.listen(0, '127.0.0.1'), 'listening');
		const { port } = registry.address() as AddressInfo;
		const npm_config_registry = `http://127.0.0.1:${port}/`;
		running = editor(['--port', '0'], { npm_config_registry });
		await untilPrinted(running, 'Ctrl-C');
	});

	afterAll(() => {
		running.process.kill('SIGKILL');
		registry.close();
	});

	it('says that a newer n8n than the tested one is available', () => {
		expect(running.output()).toContain('n8n 99.0.0 is available.');
	});

	it('imports examples in which n8n finds nothing that n8n 3 changes', async () => {
		const rest = await logIn(running.output());
		expect(await rest.migrationReport('v3')).toEqual([]);
	});

	it('prints a URL and a login for an n8n with the examples', async () => {
		const output = running.output();
		const rest = await logIn(output);
		for (const { name, nodes } of readExamples().values()) {
			const id = beside(name, output).split('/').pop() ?? '';
			const workflow = await rest.workflow(id);
			expect(workflow.nodes).toHaveLength(nodes.length);
			const starts = workflow.nodes.some((node) => node.name === 'Run manually');
			if (!starts) continue;
			const executionId = await rest.run(id, 'Run manually');
			const { status } = await rest.waitFor(id, executionId, RUN_MS);
			// The example of a large batch waits for longer than this test.
			const waits = nodes.some(({ type }) => type === 'n8n-nodes-base.wait');
			expect([name, status]).toEqual([name, waits ? 'waiting' : 'success']);
		}
		const folder = beside('Example files', output);
		expect(await readdir(folder)).toEqual(
			expect.arrayContaining(['lake-hero-1.jpg', 'tea-poster-1.jpg']),
		);
		expect(await readdir(join(folder, 'edited'))).toEqual(['seedream.jpg']);
	});

	it('leaves nothing behind after Ctrl-C, even if pressed repeatedly', async () => {
		const output = running.output();
		const ended = exitCode(running);
		running.process.kill('SIGINT');
		running.process.kill('SIGINT');
		expect(await ended).toBe(130);
		expect(running.output()).toBe(output);
		expect(existsSync(beside('Example files', output))).toBe(false);
		await expect(fetch(beside('n8n', output))).rejects.toThrow('fetch failed');
	});
});

describe('npm run editor --', () => {
	it('--port reports a port that is already in use', async () => {
		const other = createServer().listen(0, '127.0.0.1');
		await once(other, 'listening');
		const { port } = other.address() as AddressInfo;
		const refused = editor(['--port', String(port)]);
		expect(await exitCode(refused)).toBe(1);
		expect(refused.output()).toMatch(new RegExp(`^Port ${port} is already in use\\..+\\n$`));
		other.close();
	});

	it.each(['--port here', '--port 70000', '--prot 1', '5678'])(
		'%s shows how it is used',
		async (args) => {
			const refused = editor(args.split(' '));
			expect(await exitCode(refused)).toBe(1);
			expect(refused.output()).toMatch(/^Usage: npm run editor -- .+\n$/);
		},
	);
});

describe('npm run dev', () => {
	const CHANGED = 'Changed while n8n was running';

	let project: string;
	let source: string;
	let running: Running;
	let rest: RestClient;
	let workflowId: string;

	beforeAll(async () => {
		project = await mkdtemp(join(tmpdir(), 'seedream-dev-'));
		const skipped = ['.git', 'node_modules', 'output'].map((name) => join(ROOT, name));
		await cp(ROOT, project, { recursive: true, filter: (path) => !skipped.includes(path) });
		await symlink(join(ROOT, 'node_modules'), join(project, 'node_modules'));
		source = join(project, 'nodes/Seedream/SeedreamGenerate.node.ts');
		running = start(['node_modules/gulp/bin/gulp.js', 'dev', '--port', '0'], project);
		await untilPrinted(running, 'Ctrl-C');
		rest = await logIn(running.output());
		const [example] = readExamples().values();
		workflowId = await rest.createWorkflow({ ...example!, name: 'Created before the restart' });
	}, 2 * START_MS);

	afterAll(async () => {
		running.process.kill('SIGTERM');
		await running.closed;
		await rm(project, { recursive: true, force: true });
	});

	/** n8n is ready a moment before it serves the nodes. */
	const descriptions = async (): Promise<string> => {
		for (;;) {
			try {
				return JSON.stringify(await rest.nodeDescriptions());
			} catch (error) {
				if (!String(error).includes('404')) throw error;
				await wait(200);
			}
		}
	};

	it('serves a changed node after a restart that keeps the address, the login and the workflows', async () => {
		expect(await descriptions()).not.toContain(CHANGED);
		const code = await readFile(source, 'utf8');
		await writeFile(source, code.replace(/description: (['"]).+\1/, `description: '${CHANGED}'`));
		await untilPrinted(running, 'Reload the page');
		expect(await descriptions()).toContain(CHANGED);
		expect((await rest.workflow(workflowId)).name).toBe('Created before the restart');
	});

	it('shows why a build failed, and leaves n8n running', async () => {
		const from = running.output().length;
		const code = await readFile(source, 'utf8');
		await writeFile(source, `${code}\nexport const broken: number = 'text';\n`);
		await untilPrinted(running, 'n8n is still running the last successful build.', from);
		expect(running.output().slice(from)).toContain('SeedreamGenerate.node.ts');
		expect(running.output().slice(from)).not.toContain('Restarting');
		expect(await descriptions()).toContain(CHANGED);
	});

	it('leaves nothing behind when Ctrl-C ends it', async () => {
		const output = running.output();
		const ended = exitCode(running);
		running.process.kill('SIGINT');
		expect(await ended).toBe(130);
		expect(existsSync(beside('Example files', output))).toBe(false);
		await expect(fetch(beside('n8n', output))).rejects.toThrow('fetch failed');
	});
});

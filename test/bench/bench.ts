import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';

import { INTERRUPTED } from '../../demo/interrupted';
import { UserError } from '../../demo/userError';
import { formatProgress } from './format';
import { benchInProcess } from './inProcess';
import { describeMachine } from './machine';
import { benchMemory } from './memory';
import { benchInN8n, BenchServer, IMAGE_BYTES } from './n8nBench';
import { pageOf, RESULTS_FILE } from './page';
import { fullPlan, quickPlan } from './plan';
import { plotOf } from './plot';
import { loadResults, saveResults, type Results } from './results';

const PAGE = 'docs/benchmark.md';

/** A quick benchmark must not overwrite the full one. */
const QUICK_PAGE = 'output/benchmark-quick/benchmark.md';
const QUICK_RESULTS_FILE = 'output/benchmark-quick/results.json';

async function main(): Promise<void> {
	const { quick, render } = readArguments();
	const file = quick ? QUICK_RESULTS_FILE : RESULTS_FILE;
	const page = quick ? QUICK_PAGE : PAGE;
	if (!render) saveResults(file, await measureAll(quick));
	await writePage(page, loadExisting(file));
	console.log(`The tables are in ${page}.`);
}

function readArguments(): { quick: boolean; render: boolean } {
	try {
		const { values } = parseArgs({
			options: {
				quick: { type: 'boolean', default: false },
				render: { type: 'boolean', default: false },
			},
		});
		return values;
	} catch {
		throw new UserError('Usage: npm run bench -- [--quick] [--render]');
	}
}

async function measureAll(quick: boolean): Promise<Results> {
	const begun = performance.now();
	const at = new Date().toISOString();
	const log = (line: string) => console.log(line);
	const server = await BenchServer.open(log);
	const { version, node } = server.runtime;
	const measured = await measureInN8n(server, quick, log).finally(() => server.close());
	const inProcess = await benchInProcess(log);
	return {
		at,
		quick,
		minutes: (performance.now() - begun) / 60_000,
		machine: describeMachine({ n8n: version, node: node.version }),
		imageBytes: IMAGE_BYTES,
		...measured,
		inProcess,
	};
}

async function measureInN8n(
	server: BenchServer,
	quick: boolean,
	log: (line: string) => void,
): Promise<Pick<Results, 'measurements' | 'memory'>> {
	const plan = quick ? quickPlan() : fullPlan();
	const measurements = await benchInN8n(server, plan, log, (measurement) =>
		log(formatProgress(measurement)),
	);
	return quick ? { measurements } : { measurements, memory: await benchMemory(server, log) };
}

function loadExisting(file: string): Results {
	try {
		return loadResults(file);
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
			throw new UserError(`There is no ${file} to render yet; run the benchmark first.`);
		}
		throw error;
	}
}

async function writePage(page: string, results: Results): Promise<void> {
	mkdirSync(dirname(page), { recursive: true });
	const options = await resolveConfig(resolve(page));
	writeFileSync(page, await format(pageOf(results), { ...options, parser: 'markdown' }));
	writeFileSync(page.replace(/\.md$/, '.svg'), plotOf(results.measurements));
}

main().catch((error: unknown) => {
	if (process.exitCode === INTERRUPTED) return;
	console.error(error instanceof UserError ? error.message : error);
	process.exitCode = 1;
});

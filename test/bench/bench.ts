import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';

import { INTERRUPTED } from '../../demo/interrupted';
import { UserError } from '../../demo/userError';
import { installRuntime } from '../server/runtime';
import { Cleanup } from './cleanup';
import { BEFORE, buildEarlierVersion, CHECKOUT, type EarlierVersion } from './earlierVersion';
import { benchInProcess } from './inProcess';
import { describeMachine } from './machine';
import { benchInN8n } from './n8nBench';
import { pageOf, RESULTS_FILE } from './page';
import { planOf } from './plan';
import { plotOf } from './plot';
import { loadResults, saveResults, type Results } from './results';
import { GROUPS, type GroupName } from './scenario';

const PAGE = 'docs/benchmark.md';

/** A quick or partial benchmark must not overwrite the full one. */
const PARTIAL_PAGE = 'output/benchmark-partial/benchmark.md';
const PARTIAL_RESULTS_FILE = 'output/benchmark-partial/results.json';

/** As a value of --compare. */
const NONE = 'none';

interface Options {
	quick: boolean;
	render: boolean;
	groups: readonly GroupName[];
	/** A commit, or `NONE`. */
	compare: string;
}

async function main(): Promise<void> {
	const options = readArguments();
	const isPartial = options.quick || options.groups.length < GROUPS.length;
	const file = isPartial ? PARTIAL_RESULTS_FILE : RESULTS_FILE;
	const page = isPartial ? PARTIAL_PAGE : PAGE;
	if (!options.render) saveResults(file, await measureAll(options));
	await writePage(page, loadExisting(file));
	console.log(`The tables are in ${page}.`);
}

function readArguments(): Options {
	try {
		const { values } = parseArgs({
			options: {
				quick: { type: 'boolean', default: false },
				render: { type: 'boolean', default: false },
				only: { type: 'string' },
				compare: { type: 'string', default: BEFORE },
			},
		});
		return { ...values, groups: values.only === undefined ? GROUPS : readGroups(values.only) };
	} catch {
		throw new UserError(
			`Usage: npm run bench -- [--quick] [--only ${GROUPS.join(',')}] [--compare <commit> | --compare ${NONE}] [--render]`,
		);
	}
}

function readGroups(list: string): GroupName[] {
	return list.split(',').map((name) => {
		const group = GROUPS.find((known) => known === name.trim());
		if (group === undefined) throw new Error(`There is no group ${name}`);
		return group;
	});
}

async function measureAll({ quick, groups, compare }: Options): Promise<Results> {
	const begun = performance.now();
	const at = new Date().toISOString();
	const log = (line: string) => console.log(line);
	const runtime = await installRuntime(log);
	const cleanup = new Cleanup();
	try {
		const before = compare === NONE ? undefined : await buildEarlierVersion(compare, cleanup);
		const plan = planOf({ quick, groups, compares: before !== undefined });
		const measurements = await benchInN8n({ runtime, plan, before, cleanup, log });
		const inProcess = groups.includes('package') ? await benchPackages(before, log) : undefined;
		return {
			at,
			quick,
			minutes: (performance.now() - begun) / 60_000,
			machine: describeMachine({ n8n: runtime.version, node: runtime.node.version }),
			before: before?.name,
			measurements,
			inProcess,
		};
	} finally {
		await cleanup.run();
	}
}

async function benchPackages(
	before: EarlierVersion | undefined,
	log: (line: string) => void,
): Promise<Results['inProcess']> {
	log('In n8n’s engine: loading, CPU by row, memory.');
	const now = await benchInProcess(CHECKOUT);
	if (before === undefined) return { now };
	log(`The same with ${before.name}.`);
	return { now, before: await benchInProcess(before.folder) };
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

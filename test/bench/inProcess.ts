import { join } from 'node:path';

import { startSandbox, type SandboxOptions } from '../sandbox/sandbox';
import { runCommand } from '../server/commands';
import { unpackedSize } from '../server/communityPackage';
import { lastLines } from '../server/nodeBinary';
import { engineReportSchema, type EngineJob, type EngineReport } from './engineReport';
import { LARGE_IMAGES } from './plan';
import type { InProcess } from './results';

const LOADS = 3;

const PROFILED_ROWS = [1000, 10_000];

const TASK_SECONDS = 2;

const ENOUGH_CREDITS = 1_000_000;

/** Measurements without a full n8n: the package in n8n's engine, in a process of its own. */
export async function benchInProcess(checkout: string): Promise<InProcess> {
	const run = async (job: EngineOrder, options?: SandboxOptions) =>
		await runEngine(checkout, job, options);
	const nothing = { rows: 0, downloadImages: false, profile: false };
	const loadMs: number[] = [];
	for (let load = 0; load < LOADS; load += 1) loadMs.push((await run(nothing)).loadMs);
	const profiles: InProcess['profiles'] = [];
	for (const rows of PROFILED_ROWS) {
		const profiled = await run({ rows, downloadImages: false, profile: true });
		profiles.push({ rows, millisecondsPerRow: perRow(profiled.millisecondsByOwner ?? {}, rows) });
	}
	const { count: rows, megabytes } = LARGE_IMAGES;
	const large = { imageBytes: megabytes * 1024 ** 2 };
	const without = await run({ rows, downloadImages: false, profile: false }, large);
	const withDownloads = await run({ rows, downloadImages: true, profile: false }, large);
	return {
		loadMs,
		unpackedKilobytes: (await unpackedSize(checkout)) / 1024,
		profiles,
		peakWithDownloads: withDownloads.peakMegabytes,
		peakWithout: without.peakMegabytes,
	};
}

type EngineOrder = Omit<EngineJob, 'credential'>;

function perRow(milliseconds: Record<string, number>, rows: number): Record<string, number> {
	return Object.fromEntries(
		Object.entries(milliseconds)
			.sort(([, a], [, b]) => b - a)
			.map(([owner, total]) => [owner, total / rows]),
	);
}

/** A checkout is measured with its own test code, which knows how it's built. */
async function runEngine(
	checkout: string,
	order: EngineOrder,
	options: SandboxOptions = {},
): Promise<EngineReport> {
	const sandbox = await startSandbox(
		{ taskSeconds: TASK_SECONDS, ...options },
		{ initialBalance: ENOUGH_CREDITS },
	);
	const { baseUrls, filesBaseUrl, keys } = sandbox;
	const credential = { apiKey: keys.evoLink, baseUrl: baseUrls.evoLink, filesBaseUrl };
	try {
		const script = join(checkout, 'test/bench/engineProcess.ts');
		const { code, stdout, output } = await runCommand({
			program: process.execPath,
			args: ['--import', 'tsx', script, toArgument(order, credential)],
			folder: checkout,
		});
		if (code !== 0) throw new Error(`The engine run failed:\n${lastLines(output)}`);
		const report = engineReportSchema.parse(JSON.parse(lastLine(stdout)));
		if (report.status !== 'success') throw new Error(`The engine run ended ${report.status}`);
		return report;
	} finally {
		await sandbox.close();
	}
}

function toArgument(order: EngineOrder, credential: EngineJob['credential']): string {
	return JSON.stringify({ ...order, credential } satisfies EngineJob);
}

function lastLine(text: string): string {
	return text.trim().split('\n').at(-1) ?? '';
}

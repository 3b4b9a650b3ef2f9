import { join } from 'node:path';

import { startSandbox, type SandboxOptions } from '../sandbox/sandbox';
import { runCommand } from '../server/commands';
import { unpackedSize } from '../server/communityPackage';
import { lastLines } from '../server/nodeBinary';
import { engineReportSchema, type EngineJob, type EngineReport } from './engineReport';
import { MEMORY } from './memory';
import type { InProcess } from './results';

const LOADS = 3;

const PROFILED_ROWS = 1000;

const TASK_SECONDS = 2;

/** Measurements without a full n8n: the package in n8n's engine, in a process of its own. */
export async function benchInProcess(log: (line: string) => void): Promise<InProcess> {
	log('In n8n’s engine: loading, CPU by row, memory.');
	const nothing = { rows: 0, downloadImages: false, profile: false };
	const loadMs: number[] = [];
	for (let load = 0; load < LOADS; load += 1) loadMs.push((await runEngine(nothing)).loadMs);
	const profiled = await runEngine({ rows: PROFILED_ROWS, downloadImages: false, profile: true });
	const { images: rows, imageMegabytes } = MEMORY;
	const big = { imageBytes: imageMegabytes * 1024 ** 2 };
	const without = await runEngine({ rows, downloadImages: false, profile: false }, big);
	const withDownloads = await runEngine({ rows, downloadImages: true, profile: false }, big);
	return {
		loadMs,
		unpackedKilobytes: (await unpackedSize()) / 1024,
		profile: {
			rows: PROFILED_ROWS,
			millisecondsPerRow: perRow(profiled.millisecondsByOwner ?? {}, PROFILED_ROWS),
		},
		memory: {
			...MEMORY,
			peakWithDownloads: withDownloads.peakMegabytes,
			peakWithout: without.peakMegabytes,
		},
	};
}

function perRow(milliseconds: Record<string, number>, rows: number): Record<string, number> {
	return Object.fromEntries(
		Object.entries(milliseconds)
			.sort(([, a], [, b]) => b - a)
			.map(([owner, total]) => [owner, total / rows]),
	);
}

async function runEngine(
	order: Omit<EngineJob, 'credential'>,
	options: SandboxOptions = {},
): Promise<EngineReport> {
	const sandbox = await startSandbox({ taskSeconds: TASK_SECONDS, ...options });
	const { baseUrls, filesBaseUrl, keys } = sandbox;
	const credential = { apiKey: keys.evoLink, baseUrl: baseUrls.evoLink, filesBaseUrl };
	try {
		const { code, stdout, output } = await runCommand({
			program: process.execPath,
			args: ['--import', 'tsx', join(__dirname, 'engineProcess.ts'), toArgument(order, credential)],
			folder: join(__dirname, '../..'),
		});
		if (code !== 0) throw new Error(`The engine run failed:\n${lastLines(output)}`);
		const report = engineReportSchema.parse(JSON.parse(lastLine(stdout)));
		if (report.status !== 'success') throw new Error(`The engine run ended ${report.status}`);
		return report;
	} finally {
		await sandbox.close();
	}
}

function toArgument(
	order: Omit<EngineJob, 'credential'>,
	credential: EngineJob['credential'],
): string {
	return JSON.stringify({ ...order, credential } satisfies EngineJob);
}

function lastLine(text: string): string {
	return text.trim().split('\n').at(-1) ?? '';
}

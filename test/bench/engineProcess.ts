import { Session } from 'node:inspector/promises';

import { startEngine } from '../n8n/engine';
import { UsageMeter } from '../server/processUsage';
import { engineJobSchema, type EngineReport } from './engineReport';

/** Runs our node in n8n's engine, in a process of its own so that the sandbox isn't measured. */
async function main(): Promise<void> {
	const { rows, downloadImages, profile, credential } = engineJobSchema.parse(
		JSON.parse(process.argv[2] ?? ''),
	);
	const engine = await startEngine();
	const meter = new UsageMeter(process.pid);
	const run = async (count: number) =>
		await engine.run({
			node: 'seedreamGenerate',
			parameters: {
				provider: 'evoLink',
				model: 'doubao-seedream-4.5',
				prompt: '={{ $json.prompt }}',
				downloadImages,
				options: { concurrency: count },
			},
			rows: Array.from({ length: count }, (_, row) => ({ prompt: `Row ${row}: a lighthouse` })),
			credentials: { evoLinkApi: credential },
		});
	try {
		if (rows > 0) await run(WARM_UP_ROWS);
		meter.reset();
		const measured = await profiled(profile && rows > 0, async () =>
			rows > 0 ? await run(rows) : undefined,
		);
		const { result, millisecondsByOwner } = measured;
		const report: EngineReport = {
			loadMs: engine.loadMs,
			status: result?.status ?? 'success',
			seconds: result?.seconds ?? 0,
			...meter.read(),
			...(millisecondsByOwner && { millisecondsByOwner }),
		};
		process.stdout.write(`\n${JSON.stringify(report)}\n`);
	} finally {
		engine.close();
	}
}

/** Enough to compile all code that's used. */
const WARM_UP_ROWS = 20;

/** Short enough for small functions to be sampled. */
const SAMPLING_MICROSECONDS = 500;

async function profiled<T>(wanted: boolean, work: () => Promise<T>) {
	if (!wanted) return { result: await work() };
	const session = new Session();
	session.connect();
	await session.post('Profiler.enable');
	await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_MICROSECONDS });
	await session.post('Profiler.start');
	const result = await work();
	const { profile } = await session.post('Profiler.stop');
	session.disconnect();
	const owners = new Map(profile.nodes.map(({ id, callFrame }) => [id, ownerOf(callFrame)]));
	const millisecondsByOwner: Record<string, number> = {};
	profile.samples?.forEach((id, index) => {
		const owner = owners.get(id);
		if (owner === undefined) return;
		const milliseconds = (profile.timeDeltas?.[index] ?? 0) / 1000;
		millisecondsByOwner[owner] = (millisecondsByOwner[owner] ?? 0) + milliseconds;
	});
	return { result, millisecondsByOwner };
}

/** Who owns the code of a frame; undefined while idle. */
function ownerOf({ functionName, url }: { functionName: string; url: string }): string | undefined {
	if (functionName === '(idle)') return undefined;
	if (functionName === '(garbage collector)') return 'garbage collection';
	if (/[\\/]dist[\\/]nodes[\\/]Seedream[\\/]/.test(url) && !/node_modules/.test(url)) {
		return 'this package';
	}
	const library = /.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(url)?.[1];
	if (library === undefined) return 'Node';
	if (/^(?:@n8n[\\/]|n8n-)/.test(library)) return 'n8n';
	return /^(?:axios|follow-redirects|form-data|agentkeepalive|https?-proxy-agent|agent-base)$/.test(
		library,
	)
		? 'HTTP client of n8n'
		: 'other libraries of n8n';
}

void main();

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { startEngine } from './engine';

const SAMPLE_MS = 2_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapBytes(): number {
	collectGarbage();
	return process.memoryUsage().heapUsed;
}

/**
 * Returns the links of images from EvoLink, in a process of its own so that the sandbox isn't
 * measured: `tsx batchProcess.ts ROWS,ROWS BASE_URL KEY`.
 */
async function main([batches = '', baseUrl = '', apiKey = '']: string[]) {
	const engine = await startEngine();
	const run = async (rows: number) => {
		const cpu = process.cpuUsage();
		let peak = 0;
		const sample = () => {
			peak = Math.max(peak, heapBytes());
		};
		const timer = setInterval(sample, SAMPLE_MS);
		const result = await engine.run({
			node: 'seedreamGenerate',
			parameters: {
				prompt: '={{ $json.prompt }}',
				downloadImages: false,
				// Requests in flight take memory too.
				options: { concurrency: 100 },
			},
			rows: Array.from({ length: rows }, (_row, index) => ({ prompt: `Picture ${index}` })),
			credentials: { evoLinkApi: { apiKey, baseUrl } },
		});
		clearInterval(timer);
		const { user, system } = process.cpuUsage(cpu);
		const kept = heapBytes();
		return { rows: result.items.length, cpuMs: (user + system) / 1000, peak, kept };
	};
	await run(100);
	const measured = [];
	for (const rows of batches.split(',')) measured.push(await run(Number(rows)));
	engine.close();
	console.log(JSON.stringify(measured));
}

void main(process.argv.slice(2));

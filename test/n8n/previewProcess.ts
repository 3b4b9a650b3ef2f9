import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';

import { startEngine } from './engine';

interface Measured {
	seconds: number;
	longestStall: number;
}

/** How long n8n couldn't do anything else while the node was running, in seconds. */
async function measured<T>(call: () => Promise<T>): Promise<[T, Measured]> {
	const delays = monitorEventLoopDelay({ resolution: 2 });
	delays.enable();
	await wait(50);
	delays.reset();
	const begun = performance.now();
	const result = await call();
	const seconds = (performance.now() - begun) / 1000;
	// The last stall only counts once its timer has fired.
	await wait(50);
	delays.disable();
	return [result, { seconds, longestStall: delays.max / 1e9 }];
}

/**
 * Previews rows at EvoLink, in a process of its own, because Jest slows down everything asynchronous:
 * `tsx previewProcess.ts ROWS BASE_URL KEY`.
 */
async function main([rows = '', baseUrl = '', apiKey = '']: string[]) {
	const engine = await startEngine();
	let figures: Measured | undefined;
	const { items } = await engine.run({
		node: 'seedreamGenerate',
		parameters: {
			provider: '={{ $json.provider }}',
			model: '={{ $json.model }}',
			prompt: '={{ $json.prompt }}',
			continueWhen: 'preview',
		},
		rows: Array.from({ length: Number(rows) }, (_row, index) => ({
			provider: 'evoLink',
			model: 'doubao-seedream-4.5',
			prompt: `Picture ${index}`,
		})),
		credentials: { evoLinkApi: { apiKey, baseUrl } },
		wrapExecute: async (call) => {
			const [output, measurement] = await measured(call);
			figures = measurement;
			return output;
		},
	});
	engine.close();
	const previewed = items.filter(({ json }) => json.status === 'preview').length;
	console.log(JSON.stringify({ previewed, ...figures }));
}

main(process.argv.slice(2)).catch((error: unknown) => {
	console.error(error);
	process.exitCode = 1;
});

import { startEngine } from './engine';

/**
 * Generates images at EvoLink and downloads their files or returns their links, in a process of its
 * own so that its memory can be measured: `tsx downloadProcess.ts ROWS files|links BASE_URL KEY`.
 */
async function main([rows = '', output = '', baseUrl = '', apiKey = '']: string[]) {
	const engine = await startEngine();
	const { items } = await engine.run({
		node: 'seedreamGenerate',
		parameters: { prompt: '={{ $json.prompt }}', downloadImages: output === 'files' },
		rows: Array.from({ length: Number(rows) }, (_row, index) => ({ prompt: `Picture ${index}` })),
		credentials: { evoLinkApi: { apiKey, baseUrl } },
	});
	const sizes = items.flatMap(({ binary }) => binary?.data?.bytes ?? []);
	const peakMb = process.resourceUsage().maxRSS / 1024;
	engine.close();
	console.log(JSON.stringify({ images: items.length, sizes, peakMb }));
}

void main(process.argv.slice(2));

import { createReadStream } from 'node:fs';

import { startEngine } from './engine';

/**
 * Uploads copies of an image as references to EvoLink, in a process of its own so that its memory can
 * be measured: `tsx uploadProcess.ts MODEL COPIES IMAGE BASE_URL FILES_BASE_URL KEY`.
 */
async function main([
	model = '',
	copies = '',
	image = '',
	baseUrl = '',
	filesBaseUrl = '',
	apiKey = '',
]: string[]) {
	const engine = await startEngine();
	const files = await Promise.all(
		Array.from({ length: Number(copies) }, async (_file, index) => [
			`image${index}`,
			await engine.storeFile(createReadStream(image), 'image/png'),
		]),
	);
	const before = process.resourceUsage().maxRSS;
	const { items, error } = await engine.run({
		node: 'seedreamGenerate',
		parameters: {
			model,
			prompt: 'A lake',
			imageFields: files.map(([name]) => name).join(','),
			continueWhen: 'submitted',
		},
		rows: [{}],
		files: [Object.fromEntries(files)],
		credentials: { evoLinkApi: { apiKey, baseUrl, filesBaseUrl } },
	});
	engine.close();
	const { maxRSS } = process.resourceUsage();
	const sent = error?.message ?? items[0]?.json.status;
	console.log(JSON.stringify({ sent, beforeMb: before / 1024, peakMb: maxRSS / 1024 }));
}

main(process.argv.slice(2)).catch((error: unknown) => {
	console.error(error);
	process.exitCode = 1;
});

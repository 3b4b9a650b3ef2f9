import { relative } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';

import { NODE_VERSIONS } from '../nodes/Seedream/providers/provider';
import { pluralize } from '../nodes/Seedream/shared/format';
import { startEngine, type Engine, type NodeResult } from '../test/n8n/engine';
import { countImages, PARAMETERS, readCampaign, type CampaignRow } from './campaign';
import { readProgress } from './progress';
import { liveNotice, openLive, openSandbox, type Providers } from './providers';
import { finishedRows, summary, writeContactSheet } from './report';
import { saveResults } from './results';
import { UserError } from './userError';

const DEFAULT_CAMPAIGN = 'examples/campaign.csv';
const OUTPUT = 'output';
const LIVE_DELAY_MS = 5_000;

async function main(): Promise<void> {
	const { values, positionals } = readArguments();
	const [path = DEFAULT_CAMPAIGN] = positionals;
	const rows = await readCampaign(path, console.log);
	console.log(`${pluralize(rows.length, 'row')} from ${path}`);

	const providers = values.live ? await openLiveAfterNotice(rows) : await openSandbox();
	const engine = await startEngine();
	try {
		await generate(rows, providers, engine);
	} finally {
		await providers.close();
		engine.close();
	}
}

function readArguments() {
	try {
		return parseArgs({ options: { live: { type: 'boolean' } }, allowPositionals: true });
	} catch {
		throw new UserError('Usage: npm run demo -- [rows.csv] [--live]');
	}
}

async function openLiveAfterNotice(rows: readonly CampaignRow[]): Promise<Providers> {
	const providers = openLive(rows, process.env);
	console.log(`${liveNotice(rows)} Starting in 5 seconds. Press Ctrl-C to cancel.`);
	await wait(LIVE_DELAY_MS);
	return providers;
}

async function generate(rows: CampaignRow[], providers: Providers, engine: Engine): Promise<void> {
	const result = await executeWithProgressBar(rows, providers, engine);
	if (result.error) throw new UserError(`n8n stopped: ${result.error.message}`);
	const results = await saveResults(result.items, rows, engine, OUTPUT);
	const sheet = await writeContactSheet(results, OUTPUT);
	for (const failure of results) {
		if (failure.kind === 'failure') console.log(`${failure.row.name}: ${failure.reason}`);
	}
	console.log(finishedRows(results));
	console.log(summary(results, result.seconds));
	console.log("Seconds: each provider's slowest row; in Total, the whole execution.");
	console.log(
		`The images are in ${OUTPUT}/. To see them all on one page, open ${relative('.', sheet)}.`,
	);
}

async function executeWithProgressBar(
	rows: CampaignRow[],
	{ credentials }: Providers,
	engine: Engine,
): Promise<NodeResult> {
	const bar = new SingleBar(
		{ format: '{bar} {value}/{total} images, {duration_formatted}', noTTYOutput: true },
		Presets.shades_classic,
	);
	bar.start(countImages(rows), 0);
	try {
		return await engine.run({
			node: 'seedreamGenerate',
			typeVersion: NODE_VERSIONS.at(-1),
			parameters: PARAMETERS,
			rows,
			credentials,
			onError: 'continueRegularOutput',
			onMessage: (message) => {
				const progress = readProgress(message);
				if (!progress) return;
				bar.setTotal(progress.images);
				bar.update(progress.ended);
			},
		});
	} finally {
		bar.stop();
	}
}

main().catch((error: unknown) => {
	if (!(error instanceof UserError)) throw error;
	console.error(error.message);
	process.exitCode = 1;
});

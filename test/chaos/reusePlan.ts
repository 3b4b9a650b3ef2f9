import type { INode } from 'n8n-workflow';

import type { IdempotencyMode, ProviderName } from '../sandbox/sandbox';
import { MAX_USD, modelOf, PROVIDERS, randomFallbacks } from './mixedProviders';
import { SeededRandom } from './seededRandom';

/** Several executions of one node, of which later ones may reuse the images of earlier ones. */

export interface ReuseRow {
	id: string;
	provider: ProviderName;
	model: string;
	prompt: string;
	aspectRatio: string;
}

/** An execution that doesn't end by itself. */
export interface Interruption {
	/** After a crash, nothing leaves n8n anymore. */
	kind: 'stop' | 'crash';
	/** At which request. */
	step: 'create' | 'query';
	count: number;
	/** Whether the provider still gets that request before a crash. */
	takesEffect: boolean;
}

export interface PlannedExecution {
	rows: ReuseRow[];
	reuse: 'never' | 'sameRequest';
	continueWhen: 'finished' | 'submitted';
	/** Whether the markers in prompts have an effect. */
	hasFailingTasks: boolean;
	interruption?: Interruption;
	/** Before the execution. */
	pauseMs: number;
}

export interface ReusePlan {
	seed: number;
	executions: PlannedExecution[];
	hasRowKey: boolean;
	hasTable: boolean;
	fallbacks: ProviderName[];
	/** A provider that rejects all creates, so that its rows fall back. */
	closed?: ProviderName;
	/** For each execution, in US dollars; 0 is none. */
	maxCost: number;
	concurrency: number;
	onError?: INode['onError'];
	tries: number;
	apiMartKeys: IdempotencyMode;
	/** The share of creates and queries that fail. */
	faultRate: number;
}

/** Longer than clocks may differ, so that it's clear which execution created a task. */
export const SHORT_PAUSE_MS = 600_000;
const LONG_PAUSE_MS = 25 * 3_600_000;
const RATIOS = ['1:1', '16:9'];

export function generateReusePlan(seed: number): ReusePlan {
	const random = new SeededRandom(seed);
	const sheets = generateSheets(random);
	const never = random.chance(0.1, 'never');
	const maxUsd = Math.max(
		...sheets.map((rows) => rows.reduce((sum, { provider }) => sum + MAX_USD[provider], 0)),
	);
	const maxCost = random.chance(0.25, 'limited') ? maxUsd * random.between(0.3, 1.1, 'share') : 0;
	const onErrors = ['continueRegularOutput', 'continueErrorOutput'] as const;
	// Without Continue On Fail, a batch that may cost too much is refused as a whole.
	const isStopping = maxCost === 0 && random.chance(0.2, 'stops');
	const fallsBack = random.chance(0.4, 'fallbacks');
	return {
		seed,
		executions: sheets.map((rows, index) => ({
			rows,
			reuse: never || random.chance(0.06, 'never', index) ? 'never' : 'sameRequest',
			continueWhen: random.chance(0.15, 'submitted', index) ? 'submitted' : 'finished',
			hasFailingTasks: random.chance(0.6, 'failing', index),
			...(random.chance(0.3, 'interrupted', index) && {
				interruption: generateInterruption(random, index),
			}),
			pauseMs: random.chance(0.15, 'pause', index) ? LONG_PAUSE_MS : SHORT_PAUSE_MS,
		})),
		hasRowKey: random.chance(0.4, 'rowKey'),
		hasTable: random.chance(0.6, 'table'),
		fallbacks: fallsBack ? randomFallbacks(random) : [],
		...(fallsBack && { closed: random.pick(PROVIDERS, 'closed') }),
		maxCost,
		concurrency: random.pick([0, 0, 1, 3], 'concurrency'),
		...(!isStopping && { onError: random.pick(onErrors, 'onError') }),
		tries: random.pick([0, 0, 2], 'tries'),
		apiMartKeys: random.pick(['honored', 'ignored'] as const, 'apiMartKeys'),
		faultRate: random.pick([0, 0, 0.1, 0.25], 'faults'),
	};
}

function generateInterruption(random: SeededRandom, index: number): Interruption {
	const step = random.pick(['create', 'create', 'query'] as const, 'step', index);
	return {
		kind: random.pick(['stop', 'crash'] as const, 'kind', index),
		step,
		count: random.integer(1, step === 'create' ? 4 : 2, 'count', index),
		takesEffect: random.chance(0.5, 'takesEffect', index),
	};
}

/** The same sheet for each execution, except for what people changed in between. */
function generateSheets(random: SeededRandom): ReuseRow[][] {
	const count = random.integer(2, 4, 'executions');
	const copies = random.pick([0, 0.3, 0.6], 'copies');
	const sheets: ReuseRow[][] = [];
	for (let sheet = 0; sheet < count; sheet += 1) {
		const before = sheets.at(-1);
		const rows = before
			? before.flatMap((row) => editRow(random, row, sheet))
			: [newRow(random, sheet, 0)];
		const added = before ? random.integer(0, 2, 'added', sheet) : random.integer(3, 6, 'first');
		for (let index = 1; index <= added; index += 1) {
			const isCopy = random.chance(copies, 'copy', sheet, index);
			const row = newRow(random, sheet, index);
			// Somebody duplicates a row, with or without its ID.
			const { id, ...cells } = isCopy ? random.pick(rows, 'original', sheet, index) : row;
			rows.push({ ...cells, id: random.chance(0.3, 'sameId', sheet, index) ? id : row.id });
		}
		const isReordered = random.chance(0.4, 'reordered', sheet);
		sheets.push(isReordered ? sortBy(rows, (_, at) => random.number('order', sheet, at)) : rows);
	}
	return sheets;
}

function sortBy<T>(list: readonly T[], rank: (one: T, index: number) => number): T[] {
	const ranked = list.map((one, index) => ({ one, rank: rank(one, index) }));
	return ranked.sort((a, b) => a.rank - b.rank).map(({ one }) => one);
}

/** Nothing if the row was deleted; at least the first one stays. */
function editRow(random: SeededRandom, row: ReuseRow, sheet: number): ReuseRow[] {
	const number = random.number('edit', sheet, row.id, row.prompt);
	if (number < 0.1 && row.id !== 'row 0.0') return [];
	if (number < 0.2) return [{ ...row, prompt: `${row.prompt} v${sheet}` }];
	if (number > 0.9) {
		return [{ ...row, aspectRatio: RATIOS.find((one) => one !== row.aspectRatio) ?? '' }];
	}
	return [row];
}

function newRow(random: SeededRandom, ...name: [sheet: number, index: number]): ReuseRow {
	const provider = random.pick(PROVIDERS, 'provider', ...name);
	const failure = random.chance(0.25, 'fails', ...name) ? ' [[fail:service_error]]' : '';
	const charged = failure && random.chance(0.3, 'charged', ...name) ? ' [[charged]]' : '';
	return {
		id: `row ${name.join('.')}`,
		provider,
		model: modelOf(provider),
		prompt: `lake ${name.join('.')}${failure}${charged}`,
		aspectRatio: random.pick(RATIOS, 'ratio', ...name),
	};
}

import type { INode, INodeParameters } from 'n8n-workflow';

import type { Engine, ExecutionOptions, NodeResult } from '../n8n/engine';
import { CREDITS_PER_USD, sandboxCredentials } from '../n8n/systems';
import { startSandbox, type Intercept, type ProviderName, type TaskView } from '../sandbox/sandbox';
import {
	ERRORS,
	FROM_ROW,
	MAX_USD,
	modelOf,
	PROVIDERS,
	randomCreateFault,
	randomFallbacks,
	randomQueryFault,
} from './mixedProviders';
import { SeededRandom } from './seededRandom';

/** Random executions in which rows fall back to other providers, below a maximum cost. */

export interface FallBackRow {
	provider: ProviderName;
	model: string;
	prompt: string;
}

export interface FallBackPlan {
	seed: number;
	rows: FallBackRow[];
	options: INodeParameters;
	/** In US dollars; 0 is none. */
	maxCost: number;
	continueWhen: 'finished' | 'submitted';
	onError?: INode['onError'];
	loopErrors?: number;
	tries: number;
	retries: number;
	/** From which of its creates on a provider rejects all, and how. */
	closed: Partial<Record<ProviderName, { from: number; until: number; status: number }>>;
	/** The share of creates and queries that fail. */
	faultRate: number;
	/** Where the markers in prompts have an effect. */
	markersAt: ProviderName[];
}

export interface FallBackTrace {
	plan: FallBackPlan;
	results: NodeResult[];
	/** In their final state. */
	tasks: readonly TaskView[];
	/** At all providers. */
	spentUsd: number;
}

export function generateFallBackPlan(seed: number): FallBackPlan {
	const random = new SeededRandom(seed);
	const rows = Array.from({ length: random.integer(3, 15, 'rows') }, (_, index) =>
		generateRow(random, index),
	);
	const total = rows.reduce((sum, { provider }) => sum + MAX_USD[provider], 0);
	const onError = random.pick(
		[undefined, 'continueRegularOutput', 'continueErrorOutput'] as const,
		'onError',
	);
	// Without Continue On Fail, a batch that may cost too much is refused as a whole.
	const share = random.between(onError ? 0.2 : 0.9, 1.3, 'maxCost');
	const maxCost = random.chance(0.6, 'limited') ? total * share : 0;
	return {
		seed,
		rows,
		maxCost,
		options: {
			fallbacks: randomFallbacks(random),
			maxCost,
			concurrency: random.pick([0, 0, 1, 3], 'concurrency'),
			timeout: 10,
		},
		continueWhen: random.chance(0.15, 'submitted') ? 'submitted' : 'finished',
		...(onError && { onError }),
		...(onError === 'continueErrorOutput' && { loopErrors: random.integer(0, 2, 'loops') }),
		tries: random.pick([0, 2, 3], 'tries'),
		retries: onError === undefined ? random.integer(0, 2, 'retries') : 0,
		closed: Object.fromEntries(
			PROVIDERS.flatMap((id) => {
				if (!random.chance(0.5, 'closed', id)) return [];
				const from = random.integer(1, 5, 'closedFrom', id);
				const until = from + random.integer(2, 40, 'closedFor', id);
				return [[id, { from, until, status: random.pick([401, 402, 403], 'status', id) }]];
			}),
		),
		faultRate: random.pick([0, 0.15, 0.35], 'faults'),
		markersAt: PROVIDERS.filter((id) => random.chance(0.6, 'markers', id)),
	};
}

function generateRow(random: SeededRandom, index: number): FallBackRow {
	const provider = random.pick(PROVIDERS, 'provider', index);
	const number = random.number('marker', index);
	const failure = number < 0.2 ? ' [[fail:service_error]]' : '';
	const charged = failure && random.chance(0.3, 'charged', index) ? ' [[charged]]' : '';
	const blocked = number > 0.93 ? ' [[fail:content_policy_violation]]' : '';
	return {
		provider,
		model: modelOf(provider),
		prompt: `lake ${index}${failure}${charged}${blocked}`,
	};
}

export async function runFallBackPlan(plan: FallBackPlan, engine: Engine): Promise<FallBackTrace> {
	const sandbox = await startSandbox({
		taskSeconds: 0.2,
		obeysMarkers: ({ provider }) => plan.markersAt.includes(provider),
		intercept: faultsOf(plan),
	});
	try {
		const { onError, loopErrors, tries, continueWhen, options } = plan;
		const run: ExecutionOptions = {
			node: 'seedreamGenerate',
			parameters: { ...FROM_ROW, continueWhen, downloadImages: false, options },
			rows: plan.rows.map((row) => ({ ...row })),
			credentials: sandboxCredentials(sandbox),
			onError,
			...(loopErrors ? { loopErrors } : {}),
			...(tries ? { tries } : {}),
		};
		const results = [await engine.run(run)];
		for (let retry = 0; retry < plan.retries; retry += 1) {
			const last = results.at(-1);
			if (last?.status !== 'error') break;
			results.push(await engine.run({ ...run, retryOf: last }));
		}
		const running = () => sandbox.tasks().some(({ finishedAt }) => finishedAt === undefined);
		while (running()) await new Promise((resolve) => setTimeout(resolve, 50));
		const spentUsd = PROVIDERS.reduce(
			(sum, provider) => sum + sandbox.account(provider).charged / CREDITS_PER_USD[provider],
			0,
		);
		return { plan, results, tasks: sandbox.tasks(), spentUsd };
	} finally {
		await sandbox.close();
	}
}

function faultsOf({ seed, closed, faultRate }: FallBackPlan): Intercept {
	const random = new SeededRandom(seed);
	const counts: Record<ProviderName, number> = { evoLink: 0, apiMart: 0, apiInOne: 0 };
	return ({ step, provider, prompt = '', taskId = '', attempt }) => {
		if (!provider || (step !== 'create' && step !== 'query')) return undefined;
		const subject = [step, provider, step === 'create' ? prompt : taskId, attempt] as const;
		const isFaulty = attempt <= 2 && random.chance(faultRate, 'faulty', ...subject);
		if (step === 'query') {
			return isFaulty ? randomQueryFault(random, provider, subject) : undefined;
		}
		counts[provider] += 1;
		const count = counts[provider];
		const range = closed[provider];
		if (range && count >= range.from && count < range.until) return ERRORS[provider](range.status);
		return isFaulty ? randomCreateFault(random, provider, subject) : undefined;
	};
}

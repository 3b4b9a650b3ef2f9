import type { INode, INodeParameters, WorkflowExecuteMode } from 'n8n-workflow';

import type { IdempotencyMode, RateLimit } from '../sandbox/sandbox';
import type { ClockJump } from './clockJump';
import { ABOUT_IDEMPOTENCY, PLACES, SLOW, type Place } from './faults';
import {
	ALL_SYSTEMS,
	generateRows,
	LONG_TIMEOUT,
	VOLATILE_PROMPT,
	type AnySystem,
	type PlannedRow,
} from './rows';
import { SeededRandom } from './seededRandom';

export interface FaultPlan {
	/** The share of requests that fail. */
	rate: number;
	/** The most consecutive faults for one row at one step. */
	maxConsecutive: number;
	/** The fault that's injected most often, so that every kind occurs. */
	focus: Place;
}

/** The expression that has another value on each try. */
export type Volatile = 'prompt' | 'link' | 'callback';

/** Everything that's decided before the first execution. */
export interface Plan {
	seed: number;
	title: string;
	rows: PlannedRow[];
	parameters: INodeParameters;
	isDownloading: boolean;
	outputItems: 'perImage' | 'perTask';
	continueWhen: 'finished' | 'submitted';
	/** Seconds from a task's creation. */
	timeout: number;
	/** 0 is automatic. */
	concurrency: number;
	onError?: INode['onError'];
	loopErrors?: number;
	/** Retry On Fail; 0 is off. */
	tries: number;
	waitBetweenTriesMs: number;
	/** How often the user retries a failed execution. */
	retries: number;
	/** The mode of the first execution; `integrated` is a sub-workflow. */
	mode: WorkflowExecuteMode;
	cancelAfterMs?: number;
	clockJump?: ClockJump;
	volatile?: Volatile;
	/** Whether the providers honor Idempotency-Keys. */
	idempotency: Record<'evoLink' | 'apiMart', IdempotencyMode>;
	rateLimit?: RateLimit;
	concurrentTasks?: number;
	outage?: { afterMs: number; forMs: number };
	faults: FaultPlan;
}

export const PHOTO_FIELD = 'photo';

const CONTINUE = 'continueRegularOutput';
const ERROR_OUTPUT = 'continueErrorOutput';

const HOUR_MS = 3_600_000;
/** By then, links and uploads have expired. */
const DAYS_MS = 96 * HOUR_MS;

export function generatePlan(seed: number): Plan {
	const random = new SeededRandom(seed);
	const focus = focusOf(seed);
	const isSlow = SLOW.has(focus.name);
	const system = generateSystem(random, focus);
	const limits = generateLimits(random);
	const timeout = limits.rateLimit?.perMinute ? MINUTE_LIMIT_TIMEOUT : generateTimeout(random);
	const concurrency = random.pick([0, 0, 2, 5, 20], 'concurrency');
	const volatile = generateVolatile(random);
	const handling = generateHandling(random, volatile);
	const output = generateOutput(random, focus);
	return {
		seed,
		title: system?.title ?? 'mixed providers',
		rows: generateRows(random, {
			system,
			timeout,
			mayBeInvalid: handling.onError !== undefined,
			photos: focus.target === 'upload' ? 0.8 : 0.3,
		}),
		parameters: {
			...systemParameters(system),
			...expressions(volatile),
			continueWhen: output.continueWhen,
			downloadImages: output.isDownloading,
			outputItems: output.outputItems,
			options: {
				timeout,
				concurrency,
				pollInterval: random.pick([0, 0.2], 'poll'),
				simplify: !random.chance(0.15, 'raw'),
			},
		},
		...output,
		timeout,
		concurrency,
		...handling,
		mode: random.chance(0.12, 'sub-workflow') ? 'integrated' : 'manual',
		...generateDisturbances(random, isSlow),
		...(volatile && { volatile }),
		idempotency: generateIdempotency(random, focus),
		...limits,
		faults: {
			rate: !isSlow && random.chance(0.1, 'quiet') ? 0 : random.between(0, 0.4, 'rate'),
			maxConsecutive: random.integer(1, 4, 'inRow'),
			focus,
		},
	};
}

/** Undefined if every row has its own. */
function generateSystem(random: SeededRandom, focus: Place): AnySystem | undefined {
	if (random.chance(0.2, 'mixed')) return undefined;
	const candidates = ALL_SYSTEMS.filter(({ provider }) => provider === focus.provider);
	return random.pick(candidates, 'system');
}

function systemParameters(system: AnySystem | undefined): INodeParameters {
	if (!system) return { provider: '={{ $json.provider }}', model: '={{ $json.model }}' };
	return {
		...system.parameters,
		...(system.provider === 'apiInOne' ? { model: 'auto' } : {}),
		...('several' in system ? { imageCount: '={{ $json.imageCount }}' } : {}),
	};
}

function generateVolatile(random: SeededRandom): Volatile | undefined {
	if (!random.chance(0.2, 'volatile')) return undefined;
	return random.pick(['prompt', 'prompt', 'link', 'callback'] as const, 'volatile which');
}

/** What happens to failed rows and executions. */
function generateHandling(random: SeededRandom, volatile: Volatile | undefined) {
	// In another turn or execution, a row with another request is taken for another row.
	const isOneRequest = volatile === 'prompt' || volatile === 'link';
	const onError = random.pick(
		[undefined, undefined, CONTINUE, ERROR_OUTPUT, ERROR_OUTPUT] as const,
		'onError',
	);
	const loops = onError === ERROR_OUTPUT && random.chance(0.6, 'loops') && !isOneRequest;
	return {
		onError,
		...(loops ? { loopErrors: random.integer(1, 2, 'turns') } : {}),
		tries: random.pick(isOneRequest ? [2, 3] : [0, 0, 2, 3], 'tries'),
		waitBetweenTriesMs: random.integer(10, 300, 'wait'),
		retries: onError === undefined && !isOneRequest ? random.pick([0, 1, 1, 2], 'retries') : 0,
	};
}

function generateOutput(random: SeededRandom, { target }: Place) {
	const isForDownloads = target === 'download';
	const isPolled = isForDownloads || target === 'query' || target === 'batch';
	const isSubmitted = !isPolled && random.chance(0.12, 'submitted');
	return {
		isDownloading: isForDownloads || random.chance(0.6, 'download'),
		outputItems: random.pick(['perImage', 'perTask'] as const, 'outputItems'),
		continueWhen: isSubmitted ? ('submitted' as const) : ('finished' as const),
	};
}

/** A stop, a changed clock, and refused connections. */
function generateDisturbances(
	random: SeededRandom,
	isSlow: boolean,
): Pick<Plan, 'cancelAfterMs' | 'clockJump' | 'outage'> {
	return {
		...(!isSlow && random.chance(0.15, 'cancel')
			? { cancelAfterMs: Math.round(3_000 * random.number('cancelAfter') ** 1.5) + 20 }
			: {}),
		...(random.chance(0.15, 'clock')
			? {
					clockJump: {
						afterMs: random.integer(10, 2_000, 'jumps after'),
						byMs: random.pick([HOUR_MS, -HOUR_MS, DAYS_MS, -DAYS_MS], 'jumps by'),
					},
				}
			: {}),
		...(random.chance(0.15, 'refuses')
			? {
					outage: {
						afterMs: random.integer(0, 2_500, 'refusesAfter'),
						forMs: random.integer(200, 1_000, 'refusesFor'),
					},
				}
			: {}),
	};
}

/** The slow ones twice, as they only occur in plans that focus on them. */
const FOCUSES = [...PLACES, ...PLACES.filter(({ name }) => SLOW.has(name))]
	.map((place, index) => ({ place, at: new SeededRandom(index).number('turn') }))
	.sort((a, b) => a.at - b.at);

/** Every place in turn. */
function focusOf(seed: number): Place {
	return (FOCUSES[seed % FOCUSES.length] as (typeof FOCUSES)[number]).place;
}

function generateIdempotency(random: SeededRandom, focus: Place): Plan['idempotency'] {
	const evoLink = random.chance(0.3, 'ignored') ? 'ignored' : 'honored';
	const apiMart = random.chance(0.5, 'honored') ? 'honored' : 'ignored';
	if (ABOUT_IDEMPOTENCY.has(focus.name)) return { evoLink: 'honored', apiMart: 'honored' };
	// The list of tasks is only fetched if keys are ignored.
	return { evoLink: focus.target === 'list' ? 'ignored' : evoLink, apiMart };
}

/** Seconds, enough to wait out a limit per minute. */
const MINUTE_LIMIT_TIMEOUT = 90;

function generateLimits(random: SeededRandom): Pick<Plan, 'rateLimit' | 'concurrentTasks'> {
	const retryAfter = random.chance(0.5, 'says');
	const number = random.number('limited');
	if (number < 0.12) {
		return { rateLimit: { perSecond: random.integer(4, 12, 'perSecond'), retryAfter } };
	}
	if (number < 0.14) {
		const perMinute = random.integer(5, 10, 'perMinute');
		return { rateLimit: { perMinute, steps: ['create'], retryAfter } };
	}
	return number < 0.26 ? { concurrentTasks: random.integer(1, 4, 'concurrentTasks') } : {};
}

function expressions(volatile: Volatile | undefined): INodeParameters {
	const signed = volatile === 'link' ? ' + "?signature=" + Math.random()' : '';
	const callbackUrl = '={{ "https://n8n.invalid/done/" + Math.random() }}';
	return {
		prompt: volatile === 'prompt' ? VOLATILE_PROMPT : '={{ $json.prompt }}',
		imageUrls: `={{ $json.link ? $json.link${signed} : "" }}`,
		imageFields: `={{ $json.photo === undefined ? "" : "${PHOTO_FIELD}" }}`,
		...(volatile === 'callback' ? { additionalFields: { callbackUrl } } : {}),
	};
}

/** Seconds. Short ones end before slow tasks do, the middle one just when they do. */
function generateTimeout(random: SeededRandom): number {
	if (!random.chance(0.3, 'short')) return LONG_TIMEOUT;
	return random.chance(0.7, 'shorter') ? random.integer(3, 6, 'timeout') : 11;
}

/** How often the node runs at most: tries, turns of the loop, and executions. */
export function maxCalls({ tries, loopErrors = 0, retries }: Plan): number {
	return Math.max(1, tries) * (1 + loopErrors) * (1 + retries);
}

const FEW_CALLS = 3;
const FEW_FAULTS = 0.5;

/** Whether a run may have to wait out answers that never end, limits of a minute, or many faults in a row. */
export function isLong(plan: Plan): boolean {
	const { faults, rateLimit } = plan;
	return (
		SLOW.has(faults.focus.name) ||
		rateLimit?.perMinute !== undefined ||
		maxCalls(plan) > FEW_CALLS ||
		faults.rate * faults.maxConsecutive > FEW_FAULTS
	);
}

/** Whether a provider may refuse for longer than the node has time. */
export function isLimited({ rateLimit, concurrentTasks, timeout }: Plan): boolean {
	const hasLimit = rateLimit !== undefined || concurrentTasks !== undefined;
	return hasLimit && timeout < LONG_TIMEOUT;
}

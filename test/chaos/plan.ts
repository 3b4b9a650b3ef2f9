import type { INode, INodeParameters, WorkflowExecuteMode } from 'n8n-workflow';

import { systems } from '../n8n/systems';
import type { IdempotencyMode, RateLimit } from '../sandbox/sandbox';
import { Draw } from './draw';
import { ABOUT_KEYS, PLACES, SLOW, type Place } from './faults';
import { drawRows, LONG_TIMEOUT, VOLATILE_PROMPT, type PlannedRow } from './rows';
import type { ClockJump } from './wallClock';

export interface FaultPlan {
	/** The share of requests that something happens to. */
	rate: number;
	/** So many faults in a row at most meet one row at one step: then comes a sound answer. */
	mostInRow: number;
	/** What comes up more often than the rest, so that it comes up at all. */
	focus: Place;
}

/** Which of the rows' expressions give something else on each try. */
export type Volatile = 'prompt' | 'link' | 'callback';

/** Everything that is known of a run before it begins. Times in milliseconds unless said otherwise. */
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
	/** Rows at the same time; 0 leaves it to the node. */
	concurrency: number;
	onError?: INode['onError'];
	loopErrors?: number;
	/** Of Retry On Fail; 0 is off. */
	tries: number;
	waitBetweenTriesMs: number;
	/** How often the user retries a failed execution. */
	retries: number;
	/** Of the first execution: `integrated` in a sub-workflow. */
	mode: WorkflowExecuteMode;
	cancelAfterMs?: number;
	clockJump?: ClockJump;
	volatile?: Volatile;
	/** What becomes of Idempotency-Keys. */
	keys: Record<'evoLink' | 'apiMart', IdempotencyMode>;
	rateLimit?: RateLimit;
	concurrentTasks?: number;
	refusal?: { afterMs: number; forMs: number };
	faults: FaultPlan;
}

export const PHOTO_FIELD = 'photo';

const CONTINUED = 'continueRegularOutput';
const SPLIT = 'continueErrorOutput';

const HOUR_MS = 3_600_000;
/** Longer than links live, and than uploads are kept. */
const DAYS_MS = 96 * HOUR_MS;

export function drawPlan(seed: number): Plan {
	const draw = new Draw(seed);
	const focus = focusOf(seed);
	const isSlow = SLOW.has(focus.name);
	const isMixed = draw.chance(0.2, 'mixed');
	const system = isMixed
		? undefined
		: draw.pick(
				systems.filter(({ provider }) => provider === focus.provider),
				'system',
			);
	const limits = drawLimits(draw);
	const timeout = limits.rateLimit?.perMinute ? PATIENT_TIMEOUT : drawTimeout(draw);
	const volatile = draw.chance(0.2, 'volatile')
		? draw.pick(['prompt', 'prompt', 'link', 'callback'] as const, 'volatile which')
		: undefined;
	// Another turn or execution takes a row that asks for something else for another row.
	const isOneRequest = volatile === 'prompt' || volatile === 'link';
	const onError = draw.pick([undefined, undefined, CONTINUED, SPLIT, SPLIT] as const, 'onError');
	const loops = onError === SPLIT && draw.chance(0.6, 'loops') && !isOneRequest;
	const isForDownloads = focus.target === 'download';
	const isDownloading = isForDownloads || draw.chance(0.6, 'download');
	const outputItems = draw.pick(['perImage', 'perTask'] as const, 'outputItems');
	const isFollowed = isForDownloads || focus.target === 'query' || focus.target === 'batch';
	const continueWhen = !isFollowed && draw.chance(0.12, 'submitted') ? 'submitted' : 'finished';
	const concurrency = draw.pick([0, 0, 2, 5, 20], 'concurrency');
	const tries = draw.pick(isOneRequest ? [2, 3] : [0, 0, 2, 3], 'tries');
	const rows = drawRows(draw, {
		provider: system?.provider,
		timeout,
		mayBeInvalid: onError !== undefined,
		photos: focus.target === 'upload' ? 0.8 : 0.3,
	});
	return {
		seed,
		title: system?.title ?? 'mixed providers',
		rows,
		parameters: {
			...(system?.parameters ?? { provider: '={{ $json.provider }}', model: '={{ $json.model }}' }),
			...(system?.provider === 'apiInOne' ? { model: 'auto' } : {}),
			...expressions(volatile),
			...(system?.several ? { imageCount: '={{ $json.imageCount }}' } : {}),
			continueWhen,
			downloadImages: isDownloading,
			outputItems,
			options: {
				timeout,
				concurrency,
				pollInterval: draw.pick([0, 0.2], 'poll'),
				simplify: !draw.chance(0.15, 'raw'),
			},
		},
		isDownloading,
		outputItems,
		continueWhen,
		timeout,
		concurrency,
		onError,
		...(loops ? { loopErrors: draw.integer(1, 2, 'turns') } : {}),
		tries,
		waitBetweenTriesMs: draw.integer(10, 300, 'wait'),
		retries: onError === undefined && !isOneRequest ? draw.pick([0, 1, 1, 2], 'retries') : 0,
		mode: draw.chance(0.12, 'sub-workflow') ? 'integrated' : 'manual',
		...(!isSlow && draw.chance(0.15, 'cancel')
			? { cancelAfterMs: Math.round(3_000 * draw.number('cancelAfter') ** 1.5) + 20 }
			: {}),
		...(draw.chance(0.15, 'clock')
			? {
					clockJump: {
						afterMs: draw.integer(10, 2_000, 'jumps after'),
						byMs: draw.pick([HOUR_MS, -HOUR_MS, DAYS_MS, -DAYS_MS], 'jumps by'),
					},
				}
			: {}),
		...(volatile && { volatile }),
		keys: drawKeys(draw, focus),
		...limits,
		...(draw.chance(0.15, 'refuses')
			? {
					refusal: {
						afterMs: draw.integer(0, 2_500, 'refusesAfter'),
						forMs: draw.integer(200, 1_000, 'refusesFor'),
					},
				}
			: {}),
		faults: {
			rate: !isSlow && draw.chance(0.1, 'quiet') ? 0 : draw.between(0, 0.4, 'rate'),
			mostInRow: draw.integer(1, 4, 'inRow'),
			focus,
		},
	};
}

/** The slow ones come up in their own runs only. */
const FOCI = [...PLACES, ...PLACES.filter(({ name }) => SLOW.has(name))]
	.map((place, index) => ({ place, at: new Draw(index).number('turn') }))
	.sort((a, b) => a.at - b.at);

/** All places take turns. */
function focusOf(seed: number): Place {
	return (FOCI[seed % FOCI.length] as (typeof FOCI)[number]).place;
}

function drawKeys(draw: Draw, focus: Place): Plan['keys'] {
	const evoLink = draw.chance(0.3, 'ignored') ? 'ignored' : 'honoured';
	const apiMart = draw.chance(0.5, 'honoured') ? 'honoured' : 'ignored';
	if (ABOUT_KEYS.has(focus.name)) return { evoLink: 'honoured', apiMart: 'honoured' };
	// What the list is for.
	return { evoLink: focus.target === 'list' ? 'ignored' : evoLink, apiMart };
}

/** Seconds: a limit of a minute is worth waiting for. */
const PATIENT_TIMEOUT = 90;

function drawLimits(draw: Draw): Pick<Plan, 'rateLimit' | 'concurrentTasks'> {
	const retryAfter = draw.chance(0.5, 'says');
	const number = draw.number('limited');
	if (number < 0.12) {
		return { rateLimit: { perSecond: draw.integer(4, 12, 'perSecond'), retryAfter } };
	}
	if (number < 0.14) {
		const perMinute = draw.integer(5, 10, 'perMinute');
		return { rateLimit: { perMinute, steps: ['create'], retryAfter } };
	}
	return number < 0.26 ? { concurrentTasks: draw.integer(1, 4, 'concurrentTasks') } : {};
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

/** Seconds. In the short ones tasks are asked for after their end, in the middle ones just at it. */
function drawTimeout(draw: Draw): number {
	if (!draw.chance(0.3, 'short')) return LONG_TIMEOUT;
	return draw.chance(0.7, 'shorter') ? draw.integer(3, 6, 'timeout') : 11;
}

/** How often the node runs at most: tries, turns of the loop, and executions. */
export function mostCalls({ tries, loopErrors = 0, retries }: Plan): number {
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
		mostCalls(plan) > FEW_CALLS ||
		faults.rate * faults.mostInRow > FEW_FAULTS
	);
}

/** Whether a provider may refuse for longer than the node has time. */
export function isLimited({ rateLimit, concurrentTasks, timeout }: Plan): boolean {
	const hasLimit = rateLimit !== undefined || concurrentTasks !== undefined;
	return hasLimit && timeout < LONG_TIMEOUT;
}

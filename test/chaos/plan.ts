import type { INode, INodeParameters } from 'n8n-workflow';

import { REFERENCE, systems } from '../n8n/systems';
import type { GatewayName, RateLimit } from '../sandbox/sandbox';
import { Draw } from './draw';

/** A row of the input. Two rows with the same provider and prompt are the same in all else. */
export interface PlannedRow {
	provider: GatewayName;
	model: string;
	prompt: string;
	/** 1 unless the prompt asks for several. */
	imageCount: number;
	/** Which of the photos stands in the row's binary field, from 0. */
	photo?: number;
	link?: string;
}

export interface FaultPlan {
	/** The share of requests that something happens to. */
	rate: number;
	/** So many faults in a row at most meet one row at one step: then comes a sound answer. */
	mostInRow: number;
	/** Whether answers may never end; the node waits up to a minute for them. */
	mayStall: boolean;
}

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
	cancelAfterMs?: number;
	rateLimit?: RateLimit;
	refusal?: { afterMs: number; forMs: number };
	faults: FaultPlan;
}

const LONG_TIMEOUT = 30;

export const PHOTOS = 2;
export const PHOTO_FIELD = 'photo';

const CONTINUED = 'continueRegularOutput';
const SPLIT = 'continueErrorOutput';

export function drawPlan(seed: number): Plan {
	const draw = new Draw(seed);
	const system = draw.chance(0.2, 'mixed') ? undefined : draw.pick(systems, 'system');
	const timeout = drawTimeout(draw);
	const onError = draw.pick([undefined, undefined, CONTINUED, SPLIT, SPLIT] as const, 'onError');
	const loops = onError === SPLIT && draw.chance(0.6, 'loops');
	const isDownloading = draw.chance(0.6, 'download');
	const outputItems = draw.pick(['perImage', 'perTask'] as const, 'outputItems');
	const continueWhen = draw.chance(0.12, 'submitted') ? 'submitted' : 'finished';
	const concurrency = draw.pick([0, 0, 2, 5, 20], 'concurrency');
	const rows = drawRows(draw, system?.gateway, timeout, onError !== undefined);
	return {
		seed,
		title: system?.title ?? 'mixed gateways',
		rows,
		parameters: {
			...(system?.parameters ?? { provider: '={{ $json.provider }}', model: '={{ $json.model }}' }),
			...(system?.gateway === 'apiInOne' ? { model: 'auto' } : {}),
			prompt: '={{ $json.prompt }}',
			imageUrls: '={{ $json.link ?? "" }}',
			imageFields: `={{ $json.photo === undefined ? "" : "${PHOTO_FIELD}" }}`,
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
		tries: draw.pick([0, 0, 2, 3], 'tries'),
		waitBetweenTriesMs: draw.integer(10, 300, 'wait'),
		retries: onError === undefined ? draw.pick([0, 1, 1, 2], 'retries') : 0,
		...(draw.chance(0.15, 'cancel')
			? { cancelAfterMs: Math.round(3_000 * draw.number('cancelAfter') ** 1.5) + 20 }
			: {}),
		...(draw.chance(0.15, 'limited')
			? {
					rateLimit: {
						perSecond: draw.integer(4, 12, 'perSecond'),
						retryAfter: draw.chance(0.5, 'says'),
					},
				}
			: {}),
		...(draw.chance(0.15, 'refuses')
			? {
					refusal: {
						afterMs: draw.integer(0, 2_500, 'refusesAfter'),
						forMs: draw.integer(200, 1_000, 'refusesFor'),
					},
				}
			: {}),
		faults: {
			rate: draw.chance(0.1, 'quiet') ? 0 : draw.between(0, 0.4, 'rate'),
			mostInRow: draw.integer(1, 4, 'inRow'),
			mayStall: draw.chance(0.06, 'stalls'),
		},
	};
}

/** Seconds. In the short ones tasks are asked for after their end, in the middle ones just at it. */
function drawTimeout(draw: Draw): number {
	if (!draw.chance(0.3, 'short')) return LONG_TIMEOUT;
	return draw.chance(0.7, 'shorter') ? draw.integer(3, 6, 'timeout') : 11;
}

/** Whether a run may have to wait out answers that never end. */
export function isLong({ faults }: Plan): boolean {
	return faults.mayStall;
}

function drawRows(
	draw: Draw,
	gateway: GatewayName | undefined,
	timeout: number,
	mayBeInvalid: boolean,
): PlannedRow[] {
	const rows: PlannedRow[] = [];
	const count = draw.integer(5, 20, 'rows');
	const copies = draw.pick([0, 0.15, 0.4], 'copies');
	for (let index = 0; index < count; index += 1) {
		const isCopy = index > 0 && draw.chance(copies, 'copy', index);
		rows.push(
			isCopy
				? draw.pick(rows, 'original', index)
				: drawRow(draw, index, gateway, timeout, mayBeInvalid),
		);
	}
	return rows;
}

function drawRow(
	draw: Draw,
	index: number,
	gateway: GatewayName | undefined,
	timeout: number,
	mayBeInvalid: boolean,
): PlannedRow {
	const system = draw.pick(
		systems.filter((one) => gateway === undefined || one.gateway === gateway),
		'rowSystem',
		index,
	);
	const { provider, model } = system.parameters;
	const hasPhoto =
		system.gateway !== 'apiInOne' && draw.chance(0.3, 'hasPhoto', index)
			? { photo: draw.integer(0, PHOTOS - 1, 'photo', index) }
			: {};
	const hasLink =
		draw.chance(0.1, 'hasLink', index) && (gateway !== undefined || provider !== 'apiInOne')
			? { link: REFERENCE }
			: {};
	// APIMart makes several only with a reference.
	const maySeveral =
		gateway === 'evoLink' || (gateway === 'apiMart' && hasPhoto.photo !== undefined);
	const imageCount =
		maySeveral && draw.chance(0.2, 'several', index) ? draw.integer(2, 3, 'images', index) : 1;
	const subject = `lake s${draw.integer(1, 9999, 'subject')}r${index}`;
	const words = imageCount > 1 ? `Generate ${imageCount} different images of ${subject}` : subject;
	const isInvalid = mayBeInvalid && draw.chance(0.02, 'invalid', index);
	return {
		provider: String(provider) as GatewayName,
		model: String(model),
		prompt: isInvalid ? '' : `${words}${drawMarker(draw, index, timeout)}`,
		imageCount,
		...hasPhoto,
		...hasLink,
	};
}

/** What the sandbox reads in a prompt. */
function drawMarker(draw: Draw, index: number, timeout: number): string {
	const number = draw.number('marker', index);
	if (number < 0.05) return ' [[fail:content_policy_violation]]';
	if (number < 0.08) return ' [[fail:service_error]]';
	if (timeout === LONG_TIMEOUT) return number < 0.11 ? ' [[slow:2]]' : '';
	if (number < 0.2) return ` [[slow:${timeout + 2}]]`;
	return '';
}

/** Whether the row's task ends without an image. */
export function isDoomed({ prompt }: { prompt: string }): boolean {
	return prompt.includes('[[fail:');
}

/** Rows of one group ask for the same: their tasks cannot be told apart. */
export function groupOf({ provider, prompt }: PlannedRow): string {
	return `${provider}: ${prompt}`;
}

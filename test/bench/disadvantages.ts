import { FAULT_LABELS, HANDLING_LABELS, formatScenario, formatSeconds } from './format';
import { mean, type Group } from './groups';
import type { Measurement } from './results';

interface Metric {
	name: string;
	/** Lower is better; null if it wasn't measured. */
	read: (run: Measurement) => number | null;
	show: (value: number) => string;
}

const METRICS: Metric[] = [
	{ name: 'seconds', read: (run) => run.seconds, show: formatSeconds },
	{
		name: 'queries per image',
		read: ({ queries, images }) => (images === 0 ? null : queries / images),
		show: (value) => value.toFixed(1),
	},
	{ name: 'seconds of CPU', read: (run) => run.cpuSeconds, show: (value) => value.toFixed(1) },
];

/** After a fault, speed doesn't matter. */
const FAULT_METRICS: Metric[] = [
	{
		name: 'rows without an image',
		read: ({ scenario, images }) => scenario.rows - images,
		show: String,
	},
	{
		name: 'images charged but not delivered',
		read: ({ charged, images }) => charged - images,
		show: String,
	},
];

/** A smaller difference is noise. */
const MIN_RATIO = 1.02;

/** A Markdown list of everything in which the package is worse than the hand-made workflow. */
export function disadvantages(groups: readonly Group[]): string {
	const lines = groups.flatMap((group) => {
		const { scenario, way, handling } = group;
		const rival = groups.find(
			(other) =>
				other.way === 'allAtOnce' &&
				other.handling === handling &&
				JSON.stringify(other.scenario) === JSON.stringify(scenario),
		);
		if (rival === undefined || (way !== 'seedream' && way !== 'automatic')) return [];
		const isPlain = scenario.fault === 'none';
		const worse = (isPlain ? METRICS : FAULT_METRICS).flatMap((metric) =>
			compare(metric, group, rival),
		);
		const setting = isPlain
			? `${formatScenario(scenario)}, ${way === 'automatic' ? way : 'Concurrency = rows'}`
			: `${FAULT_LABELS[scenario.fault]}, ${HANDLING_LABELS[handling]}`;
		return worse.length === 0 ? [] : [`- ${setting}: ${worse.join('; ')}.`];
	});
	return lines.length === 0 ? 'Nowhere in these runs.' : lines.join('\n');
}

function compare({ name, read, show }: Metric, own: Group, rival: Group): string[] {
	const [mine, other] = [average(own.runs, read), average(rival.runs, read)];
	if (mine === null || other === null || mine <= other * MIN_RATIO) return [];
	return [`${show(mine)} ${name} against ${show(other)}`];
}

function average(
	runs: readonly Measurement[],
	read: (run: Measurement) => number | null,
): number | null {
	const values = runs.map(read);
	return values.includes(null) ? null : mean(values.map(Number));
}

import {
	APPROACH_LABELS,
	FAULT_LABELS,
	formatPercent,
	formatScenario,
	formatSeconds,
	formatWay,
	HANDLING_LABELS,
} from './format';
import { mean, type Group } from './groups';
import type { Measurement } from './results';
import type { Approach } from './scenario';

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
	{
		name: 'of the creates refused',
		read: ({ creates, tasks, scenario }) =>
			scenario.limit === 'none' ? null : (creates - tasks) / creates,
		show: formatPercent,
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

/** Where our node is compared with an earlier version, with default settings. */
const RIVALS: Partial<Record<Approach, readonly Approach[]>> = {
	seedream: ['allAtOnce'],
	automatic: ['before', 'allAtOnce', 'retried'],
};

/** A Markdown list of everything in which the package is worse than a hand-made workflow, or than it was. */
export function disadvantages(groups: readonly Group[]): string {
	const lines = groups.flatMap((group) => {
		const { scenario, way, handling } = group;
		const rivals = groups.filter(
			(other) =>
				RIVALS[way]?.includes(other.way) &&
				other.name === group.name &&
				other.handling === handling &&
				JSON.stringify(other.scenario) === JSON.stringify(scenario),
		);
		const isPlain = scenario.fault === 'none';
		const setting = isPlain
			? `${formatScenario(scenario)}, ${formatWay(group)}`
			: `${FAULT_LABELS[scenario.fault]}, ${HANDLING_LABELS[handling]}`;
		return rivals.flatMap((rival) => {
			const worse = (isPlain ? METRICS : FAULT_METRICS).flatMap((metric) =>
				compare(metric, group, rival),
			);
			return worse.length === 0
				? []
				: [`- ${setting}, compared with ${APPROACH_LABELS[rival.way]}: ${worse.join('; ')}.`];
		});
	});
	return lines.length === 0 ? 'Nowhere in these executions.' : lines.join('\n');
}

function compare({ name, read, show }: Metric, own: Group, rival: Group): string[] {
	const [mine, other] = [average(own.runs, read), average(rival.runs, read)];
	if (mine === null || other === null || mine <= other * MIN_RATIO) return [];
	if (show(mine) === show(other)) return [];
	return [`${show(mine)} ${name} against ${show(other)}`];
}

function average(
	runs: readonly Measurement[],
	read: (run: Measurement) => number | null,
): number | null {
	const values = runs.map(read);
	return values.includes(null) ? null : mean(values.map(Number));
}

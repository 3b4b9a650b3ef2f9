import { mean, type Group } from './groups';
import type { Measurement } from './results';
import { FAULT_WORDS, HANDLING_WORDS, scenarioWords, seconds } from './words';

interface Aspect {
	what: string;
	/** The less, the better; null where a run cannot say. */
	read: (run: Measurement) => number | null;
	show: (value: number) => string;
}

const ASPECTS: Aspect[] = [
	{ what: 'seconds', read: (run) => run.seconds, show: seconds },
	{
		what: 'queries an image',
		read: ({ queries, images }) => (images === 0 ? null : queries / images),
		show: (value) => value.toFixed(1),
	},
	{ what: 'seconds of CPU', read: (run) => run.cpuSeconds, show: (value) => value.toFixed(1) },
];

/** Where something goes wrong, speed is not what matters. */
const FAULT_ASPECTS: Aspect[] = [
	{
		what: 'rows without an image',
		read: ({ scenario, images }) => scenario.rows - images,
		show: String,
	},
	{
		what: 'images paid and not delivered',
		read: ({ charged, images }) => charged - images,
		show: String,
	},
];

/** A difference from here on is more than noise. */
const NOTABLE = 1.02;

/** A list of everything in which the package is behind its rival, or the word that there is nothing. */
export function losses(groups: readonly Group[]): string {
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
		const lost = (isPlain ? ASPECTS : FAULT_ASPECTS).flatMap((aspect) =>
			loss(aspect, group, rival),
		);
		const setting = isPlain
			? `${scenarioWords(scenario)}, ${way === 'automatic' ? way : 'Concurrency = rows'}`
			: `${FAULT_WORDS[scenario.fault]}, ${HANDLING_WORDS[handling]}`;
		return lost.length === 0 ? [] : [`- ${setting}: ${lost.join('; ')}.`];
	});
	return lines.length === 0 ? 'Nowhere in these runs.' : lines.join('\n');
}

function loss({ what, read, show }: Aspect, own: Group, rival: Group): string[] {
	const [mine, other] = [average(own.runs, read), average(rival.runs, read)];
	if (mine === null || other === null || mine <= other * NOTABLE) return [];
	return [`${show(mine)} ${what} against ${show(other)}`];
}

function average(
	runs: readonly Measurement[],
	read: (run: Measurement) => number | null,
): number | null {
	const values = runs.map(read);
	return values.includes(null) ? null : mean(values.map(Number));
}

import type { Measurement } from './results';

/** For empty cells. */
export const NONE = '–';

export function each(runs: readonly Measurement[], show: (run: Measurement) => string): string {
	return runs.map(show).join(' / ');
}

/** Once, if all repeats are equal. */
export function same(runs: readonly Measurement[], show: (run: Measurement) => string): string {
	const [first, ...others] = runs.map(show);
	return others.every((other) => other === first) ? (first ?? NONE) : each(runs, show);
}

export function table(
	head: readonly string[],
	rows: ReadonlyArray<readonly string[]>,
): string | undefined {
	if (rows.length === 0) return undefined;
	const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
	return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

import type { Measurement } from './results';
import type { Approach, GroupName, Handling, Scenario } from './scenario';

/** The repeats of one measurement. */
export interface Group {
	name: GroupName;
	scenario: Scenario;
	way: Approach;
	handling: Handling;
	runs: Measurement[];
}

/** In the plan's order. */
export function groupsOf(measurements: readonly Measurement[]): Group[] {
	const groups = new Map<string, Group>();
	for (const measurement of measurements) {
		const { group: name, scenario, way, handling } = measurement;
		const key = JSON.stringify([name, scenario, way, handling]);
		const group = groups.get(key) ?? { name, scenario, way, handling, runs: [] };
		group.runs.push(measurement);
		groups.set(key, group);
	}
	return [...groups.values()];
}

export function mean(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}

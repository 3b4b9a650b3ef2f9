import type { Measurement } from './results';
import { APPROACHES, type Fault, type Handling, type Scenario, type Approach } from './scenario';

/** The repeats of one measurement. */
export interface Group {
	scenario: Scenario;
	way: Approach;
	handling: Handling;
	runs: Measurement[];
}

export function groupsOf(measurements: readonly Measurement[]): Group[] {
	const groups = new Map<string, Group>();
	for (const measurement of measurements) {
		const { scenario, way, handling } = measurement;
		const key = JSON.stringify([
			scenario.fault,
			scenario.limited,
			scenario.taskTime,
			scenario.rows,
			way,
			handling,
		]);
		const group = groups.get(key) ?? { scenario, way, handling, runs: [] };
		group.runs.push(measurement);
		groups.set(key, group);
	}
	return [...groups.values()].sort(
		(a, b) =>
			a.scenario.rows - b.scenario.rows || APPROACHES.indexOf(a.way) - APPROACHES.indexOf(b.way),
	);
}

export interface Wanted {
	taskTime?: Scenario['taskTime'];
	limited?: boolean;
	fault?: Fault;
}

export function choose(groups: readonly Group[], wanted: Wanted): Group[] {
	const { taskTime, limited = false, fault = 'none' } = wanted;
	return groups.filter(
		({ scenario }) =>
			(taskTime === undefined || scenario.taskTime === taskTime) &&
			scenario.limited === limited &&
			scenario.fault === fault,
	);
}

export function mean(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}

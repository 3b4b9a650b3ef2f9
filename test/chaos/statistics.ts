import { placeOf } from './faultInjector';
import { FAULTS, PLACES, type FaultName, type Place } from './faults';
import type { Trace } from './trace';

/** A column for each target at each provider. */
const COLUMNS = PLACES.map(({ target, provider }) => ({ target, provider })).filter(
	({ target, provider }, index, all) =>
		all.findIndex((one) => one.target === target && one.provider === provider) === index,
);

const columnOf = ({ target, provider }: Omit<Place, 'name'>) => `${target} at ${provider}`;

/** Counts what happened in all plans. */
export class Statistics {
	private readonly began = Date.now();
	private readonly counts = new Map<string, number>();
	private readonly faults = new Map<string, number>();
	private readonly seconds: number[] = [];

	add({ plan, events, executions, tasks, timedOutAfter: timedOutAfter }: Trace): void {
		this.count('runs');
		this.count('rows', plan.rows.length);
		this.count('tasks', tasks.length);
		this.count('requests', events.length);
		this.count('executions', executions.length);
		if (plan.outage) this.count('times that connections were refused');
		if (plan.rateLimit) this.count('runs with a rate limit');
		if (plan.concurrentTasks !== undefined) this.count('runs with a limit of tasks');
		if (plan.idempotency.evoLink === 'ignored') this.count('runs in which EvoLink ignores keys');
		if (plan.idempotency.apiMart === 'honored') this.count('runs in which APIMart honors keys');
		if (plan.volatile) this.count(`runs with a volatile ${plan.volatile}`);
		if (plan.mode === 'integrated') this.count('runs as a sub-workflow');
		if (plan.clockJump) this.count('runs in which the clock jumps');
		if (timedOutAfter !== undefined) this.count('runs that did not end');
		for (const task of tasks) {
			const { prompt, status, images, credits } = task;
			if (images.length > 0 && prompt.includes('[[stopped:')) this.count('tasks with some images');
			if (status === 'failed' && images.length === 0 && credits.charged > 0) {
				this.count('tasks without an image that were charged');
			}
			if (prompt.includes('[[layers:')) this.count('tasks with layers');
			if (prompt.includes('[[tasks:')) this.count('tasks of a create that makes several');
		}
		for (const { result, cancelledAt, turns } of executions) {
			this.count(`executions that ended as ${result.status}`);
			this.count('second and third tries', Math.max(0, result.calls - turns.length));
			this.count('turns of loops', Math.max(0, turns.length - 1));
			if (cancelledAt !== undefined) this.count('stops');
		}
		for (const event of events) {
			const place = placeOf(event);
			if (event.createResponse?.isReplay)
				this.count(`creates answered again by ${event.request.provider}`);
			if (!place) continue;
			const key = JSON.stringify([place.name, columnOf(place)]);
			this.faults.set(key, (this.faults.get(key) ?? 0) + 1);
		}
		const [first] = executions;
		if (first) this.seconds.push(((executions.at(-1)?.to ?? 0) - first.from) / 1000);
	}

	/** The kinds of faults that haven't occurred, by place. */
	missing(): string[] {
		return PLACES.flatMap((place) =>
			this.countOf(place.name, columnOf(place)) === 0 ? [`${place.name}: ${columnOf(place)}`] : [],
		);
	}

	private countOf(name: FaultName, column: string): number {
		return this.faults.get(JSON.stringify([name, column])) ?? 0;
	}

	table(): string {
		const names = Object.keys(FAULTS) as FaultName[];
		const columns = COLUMNS.map(columnOf);
		const counts = names.map((name) => columns.map((column) => this.countOf(name, column)));
		const sums = columns.map((_column, index) =>
			counts.reduce((sum, line) => sum + (line[index] ?? 0), 0),
		);
		const longest = Math.max(0, ...this.seconds).toFixed(1);
		const mean = this.seconds.reduce((sum, each) => sum + each, 0) / this.seconds.length;
		return [
			...[...this.counts].map(([what, count]) => `${what}: ${count}`),
			`${((Date.now() - this.began) / 1000).toFixed(0)} s in all; a run takes ${mean.toFixed(1)} s, the longest ${longest} s`,
			'',
			line(
				'',
				COLUMNS.map(({ provider }) => provider),
			),
			line(
				'fault',
				COLUMNS.map(({ target }) => target),
			),
			...names.map((name, index) => line(name, counts[index] ?? [])),
			line('all', sums),
		].join('\n');
	}

	private count(what: string, by = 1): void {
		this.counts.set(what, (this.counts.get(what) ?? 0) + by);
	}
}

function line(name: string, cells: ReadonlyArray<string | number>): string {
	return [name.padEnd(21), ...cells.map((cell) => String(cell || '').padStart(9))].join('');
}

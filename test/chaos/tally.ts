import type { Story } from './carryOut';
import { FAULTS, FAULTS_AT, STALLING, targetOf, type FaultName, type Target } from './faults';

const TARGETS: readonly Target[] = ['create', 'query', 'batch', 'upload', 'download'];

/** Counts what happened in all runs. */
export class Tally {
	private readonly began = Date.now();
	private readonly counts = new Map<string, number>();
	private readonly seconds: number[] = [];

	add({ plan, events, executions, tasks, outlived }: Story): void {
		this.count('runs');
		this.count('rows', plan.rows.length);
		this.count('tasks', tasks.length);
		this.count('requests', events.length);
		this.count('executions', executions.length);
		if (plan.refusal) this.count('times that connections were refused');
		if (plan.rateLimit) this.count('runs with a rate limit');
		if (outlived !== undefined) this.count('runs that did not end');
		for (const { result, cancelledAt, turns } of executions) {
			this.count(`executions that ended as ${result.status}`);
			this.count('second and third tries', Math.max(0, result.calls - turns.length));
			this.count('turns of loops', Math.max(0, turns.length - 1));
			if (cancelledAt !== undefined) this.count('stops');
		}
		for (const event of events) if (event.name) this.count(`${event.name}/${targetOf(event)}`);
		const [first] = executions;
		if (first) this.seconds.push(((executions.at(-1)?.to ?? 0) - first.from) / 1000);
	}

	/** The kinds of faults that have not come up where they can, as `kind/target`. */
	missing(): string[] {
		return TARGETS.flatMap((target) => {
			const possible = new Set<FaultName>(FAULTS_AT[target]);
			if (STALLING.includes(target)) possible.add('stalled');
			if (target === 'query') possible.add('vanished');
			return [...possible].flatMap((name) =>
				this.countOf(name, target) === 0 ? [`${name}/${target}`] : [],
			);
		});
	}

	private countOf(name: FaultName, target: Target): number {
		return this.counts.get(`${name}/${target}`) ?? 0;
	}

	table(): string {
		const names = Object.keys(FAULTS) as FaultName[];
		const lines = names.map((name) =>
			this.line(
				name,
				TARGETS.map((target) => this.countOf(name, target)),
			),
		);
		const sums = TARGETS.map((target) =>
			names.reduce((sum, name) => sum + this.countOf(name, target), 0),
		);
		const longest = Math.max(0, ...this.seconds).toFixed(1);
		const mean = this.seconds.reduce((sum, each) => sum + each, 0) / this.seconds.length;
		return [
			...[...this.counts].flatMap(([what, count]) =>
				what.includes('/') ? [] : [`${what}: ${count}`],
			),
			`${((Date.now() - this.began) / 1000).toFixed(0)} s in all; a run takes ${mean.toFixed(1)} s, the longest ${longest} s`,
			'',
			['fault'.padEnd(22), ...TARGETS.map((target) => target.padStart(9))].join(''),
			...lines,
			this.line('all', sums),
		].join('\n');
	}

	private line(name: string, counts: number[]): string {
		return [name.padEnd(22), ...counts.map((count) => String(count || '').padStart(9))].join('');
	}

	private count(what: string, by = 1): void {
		this.counts.set(what, (this.counts.get(what) ?? 0) + by);
	}
}

import type { INodeParameters } from 'n8n-workflow';

import { DataTables } from '../n8n/dataTables';
import type { Engine, NodeResult } from '../n8n/engine';
import { sandboxCredentials } from '../n8n/systems';
import {
	startSandbox,
	type Fault,
	type Intercept,
	type ProviderName,
	type Sandbox,
	type SandboxRequest,
	type TaskView,
} from '../sandbox/sandbox';
import { realNow, withClockJump } from './clockJump';
import { ERRORS, FROM_ROW, randomCreateFault, randomQueryFault } from './mixedProviders';
import {
	SHORT_PAUSE_MS,
	type Interruption,
	type PlannedExecution,
	type ReusePlan,
} from './reusePlan';
import { SeededRandom } from './seededRandom';

export interface ReuseExecution {
	planned: PlannedExecution;
	result: NodeResult;
	/** By the sandbox's clock. */
	startedAt: number;
	/** What it created, in their final state. */
	tasks: readonly TaskView[];
	wasInterrupted: boolean;
}

export interface ReuseTrace {
	plan: ReusePlan;
	executions: ReuseExecution[];
	/** The task IDs in the data table. */
	recordedTasks: ReadonlySet<string>;
}

/** By then, every task has ended. */
const FAR_FUTURE_MS = 3_600_000;

export async function runReusePlan(plan: ReusePlan, engine: Engine): Promise<ReuseTrace> {
	return await new ReuseRun(plan, engine).run();
}

class ReuseRun {
	private readonly dataTables = new DataTables();

	/** How far the clocks of n8n and of the providers are ahead: the last execution is today. */
	private offsetMs: number;

	private current?: RunningExecution;

	constructor(
		private readonly plan: ReusePlan,
		private readonly engine: Engine,
	) {
		const pauses = plan.executions.slice(1).map(({ pauseMs }) => pauseMs);
		this.offsetMs = -pauses.reduce((sum, pauseMs) => sum + pauseMs, 0);
	}

	async run(): Promise<ReuseTrace> {
		const { plan } = this;
		const sandbox = await startSandbox({
			now: () => this.now(),
			taskSeconds: ({ prompt }) => this.current?.taskSeconds(prompt) ?? 0,
			obeysMarkers: () => this.current?.planned.hasFailingTasks === true,
			idempotency: { apiMart: plan.apiMartKeys },
			intercept: (request) => this.current?.intercept(request),
		});
		try {
			const executions: ReuseExecution[] = [];
			for (const [index, planned] of plan.executions.entries()) {
				if (index > 0) this.offsetMs += planned.pauseMs;
				executions.push(await this.execute(planned, index, sandbox));
			}
			this.offsetMs += FAR_FUTURE_MS;
			const final = new Map(sandbox.tasks().map((task) => [task.id, task]));
			for (const one of executions) one.tasks = one.tasks.map((task) => final.get(task.id) ?? task);
			const recorded = this.dataTables.rows().map(({ taskId }) => String(taskId));
			return { plan, executions, recordedTasks: new Set(recorded) };
		} finally {
			await sandbox.close();
		}
	}

	private now(): number {
		return realNow() + this.offsetMs;
	}

	private async execute(
		planned: PlannedExecution,
		index: number,
		sandbox: Sandbox,
	): Promise<ReuseExecution> {
		const { plan, dataTables, offsetMs } = this;
		const known = new Set(sandbox.tasks().map(({ id }) => id));
		const promptOf = (taskId?: string) =>
			sandbox.tasks().find(({ id }) => id === taskId)?.prompt ?? '';
		const running = new RunningExecution(plan, planned, index, dataTables, promptOf);
		this.current = running;
		const startedAt = this.now();
		const result = await this.engine.run({
			node: 'seedreamGenerate',
			parameters: parametersOf(plan, planned),
			rows: planned.rows.map((row) => ({ ...row })),
			credentials: sandboxCredentials(sandbox),
			dataTables,
			onError: plan.onError,
			...(plan.tries > 0 && { tries: plan.tries }),
			cancelWhen: running.interrupted,
			wrapExecute: async (call) => await withClockJump({ at: 0, byMs: offsetMs }, call),
		});
		await result.settled;
		dataTables.isDown = false;
		const tasks = sandbox.tasks().filter(({ id }) => !known.has(id));
		const wasInterrupted = result.status === 'canceled' || running.hasCrashed;
		return { planned, result, startedAt, tasks, wasInterrupted };
	}
}

function parametersOf(plan: ReusePlan, { continueWhen, reuse }: PlannedExecution): INodeParameters {
	const { fallbacks, maxCost, concurrency, hasRowKey, hasTable } = plan;
	return {
		...FROM_ROW,
		aspectRatio: '={{ $json.aspectRatio }}',
		continueWhen,
		downloadImages: false,
		options: {
			reuse,
			fallbacks,
			maxCost,
			concurrency,
			timeout: 5,
			pollInterval: 0.2,
			...(hasRowKey && { rowKey: '={{ $json.id }}' }),
			...(hasTable && { memoryTable: 'Seedream tasks' }),
		},
	};
}

/** Faults, and what interrupts the execution. */
class RunningExecution {
	readonly interrupted: Promise<void>;

	hasCrashed = false;

	private interrupt: () => void = () => undefined;

	private readonly random: SeededRandom;

	private readonly counts = { create: 0, query: 0 };

	constructor(
		private readonly plan: ReusePlan,
		readonly planned: PlannedExecution,
		private readonly index: number,
		private readonly dataTables: DataTables,
		/** Task IDs are random, so faults don't depend on them. */
		private readonly promptOf: (taskId?: string) => string,
	) {
		this.random = new SeededRandom(plan.seed);
		this.interrupted = new Promise((resolve) => {
			this.interrupt = resolve;
		});
	}

	/** Some tasks are still running when the next execution starts, if nobody waits for them. */
	taskSeconds(prompt: string): number {
		const { interruption, continueWhen } = this.planned;
		const isAwaited = !interruption && continueWhen === 'finished';
		const blocksRows = this.plan.concurrency === 1;
		const isSlow = !isAwaited && !blocksRows && this.random.chance(0.3, 'slow', this.index, prompt);
		return isSlow ? SHORT_PAUSE_MS / 1000 + 0.5 : 0.1;
	}

	readonly intercept: Intercept = (request) => {
		const { step, provider } = request;
		if (this.hasCrashed) return { kind: 'resetBefore' };
		if (!provider || (step !== 'create' && step !== 'query')) return undefined;
		this.counts[step] += 1;
		const { interruption } = this.planned;
		const isInterrupted = interruption?.step === step && interruption.count === this.counts[step];
		return isInterrupted ? this.interruptedBy(interruption) : this.faultOf(request, step, provider);
	};

	private interruptedBy({ kind, takesEffect }: Interruption): Fault | undefined {
		this.interrupt();
		if (kind === 'stop') return undefined;
		this.hasCrashed = true;
		this.dataTables.isDown = true;
		return { kind: takesEffect ? 'resetAfter' : 'resetBefore' };
	}

	private faultOf(
		{ taskId, prompt = this.promptOf(taskId), attempt }: SandboxRequest,
		step: 'create' | 'query',
		provider: ProviderName,
	): Fault | undefined {
		const { closed, faultRate } = this.plan;
		if (step === 'create' && provider === closed) return ERRORS[provider](402);
		const subject = [this.index, step, provider, prompt, attempt] as const;
		const isFaulty = attempt % 3 > 0 && this.random.chance(faultRate, ...subject);
		if (!isFaulty) return undefined;
		return step === 'create'
			? randomCreateFault(this.random, provider, subject)
			: randomQueryFault(this.random, provider, subject);
	}
}

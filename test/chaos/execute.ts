import { setTimeout as wait } from 'node:timers/promises';
import type {
	IBinaryData,
	INodeExecutionData,
	IRunExecutionData,
	NodeExecutionHint,
} from 'n8n-workflow';

import type { Engine, NodeResult, NodeRun } from '../n8n/engine';
import { sandboxCredentials } from '../n8n/systems';
import { startSandbox, type Sandbox, type TaskView } from '../sandbox/sandbox';
import { Draw } from './draw';
import { FaultInjector, type Event } from './injector';
import type { LoopLag } from './loopLag';
import { PHOTO_FIELD, type Plan } from './plan';
import { stable, type PlannedRow } from './rows';
import { trueNow, underJump } from './wallClock';

/** One run of the node inside an execution: a loop has several. */
export interface Turn {
	/** As numbers of the plan's rows. */
	rows: number[];
	/** Regular output and error output; undefined where the node failed. */
	outputs?: INodeExecutionData[][];
	/** What n8n shows above the output. */
	hints: NodeExecutionHint[];
	/** Milliseconds since 1970. */
	from: number;
	to: number;
}

export interface Execution {
	result: NodeResult;
	turns: Turn[];
	/** Milliseconds since 1970. */
	from: number;
	/** When nothing was left to wait for. */
	to: number;
	cancelledAt?: number;
	/** The rows of the turn that was stopped, as numbers of the plan's rows. */
	stoppedRows?: number[];
}

/** All that a run has left behind. */
export interface Story {
	plan: Plan;
	events: readonly Event[];
	/** As they are when all of them have ended, and all is charged. */
	tasks: readonly TaskView[];
	executions: Execution[];
	keys: string[];
	/** How late the process itself was in that time, in milliseconds. */
	lagBetween: (from: number, to: number) => number;
	/** The run did not end by its bound, in seconds. */
	timedOut?: number;
	readFile: (file: IBinaryData) => Promise<Buffer>;
}

const NODE = 'Node';
const LOOP = 'Loop';
/** As sheets call it: it is in their empty rows, too. */
const NUMBER_FIELD = 'row_number';
/** A request that should not come has this long to come all the same. */
const LISTENING_MS = 1_000;
/** After this, every task has ended. */
const LONG_AFTER_MS = 3_600_000;

/** Runs a plan from its first execution to its last retry, against a sandbox of its own. */
export async function processRow(
	plan: Plan,
	engine: Engine,
	photos: readonly IBinaryData[],
	lag: LoopLag,
	boundSeconds: number,
): Promise<Story> {
	const draw = new Draw(plan.seed);
	let later = 0;
	const sandbox: Sandbox = await startSandbox({
		now: () => trueNow() + later,
		taskSeconds: ({ provider, prompt }) =>
			draw.between(0.05, 0.3, 'task', provider, stable(prompt)),
		rateLimit: plan.rateLimit,
		concurrentTasks: plan.concurrentTasks,
		idempotency: plan.keys,
	});
	const injector = new FaultInjector(plan, () => sandbox.tasks());
	sandbox.setIntercept(injector.intercept);
	const refusal = refuseForAWhile(sandbox, plan);
	const executions: Execution[] = [];
	const bound = new AbortController();
	const deadline = wait(boundSeconds * 1000, 'outlived' as const, { signal: bound.signal });
	try {
		const ended = await Promise.race([
			runAll(plan, engine, sandbox, photos, executions).then(() => 'ended' as const),
			deadline,
		]);
		await refusal;
		later = LONG_AFTER_MS;
		return {
			plan,
			events: injector.events,
			tasks: sandbox.tasks(),
			executions,
			keys: Object.values(sandbox.keys),
			lagBetween: (from, to) => lag.between(from, to),
			...(ended === 'outlived' && { timedOut: boundSeconds }),
			readFile: engine.readFile,
		};
	} finally {
		bound.abort();
		deadline.catch(() => undefined);
		await sandbox.close();
	}
}

async function refuseForAWhile(sandbox: Sandbox, { refusal }: Plan): Promise<void> {
	if (!refusal) return;
	await wait(refusal.afterMs);
	await sandbox.refuseConnections();
	await wait(refusal.forMs);
	await sandbox.acceptConnections();
}

async function runAll(
	plan: Plan,
	engine: Engine,
	sandbox: Sandbox,
	photos: readonly IBinaryData[],
	executions: Execution[],
): Promise<void> {
	const run = nodeRun(plan, sandbox, photos);
	let last = await execute({ ...run, mode: plan.mode }, plan, engine, plan.cancelAfterMs);
	executions.push(last);
	for (let retry = 0; retry < plan.retries && canBeRetried(last); retry += 1) {
		last = await execute({ ...run, retryOf: last.result }, plan, engine);
		executions.push(last);
	}
}

/** One that was stopped just as it ended has nothing left to do. */
function canBeRetried({ result: { status, execution } }: Execution): boolean {
	const left = execution.executionData?.nodeExecutionStack.length ?? 0;
	return status === 'error' && left > 0;
}

function nodeRun(plan: Plan, sandbox: Sandbox, photos: readonly IBinaryData[]): NodeRun {
	const { rows, parameters, onError, loopErrors, tries, waitBetweenTriesMs, clockJump } = plan;
	const jumpAt = trueNow() + (clockJump?.afterMs ?? 0);
	return {
		node: 'seedreamGenerate',
		parameters,
		rows: rows.map((row, number) => ({ ...(row.isEmpty ? {} : row), [NUMBER_FIELD]: number })),
		files: rows.map(({ photo, isEmpty }) => {
			const file = photo === undefined || isEmpty ? undefined : photos[photo];
			return file && { [PHOTO_FIELD]: { ...file } };
		}),
		credentials: sandboxCredentials(sandbox),
		onError,
		...(tries > 0 ? { tries, waitBetweenTriesMs } : {}),
		...(loopErrors === undefined ? {} : { loopErrors }),
		...(clockJump && {
			during: async (call) => await underJump({ at: jumpAt, byMs: clockJump.byMs }, call),
		}),
	};
}

async function execute(
	run: NodeRun,
	plan: Plan,
	engine: Engine,
	cancelAfterMs?: number,
): Promise<Execution> {
	const from = Date.now();
	let cancelledAt: number | undefined;
	const over = new AbortController();
	const cancel =
		cancelAfterMs === undefined
			? undefined
			: wait(cancelAfterMs, undefined, { signal: over.signal }).then(
					() => {
						cancelledAt = Date.now();
					},
					// It was over before: a promise that stays open.
					async () => await new Promise<void>(() => undefined),
				);
	const result = await engine.run({ ...run, cancelWhen: cancel });
	over.abort();
	await result.settled;
	const to = Date.now();
	if (result.status !== 'canceled') cancelledAt = undefined;
	if (cancelledAt !== undefined) await wait(LISTENING_MS);
	const turns = turnsOf(result.execution, plan.rows);
	if (cancelledAt === undefined) return { result, turns, from, to };
	const stoppedRows = rowsOfTurn(result.execution, plan.rows, turns.length);
	return { result, turns, from, to, cancelledAt, stoppedRows };
}

/** As numbers of the plan's rows; `turn` from 0. */
function rowsOfTurn(
	{ resultData }: IRunExecutionData,
	rows: readonly PlannedRow[],
	turn: number,
): number[] {
	if (turn === 0) return rows.map((_row, number) => number);
	const handedBack = resultData.runData[LOOP]?.[turn - 1]?.data?.main?.[0] ?? [];
	return handedBack.map(({ json }) => Number(json[NUMBER_FIELD]));
}

function turnsOf(execution: IRunExecutionData, rows: readonly PlannedRow[]): Turn[] {
	const runs = execution.resultData.runData[NODE] ?? [];
	return runs.map(({ data, error, hints = [], startTime, executionTime }, turn) => ({
		rows: rowsOfTurn(execution, rows, turn),
		hints,
		...(error ? {} : { outputs: (data?.main ?? []).map((items) => items ?? []) }),
		from: startTime,
		to: startTime + executionTime,
	}));
}

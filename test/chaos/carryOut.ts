import { setTimeout as wait } from 'node:timers/promises';

import type { IBinaryData, INodeExecutionData, IRunExecutionData } from 'n8n-workflow';

import type { Engine, NodeResult, NodeRun } from '../n8n/engine';
import { sandboxCredentials } from '../n8n/systems';
import { startSandbox, type Sandbox, type TaskView } from '../sandbox/sandbox';
import { Draw } from './draw';
import { FaultInjector, type Event } from './faults';
import type { LoopLag } from './loopLag';
import { PHOTO_FIELD, type Plan, type PlannedRow } from './plan';

/** One run of the node inside an execution: a loop has several. */
export interface Turn {
	/** As numbers of the plan's rows. */
	rows: number[];
	/** Regular output and error output; undefined where the node failed. */
	outputs?: INodeExecutionData[][];
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
	tasks: readonly TaskView[];
	executions: Execution[];
	keys: string[];
	/** How late the process itself was in that time, in milliseconds. */
	lagBetween: (from: number, to: number) => number;
	/** The run did not end by its bound, in seconds. */
	outlived?: number;
	readFile: (file: IBinaryData) => Promise<Buffer>;
}

const NODE = 'Node';
const LOOP = 'Loop';
/** A request that should not come has this long to come all the same. */
const LISTENING_MS = 1_000;

/** Runs a plan from its first execution to its last retry, against a sandbox of its own. */
export async function carryOut(
	plan: Plan,
	engine: Engine,
	photos: readonly IBinaryData[],
	lag: LoopLag,
	boundSeconds: number,
): Promise<Story> {
	const draw = new Draw(plan.seed);
	const sandbox: Sandbox = await startSandbox({
		taskSeconds: ({ gateway, prompt }) => draw.between(0.05, 0.3, 'task', gateway, prompt),
		rateLimit: plan.rateLimit,
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
		return {
			plan,
			events: injector.events,
			tasks: sandbox.tasks(),
			executions,
			keys: Object.values(sandbox.keys),
			lagBetween: (from, to) => lag.between(from, to),
			...(ended === 'outlived' && { outlived: boundSeconds }),
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
	let last = await execute(run, plan, engine, plan.cancelAfterMs);
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
	const { rows, parameters, onError, loopErrors, tries, waitBetweenTriesMs } = plan;
	return {
		node: 'seedreamGenerate',
		parameters,
		rows: rows.map((row, number) => ({ ...row, number })),
		files: rows.map(({ photo }) => {
			const file = photo === undefined ? undefined : photos[photo];
			return file && { [PHOTO_FIELD]: { ...file } };
		}),
		credentials: sandboxCredentials(sandbox),
		onError,
		...(tries > 0 ? { tries, waitBetweenTriesMs } : {}),
		...(loopErrors === undefined ? {} : { loopErrors }),
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
	return handedBack.map(({ json }) => Number(json.number));
}

function turnsOf(execution: IRunExecutionData, rows: readonly PlannedRow[]): Turn[] {
	const runs = execution.resultData.runData[NODE] ?? [];
	return runs.map(({ data, error, startTime, executionTime }, turn) => ({
		rows: rowsOfTurn(execution, rows, turn),
		...(error ? {} : { outputs: (data?.main ?? []).map((items) => items ?? []) }),
		from: startTime,
		to: startTime + executionTime,
	}));
}

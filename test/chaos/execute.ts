import { setTimeout as wait } from 'node:timers/promises';
import type { IBinaryData, IRunExecutionData } from 'n8n-workflow';

import type { Engine, ExecutionOptions } from '../n8n/engine';
import { LOOP, NODE } from '../n8n/engineWorkflow';
import { sandboxCredentials } from '../n8n/systems';
import { startSandbox, type Sandbox } from '../sandbox/sandbox';
import { realNow, withClockJump } from './clockJump';
import type { EventLoopLag } from './eventLoopLag';
import { FaultInjector } from './faultInjector';
import { PHOTO_FIELD, type Plan } from './plan';
import { stable, type PlannedRow } from './rows';
import { SeededRandom } from './seededRandom';
import type { Execution, Trace, Turn } from './trace';

/** As Google Sheets adds it, to empty rows as well. */
const NUMBER_FIELD = 'row_number';
/** How long to wait for requests that shouldn't arrive. */
const SILENCE_MS = 1_000;
/** By then, every task has ended. */
const FAR_FUTURE_MS = 3_600_000;

/** Runs a plan from its first execution to its last retry, with a sandbox of its own. */
export async function runPlan(
	plan: Plan,
	engine: Engine,
	photos: readonly IBinaryData[],
	lag: EventLoopLag,
	limitSeconds: number,
): Promise<Trace> {
	const random = new SeededRandom(plan.seed);
	let offsetMs = 0;
	const sandbox: Sandbox = await startSandbox({
		mayRefuseConnections: plan.outage !== undefined,
		now: () => realNow() + offsetMs,
		taskSeconds: ({ provider, prompt }) =>
			random.between(0.05, 0.3, 'task', provider, stable(prompt)),
		rateLimit: plan.rateLimit,
		concurrentTasks: plan.concurrentTasks,
		idempotency: plan.idempotency,
	});
	const injector = new FaultInjector(plan, () => sandbox.tasks());
	sandbox.setIntercept(injector.intercept);
	const outage = refuseTemporarily(sandbox, plan);
	const executions: Execution[] = [];
	const finished = new AbortController();
	const deadline = wait(limitSeconds * 1000, 'timed out' as const, { signal: finished.signal });
	try {
		const ended = await Promise.race([
			runAll(plan, engine, sandbox, photos, executions).then(() => 'ended' as const),
			deadline,
		]);
		await outage;
		offsetMs = FAR_FUTURE_MS;
		return {
			plan,
			events: injector.events,
			tasks: sandbox.tasks(),
			executions,
			apiKeys: Object.values(sandbox.keys),
			lagBetween: (from, to) => lag.between(from, to),
			...(ended === 'timed out' && { timedOutAfter: limitSeconds }),
			readFile: engine.readFile,
		};
	} finally {
		finished.abort();
		deadline.catch(() => undefined);
		await sandbox.close();
	}
}

async function refuseTemporarily(sandbox: Sandbox, { outage: outage }: Plan): Promise<void> {
	if (!outage) return;
	await wait(outage.afterMs);
	await sandbox.refuseConnections();
	await wait(outage.forMs);
	await sandbox.acceptConnections();
}

async function runAll(
	plan: Plan,
	engine: Engine,
	sandbox: Sandbox,
	photos: readonly IBinaryData[],
	executions: Execution[],
): Promise<void> {
	const run = executionOptions(plan, sandbox, photos);
	let last = await execute({ ...run, mode: plan.mode }, plan, engine, plan.cancelAfterMs);
	executions.push(last);
	for (let retry = 0; retry < plan.retries && canBeRetried(last); retry += 1) {
		last = await execute({ ...run, retryOf: last.result }, plan, engine);
		executions.push(last);
	}
}

/** If it was stopped just as it ended, there's nothing left to do. */
function canBeRetried({ result: { status, execution } }: Execution): boolean {
	const left = execution.executionData?.nodeExecutionStack.length ?? 0;
	return status === 'error' && left > 0;
}

function executionOptions(
	plan: Plan,
	sandbox: Sandbox,
	photos: readonly IBinaryData[],
): ExecutionOptions {
	const { rows, parameters, onError, loopErrors, tries, waitBetweenTriesMs, clockJump } = plan;
	const jumpAt = realNow() + (clockJump?.afterMs ?? 0);
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
			wrapExecute: async (call) => await withClockJump({ at: jumpAt, byMs: clockJump.byMs }, call),
		}),
	};
}

async function execute(
	run: ExecutionOptions,
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
					// It ended first: never resolves.
					async () => await new Promise<void>(() => undefined),
				);
	const result = await engine.run({ ...run, cancelWhen: cancel });
	over.abort();
	await result.settled;
	const to = Date.now();
	if (result.status !== 'canceled') cancelledAt = undefined;
	if (cancelledAt !== undefined) await wait(SILENCE_MS);
	const turns = turnsOf(result.execution, plan.rows);
	if (cancelledAt === undefined) return { result, turns, from, to };
	const stoppedRows = rowsOfTurn(result.execution, plan.rows, turns.length);
	return { result, turns, from, to, cancelledAt, stoppedRows };
}

/** As indexes of the plan's rows; `turn` counts from 0. */
function rowsOfTurn(
	{ resultData }: IRunExecutionData,
	rows: readonly PlannedRow[],
	turn: number,
): number[] {
	if (turn === 0) return rows.map((_row, number) => number);
	const looped = resultData.runData[LOOP]?.[turn - 1]?.data?.main?.[0] ?? [];
	return looped.map(({ json }) => Number(json[NUMBER_FIELD]));
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

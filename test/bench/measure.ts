import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';

import {
	startSandbox,
	type Fault,
	type Intercept,
	type Sandbox,
	type SandboxOptions,
	type SandboxRequest,
} from '../sandbox/sandbox';
import type { UsageMeter } from '../server/processUsage';
import type { RestClient } from '../server/restClient';
import type { StoredFiles } from '../server/storedFiles';
import { providerMetrics, outputMetrics } from './metrics';
import type { Measurement } from './results';
import {
	minimumSeconds,
	estimateSeconds,
	FAULTY_ROW,
	LIMITS,
	rowOf,
	secondsOf,
	type Run,
	type Scenario,
} from './scenario';
import { ROWS, workflowFor, type CredentialIds } from './workflows';

/** Shared by all measurements. */
export interface Bench {
	n8n: RestClient;
	meter: UsageMeter;
	files: StoredFiles;
	credentials: CredentialIds;
	/** Fixed, as the credentials contain it. */
	sandboxPort: number;
}

/** An execution times out after this many times its estimate. */
const TIMEOUT_FACTOR = 3;

const MIN_TIMEOUT_MS = 120_000;

/** Between executions, for n8n to write its database and collect garbage. */
const PAUSE_MS = 700;

/** For 10,000 rows, several times over. */
const ENOUGH_CREDITS = 10_000_000;

export async function measure(bench: Bench, run: Run): Promise<Measurement> {
	const { scenario, way } = run;
	const faults = faultsOf(scenario);
	const sandbox = await startSandbox(
		{
			port: bench.sandboxPort,
			imageBytes: scenario.imageBytes,
			taskSeconds: ({ prompt }) => secondsOf(rowOf(prompt), scenario),
			intercept: faults.intercept,
			...limitOptions(scenario),
		},
		{ initialBalance: ENOUGH_CREDITS },
	);
	faults.watch(sandbox);
	try {
		return { ...run, boundSeconds: minimumSeconds(scenario), ...(await execute()) };
	} finally {
		await sandbox.close();
		await wait(PAUSE_MS);
	}

	async function execute() {
		const { n8n, meter, files, credentials } = bench;
		const baseUrl = sandbox.baseUrls.evoLink;
		const id = await n8n.createWorkflow(workflowFor(run, baseUrl, credentials));
		const timeoutMs = TIMEOUT_FACTOR * estimateSeconds(scenario, way) * 1000;
		meter.reset();
		const restMegabytes = meter.read().peakMegabytes;
		const executionId = await n8n.run(id, ROWS);
		const ended = await n8n.waitFor(id, executionId, Math.max(MIN_TIMEOUT_MS, timeoutMs));
		const usage = meter.read();
		await untilTasksEnd(sandbox);
		const { data, status, seconds, stopped } = ended;
		const message = data.resultData.error?.message;
		const measured = {
			status,
			stopped,
			seconds,
			...(message !== undefined && { error: message }),
			...providerMetrics(sandbox, scenario, faults.caused),
			...(await outputMetrics(data, sandbox, scenario, files)),
			restMegabytes,
			...usage,
		};
		await n8n.deleteExecution(executionId);
		await n8n.deleteWorkflow(id);
		return measured;
	}
}

function limitOptions({ limit }: Scenario): SandboxOptions {
	if (limit === 'none') return {};
	const { kind, max } = LIMITS[limit];
	return kind === 'concurrent'
		? { concurrentTasks: max }
		: { rateLimit: { kind, perSecond: max, steps: ['create'] } };
}

/** Tasks in progress at the end of an execution are charged as well. */
async function untilTasksEnd(sandbox: Sandbox): Promise<void> {
	while (sandbox.tasks().some(({ finishedAt }) => finishedAt === undefined)) await wait(100);
}

const SERVER_ERROR = {
	kind: 'response' as const,
	status: 500,
	body: {
		error: { code: 'internal_error', message: 'Internal server error', type: 'api_error' },
	},
};

const batchSchema = z.object({ task_ids: z.array(z.string()) });

/** Tell how long a task takes. */
const ESTIMATES = new Set(['estimated_time', 'progress']);

const WITHOUT_ESTIMATES: Fault = {
	kind: 'reshape',
	change: ({ body, ...response }) => ({
		...response,
		body: Buffer.isBuffer(body)
			? body
			: JSON.parse(
					JSON.stringify(body, (key, value: unknown) => (ESTIMATES.has(key) ? undefined : value)),
				),
	}),
};

/** One HTTP 500 for one row; failed tasks are set up by the prompt. */
function faultsOf({ fault, estimates }: Scenario) {
	const caused = new Set<SandboxRequest>();
	let sandbox: Sandbox | undefined;
	const isFaultyTask = (id: string) =>
		sandbox?.tasks().some((task) => task.id === id && rowOf(task.prompt) === FAULTY_ROW);
	const isFaulty = ({ step, prompt, taskId, body }: SandboxRequest): boolean => {
		if (fault === 'create500') return step === 'create' && rowOf(prompt ?? '') === FAULTY_ROW;
		if (fault !== 'query500' || step !== 'query') return false;
		const batch = batchSchema.safeParse(body);
		const ids = taskId === undefined ? (batch.data?.task_ids ?? []) : [taskId];
		return ids.some(isFaultyTask);
	};
	const intercept: Intercept = (request) => {
		if (!estimates) return WITHOUT_ESTIMATES;
		if (caused.size > 0 || !isFaulty(request)) return undefined;
		caused.add(request);
		return SERVER_ERROR;
	};
	return { intercept, caused, watch: (started: Sandbox) => (sandbox = started) };
}

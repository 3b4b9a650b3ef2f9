import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';

import {
	startSandbox,
	type Intercept,
	type Sandbox,
	type SandboxRequest,
} from '../sandbox/sandbox';
import type { UsageMeter } from '../server/processUsage';
import type { RestClient } from '../server/restClient';
import type { StoredFiles } from '../server/storedFiles';
import { providerSide, userSide } from './evidence';
import type { Run } from './plan';
import type { Measurement } from './results';
import {
	boundOf,
	CREATES_PER_SECOND,
	estimateOf,
	FAULTY_ROW,
	rowOf,
	secondsOf,
	type Scenario,
} from './scenario';
import { ROWS, workflowFor, type CredentialIds } from './workflows';

/** What all runs share. */
export interface Bench {
	n8n: RestClient;
	meter: UsageMeter;
	files: StoredFiles;
	credentials: CredentialIds;
	/** The credentials name it, so every run's sandbox has the same. */
	sandboxPort: number;
	imageBytes: number;
}

/** A run is given up after so many times what it should take. */
const PATIENCE = 3;

const MIN_PATIENCE_MS = 120_000;

/** Between two runs: n8n writes its database and collects garbage. */
const REST_MS = 700;

export async function measure(bench: Bench, run: Run): Promise<Measurement> {
	const { scenario, way } = run;
	const faults = faultsOf(scenario);
	const sandbox = await startSandbox({
		port: bench.sandboxPort,
		imageBytes: bench.imageBytes,
		taskSeconds: ({ prompt }) => secondsOf(rowOf(prompt), scenario),
		intercept: faults.intercept,
		...(scenario.limited && {
			rateLimit: { perSecond: CREATES_PER_SECOND, steps: ['create'] },
		}),
	});
	faults.watch(sandbox);
	try {
		return { ...run, boundSeconds: boundOf(scenario), ...(await execute()) };
	} finally {
		await sandbox.close();
		await wait(REST_MS);
	}

	async function execute() {
		const { n8n, meter, files, credentials, imageBytes } = bench;
		const baseUrl = sandbox.baseUrls.evoLink;
		const id = await n8n.createWorkflow(workflowFor(run, baseUrl, credentials));
		const patience = PATIENCE * estimateOf(scenario, way) * 1000;
		meter.reset();
		const restMegabytes = meter.read().peakMegabytes;
		const executionId = await n8n.run(id, ROWS);
		const ended = await n8n.waitFor(id, executionId, Math.max(MIN_PATIENCE_MS, patience));
		const usage = meter.read();
		await untilTasksEnd(sandbox);
		const { data, status, seconds, stopped } = ended;
		const message = data.resultData.error?.message;
		const measured = {
			status,
			stopped,
			seconds,
			...(message !== undefined && { error: message }),
			...providerSide(sandbox, faults.caused),
			...(await userSide(data, sandbox, imageBytes, files)),
			restMegabytes,
			...usage,
		};
		await n8n.deleteExecution(executionId);
		await n8n.deleteWorkflow(id);
		return measured;
	}
}

/** What still runs when an execution breaks off is charged all the same. */
async function untilTasksEnd(sandbox: Sandbox): Promise<void> {
	while (sandbox.tasks().some(({ finishedAt }) => finishedAt === undefined)) await wait(100);
}

const SERVER_ERROR = {
	kind: 'answer' as const,
	status: 500,
	body: {
		error: { code: 'internal_error', message: 'Internal server error', type: 'api_error' },
	},
};

const batchSchema = z.object({ task_ids: z.array(z.string()) });

/** One 500, for one row; a failed task is asked for in the prompt. */
function faultsOf({ fault }: Scenario) {
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
		if (caused.size > 0 || !isFaulty(request)) return undefined;
		caused.add(request);
		return SERVER_ERROR;
	};
	return { intercept, caused, watch: (started: Sandbox) => (sandbox = started) };
}

import { sum } from 'lodash';

import { type Failure, type Result, withOtherTaskIds } from '../errors/failure';
import { type RowItem, failureItem } from '../n8n/results';
import { findModel } from '../providers';
import { estimatedCost } from '../providers/price';
import type { CompletedTask, CreatedTask, Provider } from '../providers/provider';
import { linksExpire } from '../providers/resultLinks';
import type { Cost } from '../shared/cost';
import type { TaskInput } from '../tasks/ledgerData';
import type { ParsedResponse } from '../tasks/providerClient';
import type { RowRecord } from '../tasks/rowRecord';
import type { PolledTask } from '../tasks/taskPoller';
import { type DownloadedResults, type MissingImage, downloadResults } from './downloadResults';
import type { RowTools } from './row';
import type { GenerateTools, RowTasks, RowToGenerate } from './rowTasks';

/** What a row returns, and what's missing from it. */
export interface RowImages {
	items: RowItem[];
	missing: readonly MissingImage[];
	/** What they cost in US dollars; undefined if that isn't known. */
	usd?: number;
}

export function taskFacts(taskId: string, record: RowRecord, provider: Provider) {
	const { model, prompt, fallback } = record.input;
	const warning = record.warning();
	return { provider, taskId, model, prompt, fallback, warning, isReused: record.isReused() };
}

export interface FinishedTask {
	polledTask: PolledTask;
	response: ParsedResponse<CompletedTask>;
}

export function polledTaskOf(
	{ taskId, estimatedSeconds }: CreatedTask,
	{ at, isExisting }: RowTasks,
	{ input, options }: RowToGenerate,
	{ client, clock }: RowTools,
): PolledTask {
	return {
		taskId,
		// The clock may have been set back since an earlier try.
		startedAt: Math.min(at, clock.now()),
		timeoutSeconds: options.timeout,
		minIntervalSeconds: options.pollInterval,
		estimatedSeconds,
		minSeconds: findModel(client.provider, input.model)?.minSeconds,
		isExisting,
		isConfirmed: true,
	};
}

export async function waitForTask(
	task: CreatedTask,
	rowTasks: RowTasks,
	row: RowToGenerate,
	tools: RowTools,
): Promise<Result<FinishedTask>> {
	const { taskId, finished } = task;
	const { client, poller } = tools;
	const polledTask = polledTaskOf(task, rowTasks, row, tools);
	const { content = finished, raw = rowTasks.raw } = rowTasks.responses?.get(taskId) ?? {};
	if (content?.status === 'completed' && raw) {
		client.release(taskId);
		return { ok: true, value: { polledTask, response: { content, raw } } };
	}
	const response = await poller.waitFor(polledTask);
	return response.ok ? { ok: true, value: { polledTask, response: response.value } } : response;
}

/** Tasks and images that failed don't take the row's others with them. */
export async function collectRowImages(
	ends: ReadonlyArray<Result<FinishedTask>>,
	row: RowToGenerate,
	record: RowRecord,
	tools: GenerateTools,
): Promise<Result<RowImages>> {
	const { context, itemIndex, client } = tools;
	const memory = tools.memory.ok ? tools.memory.value : undefined;
	const { provider } = client;
	const finished = ends.flatMap((end) => (end.ok ? [end.value] : []));
	const failures = ends.flatMap((end): Failure[] => (end.ok ? [] : [end.failure]));
	for (const { hasEnded, taskId, cost } of failures) {
		if (hasEnded && taskId) memory?.noteFailed(record.idempotencyKey, taskId, cost);
	}
	const unfinished = failures.filter(({ hasEnded }) => !hasEnded);
	const charged = failures.filter((failure) => failure.charged !== 'no');
	const [first] = [...unfinished, ...charged, ...failures];
	if (first && finished.length === 0) {
		const taskIds = failures.flatMap(({ taskId }) => taskId ?? []);
		return { ok: false, failure: withOtherTaskIds(first, taskIds) };
	}
	if (failures.length === 0 && hasFewerImages(finished, row.input)) tools.noteFewerImages();
	const endedWithoutImage = failures.filter(({ hasEnded }) => hasEnded);
	const results: DownloadedResults[] = [];
	const costs: Array<Cost | undefined> = [];
	for (const { polledTask, response } of finished) {
		const facts = taskFacts(polledTask.taskId, record, provider);
		const warnings = [facts.warning, ...endedWithoutImage.map(({ message }) => message)];
		const warning = warnings.filter(Boolean).join('. ') || undefined;
		const known = withKnownDetails(response.content, row.input, provider, polledTask, tools);
		const { imageUrls, cost } = known;
		memory?.noteDelivered(record.idempotencyKey, polledTask.taskId, imageUrls, cost);
		const content = record.isReused() ? { ...known, cost: NO_COST } : known;
		// Until the provider says what a task costs, it counts with its maximum.
		costs.push(content.cost?.estimated ? undefined : content.cost);
		const task = { content, raw: response.raw };
		const only = record.leftOver()?.index;
		results.push(
			await downloadResults({ ...facts, warning }, task, row.options, polledTask, tools, only),
		);
	}
	const [nothing] = results.flatMap(({ failure }) => failure ?? []);
	if (nothing && results.every(({ failure }) => failure)) return { ok: false, failure: nothing };
	const items = results.flatMap((result) => result.items);
	const [reported] = unfinished;
	if (reported) items.push(failureItem(context, { itemIndex, failure: reported }));
	const missing = results.flatMap((result) => result.missing);
	missing.push(...unfinished.flatMap(({ taskId }) => (taskId ? [{ taskId }] : [])));
	// What's left over from an earlier iteration was counted there.
	const isKnown = unfinished.length === 0 && !record.leftOver();
	return { ok: true, value: { items, missing, usd: isKnown ? totalUsd(costs) : undefined } };
}

/** Another execution paid for the images. */
const NO_COST: Cost = { credits: 0, usd: 0 };

function totalUsd(costs: ReadonlyArray<Cost | undefined>): number | undefined {
	const amounts = costs.flatMap((cost) => cost?.usd ?? []);
	return amounts.length === costs.length ? sum(amounts) : undefined;
}

/** Where the provider gives a reason for it, that is said instead. */
function hasFewerImages(finished: readonly FinishedTask[], { images }: TaskInput): boolean {
	const isExplained = finished.some(({ response }) => response.content.missing !== undefined);
	const count = finished.reduce((sum, { response }) => sum + response.content.imageUrls.length, 0);
	return count < images && !isExplained;
}

/** Adds what the provider doesn't say about a finished task, but the node knows. */
function withKnownDetails(
	state: CompletedTask,
	input: TaskInput,
	provider: Provider,
	{ startedAt, isExisting }: PolledTask,
	{ clock }: RowTools,
): CompletedTask {
	const seconds = isExisting ? undefined : Math.round((clock.now() - startedAt) / 100) / 10;
	return {
		...state,
		seconds: state.seconds ?? seconds,
		expiresAt: state.expiresAt ?? linksExpire(new Date(startedAt)),
		cost: state.cost ?? listPrice(input, provider, state.imageUrls.length),
	};
}

function listPrice({ price }: TaskInput, provider: Provider, images: number): Cost | undefined {
	return price && estimatedCost(price, images, provider);
}

import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { alsoNaming, alsoWarned, type Failure, type Result } from '../errors/failure';
import { invalidRow } from '../errors/inputFailures';
import { notMadeAgain } from '../errors/taskFailures';
import { unconfirmedTask } from '../errors/unconfirmedCreate';
import { createLinkCheck } from '../images/checkLinks';
import { createDownloader } from '../n8n/downloader';
import { isEmptyRow, readGenerateRow, readRowSettings, type RowSettings } from '../n8n/readRow';
import { type RowItem, failureItem, isTool } from '../n8n/results';
import { openTaskStore } from '../n8n/taskStore';
import { runningItem } from '../output/taskItems';
import { findModel, findProvider } from '../providers';
import type { CompletedTask, Cost, CreatedTask, Provider } from '../providers/provider';
import { linksExpire } from '../providers/responseSchemas';
import type { ImageRequest } from '../request/imageRequest';
import { fieldLabel } from '../request/labels';
import { requestBody } from '../request/requestBody';
import { requestFingerprint } from '../request/requestFingerprint';
import { createConcurrencyLimiter } from '../shared/concurrencyLimiter';
import type {
	RequestFingerprint,
	BillableTask,
	Ledger,
	TaskInput,
	RowEnd,
	RowRecord,
} from '../tasks/ledger';
import type { ParsedResponse } from '../tasks/providerClient';
import { submitTask, type SubmittedTasks } from '../tasks/submitTask';
import type { PolledTask } from '../tasks/taskPoller';
import { downloadResults, type DownloadedResults, type MissingImage } from './downloadResults';
import { processRows, SKIPPED, type ReadRow, type RowTools } from './processRows';

/** A row with what its task is, or was, made of. */
interface OrderedRow extends RowSettings {
	input: TaskInput;
	/** Undefined where the task exists, or may exist. */
	fingerprint?: RequestFingerprint;
	request?: ImageRequest;
}

/** Makes the images of every row. */
export async function generate(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const ledger = openTaskStore(context);
	try {
		const output = await processRows(context, {
			readRow: rowReader(ledger, context),
			processRow: async (row, tools) => {
				const record = ledger.record(tools.itemIndex, row.fingerprint);
				const result = await generateRow(row, record, ledger, tools);
				if (!result.ok) result.failure = alsoWarned(result.failure, record.warning());
				record.ended(rowEnd(result));
				return result.ok ? { ok: true, value: result.value.items } : result;
			},
			onRetry: onRetry(context),
			imagesOf: ({ input }) => input.images,
			namedAfter: ({ input: { model, prompt } }) => ({ model, prompt }),
			concurrencyLimiter: createConcurrencyLimiter,
		});
		ledger.markDelivered();
		return output;
	} finally {
		if (context.getExecutionCancelSignal?.()?.aborted) logBillable(context, ledger.billable());
		ledger.close();
	}
}

function rowReader(ledger: Ledger, context: IExecuteFunctions) {
	const checkLinks = createLinkCheck(createDownloader(context));
	return async (_context: IExecuteFunctions, itemIndex: number): Promise<ReadRow<OrderedRow>> => {
		const made = ledger.made(itemIndex);
		const maker = made && findProvider(made.provider);
		if (maker) {
			const kept = await readRowSettings(context, itemIndex, maker);
			return kept.ok ? { ok: true, value: { ...kept.value, input: made } } : kept;
		}
		if (!isTool(context) && isEmptyRow(context, itemIndex, 'prompt')) return SKIPPED;
		const read = await readGenerateRow(context, itemIndex);
		if (!read.ok) return read;
		const { provider, request, controls } = read.value;
		const fingerprint = requestFingerprint(provider, request);
		if (controls.checkReferences && isNew(ledger.stateOf(itemIndex, fingerprint), provider)) {
			const problems = await checkLinks(request);
			const messages = problems.map((problem) => `${fieldLabel('imageUrls')}: ${problem}`);
			if (messages.length > 0) return { ok: false, failure: invalidRow(messages, provider) };
		}
		return { ok: true, value: { ...read.value, input: fingerprint.input, fingerprint } };
	};
}

/** What exists is paid, or is asked for again as it was: its links may have expired since. */
function isNew(state: ReturnType<Ledger['stateOf']>, { idempotency }: Provider): boolean {
	return state === undefined || (state === 'sent' && idempotency.trust === 'none');
}

function onRetry(context: IExecuteFunctions): string {
	const finished = 'Seedream Task Status can fetch them, too.';
	return context.getMode?.() === 'integrated'
		? `They are kept for Retry On Fail, and for Retry of this execution of the sub-workflow. A retry of the workflow that called it begins the sub-workflow again and pays for every row. ${finished}`
		: `They are kept: Retry On Fail, or Retry in the list of executions, fetches them again and pays only for the rest. A new run pays for every row. ${finished}`;
}

/** What a stopped execution has paid for stands nowhere else. */
function logBillable(context: IExecuteFunctions, tasks: readonly BillableTask[]): void {
	for (const { row, at, lastAt, taskId, input, warning } of tasks) {
		const provider = findProvider(input.provider)?.label ?? '';
		const { model } = input;
		const sentAt = new Date(at);
		const what =
			taskId === undefined
				? `a Seedream task may have been made at ${provider}: look in its list of tasks for ${unconfirmedTask(model, sentAt, new Date(lastAt))}`
				: `Seedream Task Status can fetch task ${taskId} from ${provider}${warning ? `. ${warning}` : ''}`;
		context.logger.warn(`Stopped: ${what}${logPlace(context, row)}`, {
			row: row + 1,
			model,
			sentAt: sentAt.toISOString(),
		});
	}
}

/** n8n's log shows nothing but the message, unless it is told to. */
function logPlace(context: IExecuteFunctions, itemIndex: number): string {
	const execution = context.getExecutionId();
	return ` (${execution ? `execution ${execution}, ` : ''}row ${itemIndex + 1})`;
}

/** A task that ended is a thing of the past; any other may be fetched yet. */
function rowEnd(result: Result<RowImages>): RowEnd {
	if (result.ok) return { kind: 'done', missing: result.value.missing };
	const { charged, hasEnded } = result.failure;
	if (charged === 'no') return { kind: 'failed' };
	return hasEnded ? { kind: 'spent', charged } : { kind: 'open' };
}

/** What a row hands on, and what it would have handed on as well. */
interface RowImages {
	items: RowItem[];
	missing: readonly MissingImage[];
}

/** The tasks that a row has already, or those that were made for it just now. */
interface RowTasks {
	tasks: readonly CreatedTask[];
	/** When they were made, in milliseconds since 1970. */
	at: number;
	/** What the create's answer said, where it came just now. */
	raw?: SubmittedTasks['raw'];
	isOld: boolean;
}

async function generateRow(
	row: OrderedRow,
	record: RowRecord,
	ledger: Ledger,
	tools: RowTools,
): Promise<Result<RowImages>> {
	const { controls, continueWhen } = row;
	const { itemIndex, client } = tools;
	if (continueWhen === 'submitted') {
		const made = await tools.withSlot(async () => await tasksOf(row, record, ledger, tools));
		if (!made.ok) return made;
		const { tasks, raw } = made.value;
		const options = { ...controls, itemIndex };
		const items = tasks.map(({ taskId }) => {
			client.release(taskId);
			const facts = factsOf(taskId, record, client.provider);
			return runningItem(facts, { status: 'submitted' }, raw, options);
		});
		return { ok: true, value: { items, missing: [] } };
	}
	const finished = await tools.withSlot(async () => {
		const made = await tasksOf(row, record, ledger, tools);
		if (!made.ok) return made;
		const { tasks } = made.value;
		const ends = tasks.map(async (task) => await finish(task, made.value, row, tools));
		return { ok: true as const, value: await Promise.all(ends) };
	});
	if (!finished.ok) return finished;
	return await handOver(finished.value, row, record, tools);
}

function factsOf(taskId: string, { input, warning }: RowRecord, provider: Provider) {
	const { model, prompt } = input;
	return { provider, taskId, model, prompt, warning: warning() };
}

async function tasksOf(
	row: OrderedRow,
	record: RowRecord,
	ledger: Ledger,
	tools: RowTools,
): Promise<Result<RowTasks>> {
	const { context, itemIndex, client } = tools;
	const { provider } = client;
	const log = (what: string) =>
		context.logger.info(`${what}${logPlace(context, itemIndex)}`, { row: itemIndex + 1 });
	const spent = record.spentTasks();
	if (spent) return { ok: false, failure: notMadeAgain(provider, spent.taskIds, spent.charged) };
	const kept = record.tasks();
	if (kept) {
		for (const taskId of kept.taskIds) log(`Seedream task ${taskId} taken up again`);
		const tasks = kept.taskIds.map((taskId) => ({ taskId }));
		return { ok: true, value: { tasks, at: kept.at, isOld: true } };
	}
	const made = await submit(row, record, ledger, tools);
	if (!made.ok) return made;
	for (const { taskId } of made.value.tasks) {
		log(`Seedream task ${taskId} submitted to ${provider.label}`);
	}
	const warning = record.warning();
	if (warning) context.logger.warn(`${warning}${logPlace(context, itemIndex)}`);
	return { ok: true, value: { ...made.value, isOld: false } };
}

async function submit(
	{ request, controls }: OrderedRow,
	record: RowRecord,
	ledger: Ledger,
	{ client, referenceLinks, clock, backoff }: RowTools,
): Promise<Result<SubmittedTasks>> {
	const { provider } = client;
	if (ledger.hasReplayed(provider.id)) client.trustKeys();
	const newBody = async () => {
		if (!request) return { ok: false as const, failure: invalidRow([], provider) };
		const links = await referenceLinks.resolve(request.references, client, request.sendBinaryAs);
		return links.ok ? { ok: true as const, value: requestBody(request, links.value) } : links;
	};
	return await submitTask(client, newBody, record, {
		clock,
		backoff,
		timeoutSeconds: controls.timeout,
		isKnown: (taskId) => ledger.taskIds().has(taskId),
		onReplay: () => ledger.noteReplay(provider.id),
	});
}

interface FinishedTask {
	polledTask: PolledTask;
	answer: ParsedResponse<CompletedTask>;
}

async function finish(
	{ taskId, estimatedSeconds, finished }: CreatedTask,
	{ at, raw, isOld }: RowTasks,
	{ controls }: OrderedRow,
	{ client, poller, clock }: RowTools,
): Promise<Result<FinishedTask>> {
	const polledTask: PolledTask = {
		taskId,
		// The clock may have been set back since an earlier try.
		since: Math.min(at, clock.now()),
		timeoutSeconds: controls.timeout,
		pollSeconds: controls.pollInterval,
		estimatedSeconds,
		isOld,
		isKnown: true,
	};
	if (finished && raw) {
		client.release(taskId);
		return { ok: true, value: { polledTask, answer: { content: finished, raw } } };
	}
	const answer = await poller.waitFor(polledTask);
	return answer.ok ? { ok: true, value: { polledTask, answer: answer.value } } : answer;
}

/** Of several tasks and images, those that did not come do not take the others with them. */
async function handOver(
	ends: ReadonlyArray<Result<FinishedTask>>,
	row: OrderedRow,
	record: RowRecord,
	tools: RowTools,
): Promise<Result<RowImages>> {
	const { context, itemIndex, client } = tools;
	const { provider } = client;
	const failures = ends.flatMap((end): Failure[] => (end.ok ? [] : [end.failure]));
	const [open] = failures.filter(({ hasEnded }) => !hasEnded);
	const finished = ends.flatMap((end) => (end.ok ? [end.value] : []));
	const [first] = open ? [open] : failures;
	if (first && finished.length === 0) {
		const taskIds = failures.flatMap(({ taskId }) => taskId ?? []);
		return { ok: false, failure: alsoNaming(first, taskIds) };
	}
	const images = finished.reduce((sum, { answer }) => sum + answer.content.imageUrls.length, 0);
	const isExplained =
		failures.length > 0 || finished.some(({ answer }) => answer.content.missing !== undefined);
	if (images < row.input.images && !isExplained) tools.noteFewerImages();
	const ended = failures.filter(({ hasEnded }) => hasEnded).map(({ message }) => message);
	const deliveries: DownloadedResults[] = [];
	for (const { polledTask, answer } of finished) {
		const facts = factsOf(polledTask.taskId, record, provider);
		const warning = [facts.warning, ...ended].filter(Boolean).join('. ') || undefined;
		const content = fillIn(answer.content, row.input, provider, polledTask, tools);
		const task = { content, raw: answer.raw };
		const only = record.leftOver()?.index;
		const told = { ...facts, warning };
		deliveries.push(await downloadResults(told, task, row.controls, polledTask, tools, only));
	}
	const [inVain] = deliveries.flatMap(({ failure }) => failure ?? []);
	if (inVain && deliveries.every(({ failure }) => failure)) return { ok: false, failure: inVain };
	const items = deliveries.flatMap((delivery) => delivery.items);
	const missing = deliveries.flatMap((delivery) => delivery.missing);
	const still = ends.flatMap((end) => (end.ok || end.failure.hasEnded ? [] : [end.failure]));
	if (open) items.push(failureItem(context, { itemIndex, failure: open }));
	return {
		ok: true,
		value: {
			items,
			missing: [...missing, ...still.flatMap(({ taskId }) => (taskId ? [{ taskId }] : []))],
		},
	};
}

/** What the provider does not say about the finished task, but is known here. */
function fillIn(
	state: CompletedTask,
	input: TaskInput,
	provider: Provider,
	{ since, isOld }: PolledTask,
	{ clock }: RowTools,
): CompletedTask {
	const seconds = isOld ? undefined : Math.round((clock.now() - since) / 100) / 10;
	return {
		...state,
		seconds: state.seconds ?? seconds,
		expiresAt: state.expiresAt ?? linksExpire(new Date(since)),
		cost: state.cost ?? listPrice(input.model, provider, state.imageUrls.length),
	};
}

function listPrice(model: string, provider: Provider, images: number): Cost | undefined {
	const price = findModel(provider, model)?.creditsPerImage;
	return price === undefined ? undefined : { credits: price * images, estimated: true };
}

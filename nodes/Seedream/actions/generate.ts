import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { withWarning, type Failure, type Result } from '../errors/failure';
import { invalidRow } from '../errors/inputFailures';
import { createLinkCheck } from '../images/checkLinks';
import { createTransparencyCheck } from '../images/checkTransparency';
import { createDownloader } from '../n8n/downloader';
import { ModelSchemas } from '../n8n/modelSchemas';
import {
	isEmptyGenerateRow,
	readGenerateRow,
	readRowSettings,
	type GenerateRow,
} from '../n8n/readRow';
import { isRestarted } from '../n8n/restartedExecution';
import type { RowFields } from '../n8n/rowFields';
import { openTaskStore, readTaskStore } from '../n8n/taskStore';
import { isTool } from '../n8n/tool';
import { runningItem } from '../output/taskItems';
import { findProvider } from '../providers';
import type { Provider } from '../providers/provider';
import { callbackAddress } from '../request/callbackAddress';
import { fieldLabel, fieldMessage } from '../request/labels';
import { requestFingerprint } from '../request/requestFingerprint';
import { ConcurrencyLimiter } from '../shared/concurrencyLimiter';
import type { Ledger } from '../tasks/ledger';
import type { RowEnd, RowRecord } from '../tasks/rowRecord';
import { BatchMemory } from './batchMemory';
import { CostLimit, priceProblem } from './costLimit';
import { FallBack, translateRow } from './fallBack';
import { logBillable } from './log';
import { Previews } from './preview';
import { processRows } from './processRows';
import { type ReadRow, SKIPPED } from './row';
import { type RowImages, collectRowImages, taskFacts, waitForTask } from './rowImages';
import {
	type GenerateTools,
	type RowToGenerate,
	findOrSubmitTasks,
	rowRequestOf,
} from './rowTasks';

/** Generates the images of every row. */
export async function generate(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	await readTaskStore(context);
	const ledger = openTaskStore(context, await isRestarted(context));
	const batchMemory = new BatchMemory(context);
	try {
		const modelSchemas = new ModelSchemas(context);
		const previews = new Previews(context, ledger);
		let costLimit: CostLimit | undefined;
		let reuses = false;
		const fallBack = new FallBack(context, async (row, tools, knownFailure) => {
			const { itemIndex, client } = tools;
			const record = ledger.openRecord(itemIndex, rowRequestOf(row));
			const memory = batchMemory.ofRow(row, record, itemIndex);
			// A create that may have been accepted isn't left for another provider.
			const refuse = () => (record.mayExist() ? undefined : knownFailure());
			const admit = async () => refuse() ?? (await costLimit?.admit(itemIndex, record, client));
			try {
				const known = refuse();
				const result = known
					? { ok: false as const, failure: known }
					: await generateRow(row, record, ledger, admit, { ...tools, memory });
				if (!result.ok) result.failure = withWarning(result.failure, record.warning());
				record.markEnded(rowEnd(result));
				return result.ok ? { ok: true, value: result.value.items } : result;
			} finally {
				costLimit?.settle(record);
			}
		});
		const output = await processRows(context, {
			readRow: previews.reader(rowReader(ledger, context, modelSchemas)),
			refuseAll: async (rows) => {
				costLimit = CostLimit.of(rows, ledger);
				reuses = rows.some(({ options }) => options.reuse !== 'never');
				const tableFailure = await batchMemory.open(rows);
				return costLimit?.refusal(rows) ?? tableFailure;
			},
			processRow: async (row, tools) => await fallBack.generate(row, tools),
			callsBackToo: ({ continueWhen, request }) =>
				continueWhen === 'finished' &&
				request !== undefined &&
				callbackAddress(request) !== undefined,
			limitedModels: () => modelSchemas.models(),
			preview: () => previews.facts(),
			onRetry: () => onRetry(context, reuses),
			imagesOf: ({ input }) => input.images,
			namedAfter: ({ input: { model, prompt } }) => ({ model, prompt }),
			concurrencyLimiter: (concurrency) => new ConcurrencyLimiter(concurrency),
		});
		ledger.markDelivered();
		return output;
	} finally {
		if (context.getExecutionCancelSignal?.()?.aborted) logBillable(context, ledger.billable());
		ledger.close();
		await batchMemory.close();
	}
}

function rowReader(ledger: Ledger, context: IExecuteFunctions, modelSchemas: ModelSchemas) {
	const checkReferences = createReferenceCheck(context);
	return async (fields: RowFields): Promise<ReadRow<RowToGenerate>> => {
		const { itemIndex } = fields;
		const input = ledger.previousInput(itemIndex);
		const previous = input && findProvider(input.provider);
		if (previous) {
			const settings = await readRowSettings(fields, previous);
			return settings.ok ? { ok: true, value: { ...settings.value, input } } : settings;
		}
		if (!isTool(context) && isEmptyGenerateRow(fields)) return SKIPPED;
		const read = await readGenerateRow(fields);
		if (!read.ok) return read;
		const { recheck, ...row } = read.value;
		const { provider } = row;
		// From the row alone, because the provider may state other limits the next time, or none.
		const rowRequest = requestFingerprint(provider, row.request);
		const value = { ...row, input: rowRequest.input, rowRequest };
		const found = ledger.inputOf(itemIndex, rowRequest);
		// Another provider, if the row fell back.
		const creator = (found && findProvider(found.provider)) ?? provider;
		if (found && !isNew(ledger.stateOf(itemIndex, rowRequest), creator)) {
			const existing = { ...value, provider: creator, input: found, exists: true as const };
			// It's still needed if an equal row takes the task over.
			const request = creator === provider ? row.request : undefined;
			return { ok: true, value: { ...existing, request } };
		}
		const schema = await modelSchemas.find(provider, row.request, itemIndex);
		const request = schema ? recheck(schema) : { ok: true as const, value: row.request };
		if (!request.ok) return request;
		const checked = { ...value, request: request.value };
		const messages = [...priceProblem(checked), ...(await checkReferences(checked))];
		if (messages.length > 0) return { ok: false, failure: invalidRow(messages, provider) };
		if (creator === provider) return { ok: true, value: checked };
		const reason = found?.fallback?.reason ?? '';
		const moved = await translateRow(context, checked, creator, reason, itemIndex);
		return moved.ok ? moved : { ok: false, failure: invalidRow(moved.problems, creator) };
	};
}

/** Finds out what only the content of the reference images tells. */
function createReferenceCheck(context: IExecuteFunctions) {
	const open = createDownloader(context);
	const checkLinks = createLinkCheck(open);
	const checkTransparency = createTransparencyCheck(open);
	return async ({ request, options }: Omit<GenerateRow, 'recheck'>): Promise<string[]> => {
		const problems = options.checkReferences ? await checkLinks(request) : [];
		if (problems.length > 0) {
			return problems.map((problem) =>
				fieldMessage(fieldLabel('imageUrls'), `contains ${problem}`),
			);
		}
		const problem = await checkTransparency(request, options.checkReferences);
		return problem === undefined ? [] : [fieldMessage(fieldLabel('background'), problem)];
	};
}

/** A task that exists is paid for, or its create is sent again as it was: its links may have expired since. */
function isNew(state: ReturnType<Ledger['stateOf']>, { idempotency }: Provider): boolean {
	return state === undefined || (state === 'sent' && idempotency.trust === 'none');
}

function onRetry(context: IExecuteFunctions, reuses: boolean): string {
	const paid = reuses
		? "you pay again for rows whose images 'Reuse Recent Images' doesn't find"
		: 'you pay for every row';
	const finished = 'You can also fetch them with the Seedream Task Status node.';
	return context.getMode?.() === 'integrated'
		? `The node saves them for Retry On Fail and for a retry of this sub-workflow execution. If you retry the parent workflow instead, the sub-workflow starts over and ${paid}. ${finished}`
		: `The node saves them: Retry On Fail, or Retry on the Executions tab, fetches them again and you only pay for the rest. In a new execution, ${paid}. ${finished}`;
}

/** A task that ended is settled; any other can still be fetched. */
function rowEnd(result: Result<RowImages>): RowEnd {
	if (result.ok) return { kind: 'done', missing: result.value.missing, usd: result.value.usd };
	const { charged, hasEnded } = result.failure;
	if (charged === 'no') return { kind: 'failed' };
	return hasEnded ? { kind: 'spent', charged } : { kind: 'open' };
}

async function generateRow(
	row: RowToGenerate,
	record: RowRecord,
	ledger: Ledger,
	/** Why the row's create isn't sent; undefined once it may be. */
	admit: () => Promise<Failure | undefined>,
	tools: GenerateTools,
): Promise<Result<RowImages>> {
	const { options, continueWhen } = row;
	const { itemIndex, client } = tools;
	const submit = async () => {
		const refusal = await admit();
		return refusal
			? { ok: false as const, failure: refusal }
			: await findOrSubmitTasks(row, record, ledger, tools);
	};
	if (continueWhen === 'submitted') {
		const submitted = await tools.withSlot(submit);
		if (!submitted.ok) return submitted;
		const { tasks, raw } = submitted.value;
		const itemOptions = { ...options, itemIndex };
		const items = tasks.map(({ taskId }) => {
			client.release(taskId);
			const facts = taskFacts(taskId, record, client.provider);
			return runningItem(facts, { status: 'submitted' }, raw, itemOptions);
		});
		return { ok: true, value: { items, missing: [] } };
	}
	const finished = await tools.withSlot(async () => {
		const submitted = await submit();
		if (!submitted.ok) return submitted;
		const { tasks } = submitted.value;
		const ends = tasks.map(async (task) => await waitForTask(task, submitted.value, row, tools));
		return { ok: true as const, value: await Promise.all(ends) };
	});
	if (!finished.ok) return finished;
	return await collectRowImages(finished.value, row, record, tools);
}

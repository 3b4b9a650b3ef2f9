import { z } from 'zod';

import type { SandboxResponse } from '../sandbox/responses';
import type { ProviderName } from '../sandbox/sandbox';
import type { FaultContext } from './faults';

/**
 * The same response as other versions of the providers, or similar providers, would send it: nothing is
 * lost, it's only in other places. Clients tolerate all these variants. A response without a task stays
 * as it is.
 */

type Json = Record<string, unknown>;

type Variant = (task: Json, images: string[]) => Json;

const jsonObject = z.record(z.unknown());

const idSchema = z.object({ id: z.string() }).transform(({ id }) => id);
const taskIdSchema = z.object({ task_id: z.string() }).transform(({ task_id: id }) => id);
const oneId = taskIdSchema.or(idSchema);

const CREATED: Record<ProviderName, z.ZodType<string[], z.ZodTypeDef, unknown>> = {
	evoLink: idSchema.transform((id) => [id]),
	apiMart: z
		.object({ data: z.array(oneId).or(oneId.transform((id) => [id])) })
		.transform(({ data }) => data),
	apiInOne: z.object({ data: taskIdSchema }).transform(({ data }) => [data]),
};

/** The task IDs in a response to a create request. */
export function createdIds(provider: ProviderName, { body }: SandboxResponse): string[] {
	return CREATED[provider].safeParse(body).data ?? [];
}

function pick<T>(
	variants: readonly T[],
	{ random: random, purpose }: FaultContext,
	what: string,
): T {
	return random.pick(variants, ...purpose, what);
}

// --- Create requests --------------------------------------------------------------------------------------

const CREATE_VARIANTS: Record<ProviderName, ReadonlyArray<(ids: string[]) => Json>> = {
	evoLink: [
		([id]) => ({ task_id: id }),
		([id]) => ({ data: { id } }),
		([id]) => ({ id, status: 'pending' }),
		([id]) => ({ id, status: 'processing', error: null }),
		([id]) => ({ code: 200, message: 'success', data: { task_id: id, status: 'pending' } }),
	],
	apiMart: [
		(ids) => ({ code: 200, data: ids.map((id) => ({ status: 'submitted', task_id: id })) }),
		(ids) => ({ code: 202, data: ids.map((id) => ({ id, status: 'queued' })) }),
		(ids) => ({ data: ids.map((id) => ({ taskId: id })) }),
		([id, ...more]) => ({
			code: 200,
			data: more.length === 0 ? { task_id: id } : [id, ...more].map((one) => ({ task_id: one })),
		}),
	],
	apiInOne: [
		([id]) => ({ id, status: 'pending' }),
		([id]) => ({ data: { taskId: id } }),
		([id]) => ({ code: 200, msg: 'success', data: { taskId: id, state: 'waiting' } }),
		([id]) => ({ task_id: id }),
		([id]) => ({ code: 200, data: { id, status: 'queued' } }),
	],
};

/** Looks like a failure, but names the tasks that were created. */
export function asErrorNamingTask(answer: SandboxResponse, context: FaultContext): SandboxResponse {
	const ids = createdIds(context.provider, answer);
	const [id] = ids;
	if (id === undefined) return answer;
	const status = pick([200, 400, 500, 502], context, 'status');
	const error = { code: status, message: 'upstream error', type: 'server_error' };
	const tasks = ids.map((one) => ({ task_id: one }));
	const bodies =
		ids.length === 1
			? [
					{ error, task_id: id },
					{ error: { ...error, task_id: id } },
					{ error, data: { task_id: id } },
					{ error, data: tasks },
				]
			: [{ error, data: tasks }];
	return { ...answer, status, body: pick(bodies, context, 'body') };
}

// --- Tasks ----------------------------------------------------------------------------------------

/** The task in the provider's own response; undefined in an error. */
function taskIn(provider: ProviderName, body: unknown): Json | undefined {
	const found = provider === 'evoLink' ? body : jsonObject.safeParse(body).data?.data;
	const task = jsonObject.safeParse(found).data;
	return typeof task?.status === 'string' ? task : undefined;
}

function wrapTask(provider: ProviderName, task: Json): Json {
	return provider === 'evoLink' ? task : { code: 200, data: task };
}

const imageSchemas: Record<ProviderName, z.ZodType<string[], z.ZodTypeDef, unknown>> = {
	evoLink: z.object({ results: z.array(z.string()) }).transform(({ results }) => results),
	// Entries with the reason for a missing image have no links, so such results aren't changed.
	apiMart: z
		.object({ result: z.object({ images: z.array(z.object({ url: z.array(z.string()) })) }) })
		.transform(({ result }) => result.images.flatMap(({ url }) => url)),
	apiInOne: z
		.object({ output: z.object({ image_urls: z.array(z.string()) }) })
		.transform(({ output }) => output.image_urls),
};

/** With the links in other places. */
const IMAGE_VARIANTS: Record<ProviderName, readonly Variant[]> = {
	evoLink: [
		(task, images) => ({
			...task,
			results: null,
			result_data: images.map((image_url) => ({ image_url })),
		}),
		(task, images) => ({ ...task, results: [], result_data: images.map((url) => ({ url })) }),
		(task, images) => ({
			...task,
			result_data: images.map((url, index) => ({ url, name: `image ${index}` })),
		}),
	],
	apiMart: [
		(task, images) => ({ ...task, result: { images: images.map((url) => ({ url })) } }),
		({ result: _result, ...task }, images) => ({ ...task, images }),
		(task, images) => ({ ...task, result: { data: images.map((url) => ({ url })) } }),
		({ result, ...task }, images) =>
			images.length === 1 ? { ...task, output_url: images[0] } : { ...task, result },
	],
	apiInOne: [
		({ output: _output, ...task }, images) => ({ ...task, outputs: images }),
		(task, [image]) => ({ ...task, output: image }),
		({ output: _output, ...task }, images) => ({ ...task, result: { images } }),
		({ output: _output, ...task }, images) => ({
			...task,
			resultJson: JSON.stringify({ resultUrls: images }),
		}),
		({ output: _output, ...task }, [image]) => ({ ...task, image_url: image }),
		({ output: _output, ...task }, images) => ({ ...task, response: { resultUrls: images } }),
	],
};

const layerSchema = z.object({
	result_data: z.array(z.object({ z_index: z.number() }).passthrough()),
});

/** Of layers, whose order only stands in their descriptions. */
const LAYER_VARIANTS: ReadonlyArray<(task: Json, layers: Json[]) => Json> = [
	(task) => ({ ...task, results: null }),
	(task) => ({ ...task, results: [] }),
	(task, layers) => ({ ...task, result_data: [...layers].reverse() }),
];

const reasonSchema = z
	.object({ error: z.object({ code: z.string(), message: z.string() }) })
	.transform(({ error }) => error);

/** With the reason for a failure in other places. */
const REASON_VARIANTS: Record<
	ProviderName,
	ReadonlyArray<(task: Json, reason: { code: string; message: string }) => Json>
> = {
	evoLink: [(task, { message }) => ({ ...task, error: message })],
	apiMart: [
		(task, { message }) => ({ ...task, error: message }),
		({ error: _error, ...task }, { message }) => ({ ...task, error_message: message }),
		({ error: _error, ...task }, { message }) => ({ ...task, fail_reason: message }),
		({ error: _error, ...task }, { message }) => ({ ...task, message }),
	],
	apiInOne: [
		(task, { message }) => ({ ...task, error: message }),
		({ error: _error, ...task }, { code, message }) => ({
			...task,
			failCode: code,
			failMsg: message,
		}),
		({ error: _error, ...task }, { message }) => ({ ...task, msg: message }),
	],
};

const WRAPPERS: Record<ProviderName, ReadonlyArray<(task: Json) => Json>> = {
	evoLink: [
		(task) => task,
		(task) => ({ data: task }),
		(task) => ({ code: 200, message: 'success', data: task }),
	],
	apiMart: [
		(task) => ({ code: 200, data: task }),
		(task) => task,
		({ id, ...task }) => ({ success: true, code: 200, data: { ...task, task_id: id } }),
	],
	apiInOne: [
		(task) => ({ code: 200, message: 'success', data: task }),
		(task) => task,
		({ task_id: taskId, status: state, ...task }) => ({
			code: 200,
			msg: 'success',
			data: { ...task, taskId, state },
		}),
		({ task_id: id, ...task }) => ({ ...task, id }),
	],
};

/** Changes everything but the wrapper. */
function reshapeTask(provider: ProviderName, task: Json, context: FaultContext): Json {
	const layers = layerSchema.safeParse(task).data?.result_data;
	if (layers) return pick(LAYER_VARIANTS, context, 'layers')(task, layers);
	const images = imageSchemas[provider].safeParse(task).data ?? [];
	if (images.length > 0) return pick(IMAGE_VARIANTS[provider], context, 'images')(task, images);
	const reason = reasonSchema.safeParse(task).data;
	return reason ? pick(REASON_VARIANTS[provider], context, 'reason')(task, reason) : task;
}

const batchSchema = z.object({ data: z.array(jsonObject) });

/** Changes every task in a batch response. */
function changeBatch(answer: SandboxResponse, change: (task: Json) => Json): SandboxResponse {
	const batch = batchSchema.safeParse(answer.body).data;
	if (!batch || batch.data.length === 0) return answer;
	return { ...answer, body: { code: 200, success: true, data: batch.data.map(change) } };
}

/** With another wrapper, another name for the ID, and links and reasons in other places. */
export function withVariantShape(answer: SandboxResponse, context: FaultContext): SandboxResponse {
	const { provider, target } = context;
	if (target === 'create') {
		const ids = createdIds(provider, answer);
		if (ids.length === 0) return answer;
		return { ...answer, body: pick(CREATE_VARIANTS[provider], context, 'way')(ids) };
	}
	if (target === 'batch')
		return changeBatch(answer, (task) => reshapeTask(provider, task, context));
	const task = taskIn(provider, answer.body);
	if (!task) return answer;
	const wrap = pick(WRAPPERS[provider], context, 'wrapper');
	return { ...answer, body: wrap(reshapeTask(provider, task, context)) };
}

// --- Statuses ----------------------------------------------------------------------------------------

const FINAL_STATUSES = {
	completed: ['succeeded', 'success', 'done', 'Success', 'SUCCEEDED'],
	failed: ['fail', 'failure', 'error', 'rejected', 'canceled', 'cancelled', 'expired', 'ERROR'],
};

/** Undocumented: the task is still in progress. */
const UNKNOWN_STATUSES = ['reviewing', 'warming_up', 'throttled', 'WAITING_FOR_GPU'];

function withOtherStatus(task: Json, context: FaultContext): Json {
	const status = String(task.status).toLowerCase();
	const words =
		status === 'completed' || status === 'failed' ? FINAL_STATUSES[status] : UNKNOWN_STATUSES;
	return { ...task, status: pick(words, context, 'word') };
}

/** With another final status for a finished task, and an unknown one for others. */
export function withVariantStatus(answer: SandboxResponse, context: FaultContext): SandboxResponse {
	const { provider, target } = context;
	if (target === 'batch') return changeBatch(answer, (task) => withOtherStatus(task, context));
	const task = taskIn(provider, answer.body);
	return task ? { ...answer, body: wrapTask(provider, withOtherStatus(task, context)) } : answer;
}

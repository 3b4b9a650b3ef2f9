import { z } from 'zod';

import type { Answer } from '../sandbox/responses';
import type { ProviderName } from '../sandbox/sandbox';
import type { Occasion } from './faults';

/**
 * The same answer as other versions of the providers, and other providers of their family, would give it:
 * nothing is lost, it only stands elsewhere. Clients tolerate each of these shapes. An answer that has
 * no task in it is left as it is.
 */

type Json = Record<string, unknown>;

type Way = (task: Json, images: string[]) => Json;

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

/** The tasks that a sound answer to a create names. */
export function createdIds(provider: ProviderName, { body }: Answer): string[] {
	return CREATED[provider].safeParse(body).data ?? [];
}

function pick<T>(ways: readonly T[], { draw, purpose }: Occasion, what: string): T {
	return draw.pick(ways, ...purpose, what);
}

// --- Creates --------------------------------------------------------------------------------------

const CREATE_WAYS: Record<ProviderName, ReadonlyArray<(ids: string[]) => Json>> = {
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

/** It sounds as if nothing had been made, and names what was. */
export function errorWithTheTask(answer: Answer, occasion: Occasion): Answer {
	const ids = createdIds(occasion.provider, answer);
	const [id] = ids;
	if (id === undefined) return answer;
	const status = pick([200, 400, 500, 502], occasion, 'status');
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
	return { ...answer, status, body: pick(bodies, occasion, 'body') };
}

// --- Tasks ----------------------------------------------------------------------------------------

/** Where the task stands in the provider's own answer; undefined in an error. */
function taskIn(provider: ProviderName, body: unknown): Json | undefined {
	const found = provider === 'evoLink' ? body : jsonObject.safeParse(body).data?.data;
	const task = jsonObject.safeParse(found).data;
	return typeof task?.status === 'string' ? task : undefined;
}

function around(provider: ProviderName, task: Json): Json {
	return provider === 'evoLink' ? task : { code: 200, data: task };
}

const imageSchemas: Record<ProviderName, z.ZodType<string[], z.ZodTypeDef, unknown>> = {
	evoLink: z.object({ results: z.array(z.string()) }).transform(({ results }) => results),
	// An entry that tells why an image is missing has no links, and its neighbours stay as they are.
	apiMart: z
		.object({ result: z.object({ images: z.array(z.object({ url: z.array(z.string()) })) }) })
		.transform(({ result }) => result.images.flatMap(({ url }) => url)),
	apiInOne: z
		.object({ output: z.object({ image_urls: z.array(z.string()) }) })
		.transform(({ output }) => output.image_urls),
};

/** With the links somewhere else. */
const IMAGE_WAYS: Record<ProviderName, readonly Way[]> = {
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

const reasonSchema = z
	.object({ error: z.object({ code: z.string(), message: z.string() }) })
	.transform(({ error }) => error);

/** With the reason of a failure somewhere else. */
const REASON_WAYS: Record<
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

/** Everything but the wrapper. */
function toldAnew(provider: ProviderName, task: Json, occasion: Occasion): Json {
	const images = imageSchemas[provider].safeParse(task).data ?? [];
	if (images.length > 0) return pick(IMAGE_WAYS[provider], occasion, 'images')(task, images);
	const reason = reasonSchema.safeParse(task).data;
	return reason ? pick(REASON_WAYS[provider], occasion, 'reason')(task, reason) : task;
}

const batchSchema = z.object({ data: z.array(jsonObject) });

/** The tasks of a batch answer, each changed; as it was, where there is none. */
function changeBatch(answer: Answer, change: (task: Json) => Json): Answer {
	const batch = batchSchema.safeParse(answer.body).data;
	if (!batch || batch.data.length === 0) return answer;
	return { ...answer, body: { code: 200, success: true, data: batch.data.map(change) } };
}

/** Other wrappers, other names of the id, links and reasons elsewhere. */
export function inAnotherShape(answer: Answer, occasion: Occasion): Answer {
	const { provider, target } = occasion;
	if (target === 'create') {
		const ids = createdIds(provider, answer);
		if (ids.length === 0) return answer;
		return { ...answer, body: pick(CREATE_WAYS[provider], occasion, 'way')(ids) };
	}
	if (target === 'batch') return changeBatch(answer, (task) => toldAnew(provider, task, occasion));
	const task = taskIn(provider, answer.body);
	if (!task) return answer;
	const wrap = pick(WRAPPERS[provider], occasion, 'wrapper');
	return { ...answer, body: wrap(toldAnew(provider, task, occasion)) };
}

// --- Words ----------------------------------------------------------------------------------------

const ENDED = {
	completed: ['succeeded', 'success', 'done', 'Success', 'SUCCEEDED'],
	failed: ['fail', 'failure', 'error', 'rejected', 'canceled', 'cancelled', 'expired', 'ERROR'],
};

/** In no document: they mean that the task goes on. */
const GOES_ON = ['reviewing', 'warming_up', 'throttled', 'WAITING_FOR_GPU'];

function reworded(task: Json, occasion: Occasion): Json {
	const status = String(task.status).toLowerCase();
	const words = status === 'completed' || status === 'failed' ? ENDED[status] : GOES_ON;
	return { ...task, status: pick(words, occasion, 'word') };
}

/** Another of the documented final words for a task that has ended, an unknown one for one that has not. */
export function withAnotherWord(answer: Answer, occasion: Occasion): Answer {
	const { provider, target } = occasion;
	if (target === 'batch') return changeBatch(answer, (task) => reworded(task, occasion));
	const task = taskIn(provider, answer.body);
	return task ? { ...answer, body: around(provider, reworded(task, occasion)) } : answer;
}

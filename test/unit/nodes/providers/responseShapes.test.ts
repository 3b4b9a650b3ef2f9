import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';

import type { Failure } from '../../../../nodes/Seedream/errors/failure';
import { findProvider } from '../../../../nodes/Seedream/providers';
import type { CreatedTask, Provider } from '../../../../nodes/Seedream/providers/provider';
import { ConcurrencyLimiter } from '../../../../nodes/Seedream/shared/concurrencyLimiter';
import { ProviderClient } from '../../../../nodes/Seedream/tasks/providerClient';
import { virtualClock } from '../virtualClock';

/**
 * One file per known kind of response: where it's documented, the response itself and the expected
 * result. To add a kind, add a file.
 */

const FOLDER = join(__dirname, '../../../fixtures/responses');

const shape = z.object({
	documented: z.string().min(1),
	status: z.number(),
	headers: z.record(z.string()).default({}),
	body: z.unknown(),
	becomes: z.record(z.unknown()),
});

type Shape = z.infer<typeof shape>;

interface Case {
	title: string;
	provider: Provider;
	call: string;
	shape: Shape;
}

const TASK_ID = 'task-of-the-test';
const MODEL = 'doubao-seedream-4.5';

const cases: Case[] = readdirSync(FOLDER).flatMap((id) =>
	readdirSync(join(FOLDER, id)).flatMap((call) =>
		readdirSync(join(FOLDER, id, call)).map((file) => {
			const provider = findProvider(id);
			if (!provider) throw new Error(`${id} isn't a provider`);
			const content: unknown = JSON.parse(readFileSync(join(FOLDER, id, call, file), 'utf8'));
			const title = `${provider.label}, ${call}: ${basename(file, '.json').replaceAll('-', ' ')}`;
			return { title, provider, call, shape: shape.parse(content) };
		}),
	),
);

function respondingProvider(provider: Provider, { status, headers, body }: Shape): ProviderClient {
	const respond = async () => ({ kind: 'response' as const, status, headers, body });
	const door = { send: respond, upload: respond };
	return new ProviderClient(provider, new ConcurrencyLimiter(0), door, virtualClock(), {
		patienceSeconds: 600,
	});
}

const repeatOf = ({ retry, meaning }: Failure) =>
	retry === undefined ? 'no' : meaning === 'inProgress' ? 'wait' : 'yes';

function failed(failure: Failure, { becomes }: Shape) {
	const { says = '', code } = z
		.object({ says: z.string().optional(), code: z.string().optional() })
		.parse(becomes.failure ?? {});
	expect(failure.message).toContain(says);
	return {
		failure: {
			charged: failure.charged,
			repeat: repeatOf(failure),
			says,
			...(code === undefined ? {} : { code: failure.code }),
		},
	};
}

function created({ taskId, estimatedSeconds, finished }: CreatedTask) {
	return { taskId, estimatedSeconds, imageUrls: finished?.imageUrls };
}

function asJson(value: unknown): unknown {
	return JSON.parse(JSON.stringify(value));
}

/** The result, in the format of the files. */
async function becomes({ provider, call, shape: given }: Case): Promise<unknown> {
	const client = respondingProvider(provider, given);
	switch (call) {
		case 'create': {
			const result = await client.create({}, 'key', () => {});
			if (!result.ok) return failed(result.failure, given);
			return { tasks: result.value.content.map(created), isReplay: result.value.isReplay };
		}
		case 'query': {
			const result = await client.query(TASK_ID, Infinity);
			if (!result?.ok) return result && failed(result.failure, given);
			return { state: asJson(result.value.content) };
		}
		case 'batch': {
			const { batchQuery } = provider;
			const result = batchQuery && (await client.queryMany([TASK_ID], batchQuery, Infinity));
			if (!result?.ok) return result && failed(result.failure, given);
			const states = [...result.value].map(([id, { content }]) => [id, asJson(content)]);
			const absent = z.array(z.string()).parse(given.becomes.left_out ?? []);
			return {
				states: Object.fromEntries(states) as unknown,
				left_out: absent.filter((id) => !result.value.has(id)),
			};
		}
		case 'list': {
			const listed = await client.listTasks(MODEL, -Infinity);
			return { listed: asJson(listed) };
		}
		case 'upload': {
			const { fileReferences: files } = provider;
			if (files.kind !== 'upload') throw new Error(`${provider.label} accepts no files`);
			const upload = { ...files, fileName: '', mimeType: '', bytes: 0, content: NO_CONTENT };
			const result = await client.upload(upload, files.parseUploaded);
			return result.ok ? { url: result.value } : failed(result.failure, given);
		}
		default:
			throw new Error(`"${call}" isn't a kind of request`);
	}
}

const NO_CONTENT = {
	chunks: (async function* () {})(),
	framed: () => ({}),
	discard: () => undefined,
};

it.each(cases)('$title', async (one) => {
	expect(await becomes(one)).toMatchObject(one.shape.becomes);
});

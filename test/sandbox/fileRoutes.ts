import type { FastifyInstance } from 'fastify';

import { readByteRange, type FileStore, type StoredFile } from './fileStore';
import { objectNotFound, objectStoreError } from './objectStore';
import type { RequestPipeline } from './requestPipeline';
import type { SandboxResponse } from './responses';

/** From `start` up to, but not including, `end`. */
interface ByteRange {
	start: number;
	end: number;
}

/** `GET /uploads/<id>` serves uploads and the files that a test added. Like a CDN, it needs no API key. */
export function addFileRoutes(
	app: FastifyInstance,
	{ now, pipeline, files }: { now(): number; pipeline: RequestPipeline; files: FileStore },
): void {
	app.get<{ Params: { id: string } }>('/uploads/:id', (request, reply) => {
		const file = files.find(request.params.id, now());
		const owner = file?.provider === undefined ? {} : { provider: file.provider };
		return pipeline.handle(request, reply, { ...owner, step: 'download' }, () =>
			file === undefined ? objectNotFound() : download(file, request.headers.range),
		);
	});
}

async function download(
	file: StoredFile,
	rangeHeader: string | undefined,
): Promise<SandboxResponse> {
	const headers = { 'content-type': file.contentType, 'accept-ranges': 'bytes' };
	const range = parseRange(rangeHeader, file.bytes);
	if (range === undefined) {
		return { status: 200, headers, body: await readByteRange(file.path, 0, file.bytes) };
	}
	const { start, end } = range;
	if (start >= end) {
		const error = objectStoreError(416, 'InvalidRange', 'The requested range is not satisfiable');
		return { ...error, headers: { ...error.headers, 'content-range': `bytes */${file.bytes}` } };
	}
	return {
		status: 206,
		headers: { ...headers, 'content-range': `bytes ${start}-${end - 1}/${file.bytes}` },
		body: await readByteRange(file.path, start, end),
	};
}

/**
 * RFC 9110, section 14.1.2: `a-b`, `a-` and `-n`. Anything else (several ranges, another unit) is ignored, as
 * servers may. A range outside the file comes out empty.
 */
function parseRange(header: string | undefined, bytes: number): ByteRange | undefined {
	const match = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/.exec(header ?? '');
	if (match === null) return undefined;
	const [, first, last, suffix] = match;
	if (suffix !== undefined) return { start: Math.max(0, bytes - Number(suffix)), end: bytes };
	if (last !== undefined && last !== '' && Number(last) < Number(first)) return undefined;
	return {
		start: Number(first),
		end: last === undefined || last === '' ? bytes : Math.min(Number(last) + 1, bytes),
	};
}

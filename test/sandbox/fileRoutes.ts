import type { FastifyInstance } from 'fastify';

import type { FaultDoor } from './faults';
import { readSlice, type FileShelf, type ShelvedFile } from './fileShelf';
import { objectStoreError } from './imageRoutes';
import type { Answer } from './responses';

/** A part of a file: from `start` up to and without `end`. */
interface Slice {
	start: number;
	end: number;
}

/** `GET /uploads/<id>`: uploads and files a test put there. No key is asked for, as with any CDN. */
export function addFileRoutes(
	app: FastifyInstance,
	{ now, door, files }: { now(): number; door: FaultDoor; files: FileShelf },
): void {
	app.get<{ Params: { id: string } }>('/uploads/:id', (request, reply) => {
		const file = files.find(request.params.id, now());
		const owner = file?.provider === undefined ? {} : { provider: file.provider };
		return door.serve(request, reply, { ...owner, step: 'download' }, () =>
			file === undefined
				? objectStoreError(404, 'NoSuchKey', 'The specified key does not exist.')
				: download(file, request.headers.range),
		);
	});
}

async function download(file: ShelvedFile, range: string | undefined): Promise<Answer> {
	const headers = { 'content-type': file.contentType, 'accept-ranges': 'bytes' };
	const slice = sliceOf(range, file.bytes);
	if (slice === undefined) {
		return { status: 200, headers, body: await readSlice(file.path, 0, file.bytes) };
	}
	if (slice.start >= slice.end) {
		const refusal = objectStoreError(416, 'InvalidRange', 'The requested range is not satisfiable');
		return {
			...refusal,
			headers: { ...refusal.headers, 'content-range': `bytes */${file.bytes}` },
		};
	}
	const { start, end } = slice;
	return {
		status: 206,
		headers: { ...headers, 'content-range': `bytes ${start}-${end - 1}/${file.bytes}` },
		body: await readSlice(file.path, start, end),
	};
}

/**
 * RFC 9110, 14.1.2: `a-b`, `a-` and `-n`. What it does not know (several ranges, another unit) is ignored, as a
 * server may; a range outside the file comes out empty.
 */
function sliceOf(range: string | undefined, bytes: number): Slice | undefined {
	const match = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/.exec(range ?? '');
	if (match === null) return undefined;
	const [, first, last, suffix] = match;
	if (suffix !== undefined) return { start: Math.max(0, bytes - Number(suffix)), end: bytes };
	if (last !== undefined && last !== '' && Number(last) < Number(first)) return undefined;
	return {
		start: Number(first),
		end: last === undefined || last === '' ? bytes : Math.min(Number(last) + 1, bytes),
	};
}

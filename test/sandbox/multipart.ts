import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyInstance } from '@fastify/busboy';

/** A file of a form, on the disk. */
export interface FilePart {
	field: string;
	path: string;
	/** From the client; empty if absent. */
	fileName: string;
	/** From the client. */
	mimeType: string;
	bytes: number;
	sha256: string;
}

export interface MultipartForm {
	/** Only those that arrived complete. */
	parts: FilePart[];
	/** By name. The last field wins if a name is repeated. */
	fields: ReadonlyMap<string, string>;
	/** Why the form can't be read. */
	error?: string;
}

const MULTIPART = /^multipart\/form-data\s*;/i;

/** Streams each file of a form to a path of its own, computes its hash, and reads the text fields. */
export async function readForm(
	request: IncomingMessage,
	newPath: () => string,
): Promise<MultipartForm> {
	const contentType = request.headers['content-type'] ?? '';
	if (!MULTIPART.test(contentType)) return notMultipart();
	let parser: BusboyInstance;
	try {
		parser = new Busboy({ headers: { ...request.headers, 'content-type': contentType } });
	} catch {
		return notMultipart();
	}
	const streams: Readable[] = [];
	const writes: Array<Promise<FilePart | undefined>> = [];
	const fields = new Map<string, string>();
	parser.on('field', (name, text) => fields.set(name, text));
	parser.on('file', (field, stream, fileName, _encoding, mimeType) => {
		const part = { field, fileName: fileName ?? '', mimeType, path: newPath() };
		streams.push(stream);
		writes.push(writePart(stream, part));
	});
	const error = await pipeInto(parser, request);
	// After an error, these streams get no more data and never end on their own.
	if (error !== undefined) streams.forEach((stream) => stream.destroy());
	const parts = (await Promise.all(writes)).filter((part) => part !== undefined);
	return { parts, fields, ...(error !== undefined && { error }) };
}

function notMultipart(): MultipartForm {
	return { parts: [], fields: new Map(), error: 'The request must be multipart/form-data' };
}

/** Undefined if the part is incomplete. */
async function writePart(
	stream: Readable,
	part: Omit<FilePart, 'bytes' | 'sha256'>,
): Promise<FilePart | undefined> {
	const hash = createHash('sha256');
	let bytes = 0;
	async function* counted(chunks: AsyncIterable<Buffer>) {
		for await (const chunk of chunks) {
			hash.update(chunk);
			bytes += chunk.length;
			yield chunk;
		}
	}
	try {
		await pipeline(stream, counted, createWriteStream(part.path));
	} catch {
		return undefined;
	}
	return { ...part, bytes, sha256: hash.digest('hex') };
}

/** Resolves with the error, if any. The rest of a malformed body is drained so that the client can read the response. */
function pipeInto(parser: BusboyInstance, request: IncomingMessage): Promise<string | undefined> {
	return new Promise((done) => {
		parser.once('finish', () => done(undefined));
		parser.on('error', () => {
			request.unpipe(parser);
			request.resume();
			done('The multipart body is malformed');
		});
		request.once('close', () => {
			if (!request.complete) done('The upload is incomplete');
		});
		request.pipe(parser);
	});
}

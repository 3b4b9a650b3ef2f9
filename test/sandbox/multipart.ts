import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyInstance } from '@fastify/busboy';

/** A file part of a form, on the disk. */
export interface FilePart {
	field: string;
	path: string;
	/** As the client names it; empty when it does not. */
	fileName: string;
	/** As the client declares it. */
	mimeType: string;
	bytes: number;
	sha256: string;
}

/** The file parts that arrived whole, the text fields, and what is wrong with the form as such. */
export interface ReadForm {
	parts: FilePart[];
	/** By name; the last one counts where a name comes twice. */
	fields: ReadonlyMap<string, string>;
	fault?: string;
}

type Writing = Promise<FilePart | undefined>;

const MULTIPART = /^multipart\/form-data\s*;/i;

/** Streams every file of a form to a path of its own, hashing on the way, and reads the text fields. */
export async function readForm(request: IncomingMessage, newPath: () => string): Promise<ReadForm> {
	const contentType = request.headers['content-type'] ?? '';
	if (!MULTIPART.test(contentType)) return notMultipart();
	let parser: BusboyInstance;
	try {
		parser = new Busboy({ headers: { ...request.headers, 'content-type': contentType } });
	} catch {
		return notMultipart();
	}
	const streams: Readable[] = [];
	const writings: Writing[] = [];
	const fields = new Map<string, string>();
	parser.on('field', (name, text) => fields.set(name, text));
	parser.on('file', (field, stream, fileName, _encoding, mimeType) => {
		const named = { field, fileName: fileName ?? '', mimeType, path: newPath() };
		streams.push(stream);
		writings.push(writePart(stream, named));
	});
	const fault = await feed(request, parser);
	// After a fault no more comes for these, not even an end.
	if (fault !== undefined) streams.forEach((stream) => stream.destroy());
	const parts = (await Promise.all(writings)).filter((part) => part !== undefined);
	return { parts, fields, ...(fault !== undefined && { fault }) };
}

function notMultipart(): ReadForm {
	return { parts: [], fields: new Map(), fault: 'The request must be multipart/form-data' };
}

/** Undefined when the part was cut short. */
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

/** What went wrong on the way, if anything. The rest of a broken body is let run out, so that an answer can be read. */
function feed(request: IncomingMessage, parser: BusboyInstance): Promise<string | undefined> {
	return new Promise((done) => {
		parser.once('finish', () => done(undefined));
		parser.on('error', () => {
			request.unpipe(parser);
			request.resume();
			done('The multipart body is malformed');
		});
		request.once('close', () => {
			if (!request.complete) done('The upload was cut short');
		});
		request.pipe(parser);
	});
}

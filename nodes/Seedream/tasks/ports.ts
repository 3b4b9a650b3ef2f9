import type { JsonObject } from '../json';

/** A call to the gateway's API; the base URL and the key are added on the other side of the port. */
export interface HttpCall {
	method: 'GET' | 'POST';
	path: string;
	body?: JsonObject;
	headers?: Record<string, string>;
	/** How long the whole answer is waited for, to its last byte; the door decides without. */
	timeoutMs?: number;
	/** Stopping the execution does not break it off: its answer names what was paid for. */
	mustFinish?: boolean;
}

export type HttpAnswer =
	| { kind: 'reply'; status: number; headers: Record<string, string>; body: unknown }
	| {
			kind: 'noReply';
			/** e.g. ECONNREFUSED, ETIMEDOUT. */
			code: string;
			/** Whether the gateway may have received the request. */
			mayHaveArrived: boolean;
	  };

/** An opened file; it can be read once. */
export interface FileContent {
	chunks: AsyncIterable<Uint8Array>;
	/** The bytes between `head` and `tail`, as a body that n8n can send without holding them all. */
	framed: (head: Buffer, tail: Buffer) => object;
	/** Closes it, whether or not it was read. */
	discard: () => void;
}

/** A file for the gateway to keep, sent as the part `file` of a multipart body. */
export interface FileUpload {
	baseUrl: 'baseUrl' | 'filesBaseUrl';
	path: string;
	fileName: string;
	/** Text fields of the form. */
	fields?: Readonly<Record<string, string>>;
	mimeType: string;
	bytes: number;
	content: FileContent;
}

/** The door to one gateway. Never throws for what the network or the gateway does. */
export interface GatewayDoor {
	send: (call: HttpCall) => Promise<HttpAnswer>;
	/** Streams; the content is used up. */
	upload: (upload: FileUpload) => Promise<HttpAnswer>;
}

export interface Clock {
	/**
	 * Milliseconds since 1970, at a steady pace: somebody who sets the computer's clock ends no task early and
	 * makes none wait.
	 */
	now: () => number;
	/** Throws `Cancelled` as soon as the execution is stopped. */
	sleep: (ms: number) => Promise<void>;
}

/** The execution was stopped by the user or by the workflow's time-out. */
export class Cancelled extends Error {
	override readonly name = 'Cancelled';

	constructor() {
		super('The execution was stopped');
	}
}

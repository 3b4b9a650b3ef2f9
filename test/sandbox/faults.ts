import type { FastifyReply, FastifyRequest } from 'fastify';

import type { SandboxResponse } from './responses';

export type Fault =
	/** Replaces the real response. The request has no effect. A string body is sent as is (HTML, for example). */
	| { kind: 'response'; status: number; headers?: Record<string, string>; body: unknown }
	/** Destroys the socket after the body has arrived. The request has no effect. */
	| { kind: 'resetBefore' }
	/** Destroys the socket after the request took effect: a task is created and charged. */
	| { kind: 'resetAfter' }
	| { kind: 'delay'; ms: number }
	/** Sends the correct Content-Length, but only that many bytes of the body, then closes the connection. */
	| { kind: 'truncate'; bytes: number }
	/** Like `truncate`, but keeps the connection open until the client gives up or the sandbox closes. */
	| { kind: 'stall'; bytes: number }
	/** Ends the body early with a matching Content-Length, like a broken proxy: complete as far as HTTP can tell. */
	| { kind: 'cut'; bytes: number }
	/** Sends what `change` makes of the real response. The request takes effect. */
	| { kind: 'reshape'; change: (response: SandboxResponse) => SandboxResponse }
	/** Sends the headers at once, then one byte of the body at each interval. The request takes effect. */
	| { kind: 'trickle'; everyMs: number };

/** Sends the real response, spoiled by the fault. */
export function sendWithFault(
	request: FastifyRequest,
	reply: FastifyReply,
	response: SandboxResponse,
	fault: Fault | undefined,
): FastifyReply {
	switch (fault?.kind) {
		case 'resetAfter':
			return destroySocket(request, reply);
		case 'truncate':
			return sendPart(reply, response, fault.bytes, () => request.raw.socket.end());
		case 'stall':
			return sendPart(reply, response, fault.bytes);
		case 'cut':
			return sendResponse(reply, {
				...response,
				headers: headersOf(response),
				body: firstBytes(toBytes(response.body), fault.bytes),
			});
		case 'reshape':
			return sendResponse(reply, reshape(response, fault.change));
		case 'trickle':
			return trickle(reply, response, fault.everyMs);
		default:
			return sendResponse(reply, response);
	}
}

export function sendResponse(reply: FastifyReply, response: SandboxResponse): FastifyReply {
	reply.code(response.status);
	if (typeof response.body === 'string') reply.type(textTypeOf(response.body));
	reply.headers(response.headers ?? {});
	return reply.send(response.body);
}

export function destroySocket(request: FastifyRequest, reply: FastifyReply): FastifyReply {
	reply.hijack();
	request.raw.socket.destroy();
	return reply;
}

/** Reports a bug in the test's own code. */
export function testError(what: string, error: unknown): SandboxResponse {
	const message = `${what}: ${error instanceof Error ? error.message : String(error)}`;
	return { status: 500, body: { error: { code: 500, message, type: 'sandbox_error' } } };
}

/** `change` gets a copy because the real response may be replayed later. */
function reshape(
	response: SandboxResponse,
	change: (response: SandboxResponse) => SandboxResponse,
): SandboxResponse {
	const { headers, body } = response;
	try {
		return change({
			...response,
			...(headers && { headers: { ...headers } }),
			body: Buffer.isBuffer(body) ? body : structuredClone(body),
		});
	} catch (error) {
		return testError("The change of the sandbox's response failed", error);
	}
}

/** Runs until everything is sent, or the client or the sandbox closes the connection. */
function trickle(reply: FastifyReply, response: SandboxResponse, everyMs: number): FastifyReply {
	const body = toBytes(response.body);
	const { raw } = sendHead(reply, response, body.length);
	raw.flushHeaders();
	let sent = 0;
	const timer = setInterval(() => {
		raw.write(body.subarray(sent, (sent += 1)));
		if (sent < body.length) return;
		stop();
		raw.end();
	}, everyMs);
	const stop = () => clearInterval(timer);
	raw.once('close', stop);
	if (raw.destroyed) stop();
	return reply;
}

function sendHead(
	reply: FastifyReply,
	response: SandboxResponse,
	contentLength: number,
): FastifyReply {
	reply.hijack();
	reply.raw.writeHead(response.status, { ...headersOf(response), 'content-length': contentLength });
	return reply;
}

/** Declares the full Content-Length, but sends only the first bytes of the body. */
function sendPart(
	reply: FastifyReply,
	response: SandboxResponse,
	bytes: number,
	onSent?: () => void,
): FastifyReply {
	const body = toBytes(response.body);
	sendHead(reply, response, body.length).raw.write(firstBytes(body, bytes), onSent);
	return reply;
}

/** Always leaves out at least the last byte; a complete body would be no fault. */
function firstBytes(body: Buffer, bytes: number): Buffer {
	return body.subarray(0, Math.min(bytes, body.length - 1));
}

/** The headers that Fastify would send with the intact response. */
function headersOf({ headers, body }: SandboxResponse): Record<string, string> {
	return { 'content-type': contentTypeOf(body), ...headers };
}

function contentTypeOf(body: unknown): string {
	if (Buffer.isBuffer(body)) return 'application/octet-stream';
	return typeof body === 'string' ? textTypeOf(body) : 'application/json; charset=utf-8';
}

function textTypeOf(text: string): string {
	return `text/${text.trimStart().startsWith('<') ? 'html' : 'plain'}; charset=utf-8`;
}

function toBytes(body: unknown): Buffer {
	if (Buffer.isBuffer(body)) return body;
	return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

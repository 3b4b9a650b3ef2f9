import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';

import type { Answer } from './responses';
import type { ProviderName } from './tasks';

export type Step = 'create' | 'query' | 'list' | 'account' | 'download' | 'upload';

/** The file of an upload: name and MIME type as the client gave them. */
export interface UploadFacts {
	fileName: string;
	mimeType: string;
	bytes: number;
	sha256: string;
}

/** One request as it arrived. */
export interface SandboxRequest {
	/** Absent where a link belongs to none: a file that a test put on the sandbox, or one it does not know. */
	provider?: ProviderName;
	step: Step;
	method: string;
	path: string;
	body?: unknown;
	/** Without the Authorization header. */
	headers: Record<string, unknown>;
	prompt?: string;
	taskId?: string;
	/** The first file of an upload, when it arrived whole. */
	upload?: UploadFacts;
	/** How often this step was asked for this prompt, task or file content (or else this path), from 1. */
	attempt: number;
	/** Milliseconds, by the sandbox's clock. */
	at: number;
	/** Whether an Authorization header came along; its value is never kept. */
	authorizationSent: boolean;
}

export type Fault =
	/** Sent in place of the real answer; a string body goes out as it is (HTML, say). The request has no effect. */
	| { kind: 'answer'; status: number; headers?: Record<string, string>; body: unknown }
	/** The socket is destroyed; the request has no effect. The body has come by then: intercepts judge by it. */
	| { kind: 'resetBefore' }
	/** The request takes effect (a task is made and charged), then the socket is destroyed. */
	| { kind: 'resetAfter' }
	| { kind: 'delay'; ms: number }
	/** Content-Length is right, the body is cut after so many bytes and the connection closed. */
	| { kind: 'truncate'; bytes: number }
	/** As `truncate`, but the connection stays open and silent until the client gives up or the sandbox closes. */
	| { kind: 'stall'; bytes: number }
	/** The body ends after so many bytes and Content-Length says so, as from a broken proxy: a whole answer, by HTTP. */
	| { kind: 'cut'; bytes: number }
	/** The request takes effect; its answer is sent as `change` makes it anew from the real one. */
	| { kind: 'reshape'; change: (answer: Answer) => Answer }
	/** The request takes effect; the headers are sent at once, then a byte of the body every so many ms. */
	| { kind: 'trickle'; everyMs: number };

export type Intercept = (event: SandboxRequest) => Fault | undefined | Promise<Fault | undefined>;

/** Answers in the route's place, and so keeps a request from having its effect. */
export type Guard = (event: SandboxRequest) => Answer | undefined;

/** What a route knows of a request before it acts on it. */
export type Arrival = Pick<
	SandboxRequest,
	'provider' | 'step' | 'body' | 'prompt' | 'taskId' | 'upload'
>;

/** The one door all requests come through: it writes them down and lets a test break them. */
export class FaultDoor {
	readonly requests: SandboxRequest[] = [];

	private readonly attempts = new Map<string, number>();

	private readonly closing = new AbortController();

	constructor(
		private readonly now: () => number,
		private intercept?: Intercept,
		private readonly guard?: Guard,
	) {}

	setIntercept(intercept: Intercept | undefined): void {
		this.intercept = intercept;
	}

	/** Gives up all waiting delays. */
	close(): void {
		this.closing.abort();
	}

	/**
	 * `act` makes the real answer, and with it the request's effect; a fault may prevent or spoil it. Where it is
	 * prevented, `forgo` hears of that before the client does.
	 */
	async serve(
		request: FastifyRequest,
		reply: FastifyReply,
		arrival: Arrival,
		act: (event: SandboxRequest) => Answer | Promise<Answer>,
		forgo: () => void = () => undefined,
	): Promise<FastifyReply> {
		const event = this.writeDown(request, arrival);
		const fault = await this.askForFault(event);
		if (fault?.kind === 'answer' || fault?.kind === 'resetBefore') {
			forgo();
			return fault.kind === 'answer' ? send(reply, fault) : destroySocket(request, reply);
		}
		if (fault?.kind === 'delay') await this.delay(fault.ms);
		const refusal = this.guard?.(event);
		if (refusal !== undefined) forgo();
		return sendSpoilt(request, reply, refusal ?? (await act(event)), fault);
	}

	private writeDown(request: FastifyRequest, arrival: Arrival): SandboxRequest {
		const { authorization, ...headers } = request.headers;
		const event: SandboxRequest = {
			...arrival,
			method: request.method,
			path: request.url,
			headers,
			attempt: this.countAttempt(arrival, request.url),
			at: this.now(),
			authorizationSent: authorization !== undefined,
		};
		this.requests.push(event);
		return event;
	}

	private countAttempt({ provider, step, taskId, prompt, upload }: Arrival, path: string): number {
		const key = JSON.stringify([provider, step, taskId ?? prompt ?? upload?.sha256 ?? path]);
		const attempt = (this.attempts.get(key) ?? 0) + 1;
		this.attempts.set(key, attempt);
		return attempt;
	}

	/** A broken intercept is a broken test: it shows as a 500 that says so, and the server lives on. */
	private async askForFault(event: SandboxRequest): Promise<Fault | undefined> {
		try {
			return await this.intercept?.(event);
		} catch (error) {
			return { kind: 'answer', ...brokenTest("The sandbox's intercept failed", error) };
		}
	}

	private async delay(ms: number): Promise<void> {
		try {
			await wait(ms, undefined, { signal: this.closing.signal });
		} catch {
			// The sandbox closes: nobody waits for the answer any more.
		}
	}
}

function brokenTest(what: string, error: unknown): Answer {
	const message = `${what}: ${error instanceof Error ? error.message : String(error)}`;
	return { status: 500, body: { error: { code: 500, message, type: 'sandbox_error' } } };
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
	reply.code(answer.status);
	if (typeof answer.body === 'string') reply.type(textTypeOf(answer.body));
	reply.headers(answer.headers ?? {});
	return reply.send(answer.body);
}

function textTypeOf(text: string): string {
	return `text/${text.trimStart().startsWith('<') ? 'html' : 'plain'}; charset=utf-8`;
}

function destroySocket(request: FastifyRequest, reply: FastifyReply): FastifyReply {
	reply.hijack();
	request.raw.socket.destroy();
	return reply;
}

function sendSpoilt(
	request: FastifyRequest,
	reply: FastifyReply,
	answer: Answer,
	fault: Fault | undefined,
): FastifyReply {
	switch (fault?.kind) {
		case 'resetAfter':
			return destroySocket(request, reply);
		case 'truncate':
			return sendBeginning(reply, answer, fault.bytes, () => request.raw.socket.end());
		case 'stall':
			return sendBeginning(reply, answer, fault.bytes);
		case 'cut':
			return send(reply, {
				...answer,
				headers: headersOf(answer),
				body: beginningOf(toBytes(answer.body), fault.bytes),
			});
		case 'reshape':
			return send(reply, reshaped(answer, fault.change));
		case 'trickle':
			return trickle(reply, answer, fault.everyMs);
		default:
			return send(reply, answer);
	}
}

/** `change` gets a copy: the real answer may be given again. */
function reshaped(answer: Answer, change: (answer: Answer) => Answer): Answer {
	const { headers, body } = answer;
	try {
		return change({
			...answer,
			...(headers && { headers: { ...headers } }),
			body: Buffer.isBuffer(body) ? body : structuredClone(body),
		});
	} catch (error) {
		return brokenTest("The change of the sandbox's answer failed", error);
	}
}

/** Until all is sent, or the client or the sandbox closes the connection. */
function trickle(reply: FastifyReply, answer: Answer, everyMs: number): FastifyReply {
	const whole = toBytes(answer.body);
	const { raw } = sendHead(reply, answer, whole.length);
	raw.flushHeaders();
	let sent = 0;
	const timer = setInterval(() => {
		raw.write(whole.subarray(sent, (sent += 1)));
		if (sent < whole.length) return;
		stop();
		raw.end();
	}, everyMs);
	const stop = () => clearInterval(timer);
	raw.once('close', stop);
	if (raw.destroyed) stop();
	return reply;
}

/** Promises so many bytes of body. */
function sendHead(reply: FastifyReply, answer: Answer, bytes: number): FastifyReply {
	reply.hijack();
	reply.raw.writeHead(answer.status, { ...headersOf(answer), 'content-length': bytes });
	return reply;
}

/** Promises the whole body and sends its beginning. */
function sendBeginning(
	reply: FastifyReply,
	answer: Answer,
	bytes: number,
	onSent?: () => void,
): FastifyReply {
	const whole = toBytes(answer.body);
	sendHead(reply, answer, whole.length).raw.write(beginningOf(whole, bytes), onSent);
	return reply;
}

/** At least the last byte is missing: a whole body would be no fault. */
function beginningOf(whole: Buffer, bytes: number): Buffer {
	return whole.subarray(0, Math.min(bytes, whole.length - 1));
}

/** A spoilt answer is sent as bytes; its headers are those Fastify gives the sound one. */
function headersOf({ headers, body }: Answer): Record<string, string> {
	return { 'content-type': typeOf(body), ...headers };
}

function typeOf(body: unknown): string {
	if (Buffer.isBuffer(body)) return 'application/octet-stream';
	return typeof body === 'string' ? textTypeOf(body) : 'application/json; charset=utf-8';
}

function toBytes(body: unknown): Buffer {
	if (Buffer.isBuffer(body)) return body;
	return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

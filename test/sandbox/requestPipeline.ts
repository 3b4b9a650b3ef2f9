import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { destroySocket, sendResponse, sendWithFault, testError, type Fault } from './faults';
import type { SandboxResponse } from './responses';
import type { ProviderName } from './tasks';

export type Step = 'create' | 'query' | 'list' | 'account' | 'catalog' | 'download' | 'upload';

/** The file of an upload. The client chose its name and MIME type. */
export interface UploadInfo {
	fileName: string;
	mimeType: string;
	bytes: number;
	sha256: string;
}

/** A request in the log. */
export interface SandboxRequest {
	/** Absent for files that a test added, and for links the sandbox doesn't know. */
	provider?: ProviderName;
	step: Step;
	method: string;
	path: string;
	body?: unknown;
	/** Without the Authorization header. */
	headers: Record<string, unknown>;
	prompt?: string;
	taskId?: string;
	/** The first file of an upload, if it arrived complete. */
	upload?: UploadInfo;
	/** Counts from 1 per step and task, prompt, file content, or else path. */
	attempt: number;
	/** Milliseconds, by the sandbox's clock. */
	at: number;
	/** Whether the request had an Authorization header. Its value is never recorded. */
	authorizationSent: boolean;
}

export type Intercept = (request: SandboxRequest) => Fault | undefined | Promise<Fault | undefined>;

/** May reject a request before it takes effect, or add headers to the response. */
export type Guard = (request: SandboxRequest) => {
	rejection?: SandboxResponse;
	headers?: Record<string, string>;
};

/** What a route knows about a request before handling it. */
export type RequestInfo = Pick<
	SandboxRequest,
	'provider' | 'step' | 'body' | 'prompt' | 'taskId' | 'upload'
>;

/** Every request passes through here. It's logged, and a test or a rate limit may interfere. */
export class RequestPipeline {
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

	/** Ends all pending delays. */
	close(): void {
		this.closing.abort();
	}

	/**
	 * `respond` carries out the request and returns the real response. If a fault or the guard prevents that,
	 * `onSkipped` is called before the client gets its response.
	 */
	async handle(
		request: FastifyRequest,
		reply: FastifyReply,
		info: RequestInfo,
		respond: (logged: SandboxRequest) => SandboxResponse | Promise<SandboxResponse>,
		onSkipped: () => void = () => undefined,
	): Promise<FastifyReply> {
		const logged = this.log(request, info);
		const fault = await this.callIntercept(logged);
		if (fault?.kind === 'response' || fault?.kind === 'resetBefore') {
			onSkipped();
			return fault.kind === 'response' ? sendResponse(reply, fault) : destroySocket(request, reply);
		}
		if (fault?.kind === 'delay') await this.delay(fault.ms);
		const { rejection, headers } = this.guard?.(logged) ?? {};
		if (rejection !== undefined) onSkipped();
		const response = rejection ?? (await respond(logged));
		const complete = { ...response, headers: { ...headers, ...response.headers } };
		return sendWithFault(request, reply, complete, fault);
	}

	private log(request: FastifyRequest, info: RequestInfo): SandboxRequest {
		const { authorization, ...headers } = request.headers;
		const logged: SandboxRequest = {
			...info,
			method: request.method,
			path: request.url,
			headers,
			attempt: this.countAttempt(info, request.url),
			at: this.now(),
			authorizationSent: authorization !== undefined,
		};
		this.requests.push(logged);
		return logged;
	}

	private countAttempt(
		{ provider, step, taskId, prompt, upload }: RequestInfo,
		path: string,
	): number {
		const key = JSON.stringify([provider, step, taskId ?? prompt ?? upload?.sha256 ?? path]);
		const attempt = (this.attempts.get(key) ?? 0) + 1;
		this.attempts.set(key, attempt);
		return attempt;
	}

	/** An intercept that throws is a bug in the test. It shows up as a 500 and the server keeps running. */
	private async callIntercept(logged: SandboxRequest): Promise<Fault | undefined> {
		try {
			return await this.intercept?.(logged);
		} catch (error) {
			return { kind: 'response', ...testError("The sandbox's intercept failed", error) };
		}
	}

	private async delay(ms: number): Promise<void> {
		try {
			await wait(ms, undefined, { signal: this.closing.signal });
		} catch {
			// The sandbox is closing, so nobody waits for the response anymore.
		}
	}
}

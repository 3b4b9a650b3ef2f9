import type { IncomingHttpHeaders } from 'node:http';

import type { ErrorResponse, SandboxResponse } from './responses';

/** Whether a provider acts on an Idempotency-Key. */
export type IdempotencyMode = 'honored' | 'ignored';

/** How a provider treats creates with an Idempotency-Key. */
export interface IdempotencyRules {
	defaultMode: IdempotencyMode;
	keyPattern: RegExp;
	/** A header that must be the same on a retry, like the body. */
	fingerprintHeader?: string;
	/** How long the response to an accepted create is replayed. */
	ttlMs: number;
	/** Set to `true` on replayed responses. */
	replayHeader: string;
	/** For a key that doesn't match the pattern. */
	invalidKey: ErrorResponse;
	/** While the first request with the key is still being handled. */
	inProgress: ErrorResponse;
	/** For a key that was used with different content. */
	keyReused: ErrorResponse;
}

/** A create, on its way through the provider. */
export interface IdempotentRequest {
	/** Either calls `create`, or returns what the key already stands for. */
	respond(create: () => Promise<SandboxResponse>): Promise<SandboxResponse>;
	/** Releases the key: the request ended without an effect. */
	release(): void;
}

interface PendingRequest {
	fingerprint: string;
}

interface CachedResponse {
	fingerprint: string;
	response: SandboxResponse;
	/** Milliseconds, by the sandbox's clock. */
	expiresAt: number;
}

export const REQUEST_WITHOUT_KEY: IdempotentRequest = {
	respond: (create) => create(),
	release: () => undefined,
};

/** The Idempotency-Keys of one provider: pending requests and cached responses. */
export class IdempotencyKeys {
	private readonly pending = new Map<string, readonly PendingRequest[]>();

	private readonly cache = new Map<string, CachedResponse>();

	constructor(
		private readonly rules: IdempotencyRules,
		private readonly now: () => number,
	) {}

	/** Claims the key on arrival, so the request counts as in progress even while a fault delays it. */
	begin(headers: IncomingHttpHeaders, body: unknown): IdempotentRequest {
		const key = headers['idempotency-key'];
		if (typeof key !== 'string') return REQUEST_WITHOUT_KEY;
		if (!this.rules.keyPattern.test(key)) {
			return { ...REQUEST_WITHOUT_KEY, respond: async () => this.rules.invalidKey };
		}
		const request = { fingerprint: this.fingerprintOf(headers, body) };
		this.pending.set(key, [...this.pendingFor(key), request]);
		const release = () => this.removePending(key, request);
		return {
			respond: async (create) => {
				try {
					return (
						this.existingResponse(key, request) ?? this.cacheAccepted(key, request, await create())
					);
				} finally {
					// Before the response is sent, because the client may repeat the request as soon as it has read it.
					release();
				}
			},
			release,
		};
	}

	private fingerprintOf(headers: IncomingHttpHeaders, body: unknown): string {
		const { fingerprintHeader: header } = this.rules;
		return JSON.stringify([body, header === undefined ? null : (headers[header] ?? null)]);
	}

	private pendingFor(key: string): readonly PendingRequest[] {
		return this.pending.get(key) ?? [];
	}

	/** Undefined for the first request with the key. */
	private existingResponse(key: string, request: PendingRequest): SandboxResponse | undefined {
		const { inProgress, keyReused, replayHeader } = this.rules;
		const cached = this.cache.get(key);
		if (cached !== undefined && this.now() < cached.expiresAt) {
			if (cached.fingerprint !== request.fingerprint) return keyReused;
			const { response } = cached;
			return { ...response, headers: { ...response.headers, [replayHeader]: 'true' } };
		}
		const [first = request] = this.pendingFor(key);
		if (first === request) return undefined;
		return first.fingerprint === request.fingerprint ? inProgress : keyReused;
	}

	/** Rejections aren't cached: the next request with the key starts over. */
	private cacheAccepted(
		key: string,
		{ fingerprint }: PendingRequest,
		response: SandboxResponse,
	): SandboxResponse {
		if (response.status < 300) {
			this.cache.set(key, { fingerprint, response, expiresAt: this.now() + this.rules.ttlMs });
		}
		return response;
	}

	private removePending(key: string, request: PendingRequest): void {
		const others = this.pendingFor(key).filter((other) => other !== request);
		if (others.length === 0) this.pending.delete(key);
		else this.pending.set(key, others);
	}
}

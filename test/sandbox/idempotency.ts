import type { IncomingHttpHeaders } from 'node:http';

import type { Answer, Refusal } from './responses';

/** Whether a provider acts on an Idempotency-Key, or does not look at it. */
export type IdempotencyMode = 'honoured' | 'ignored';

/** What a provider promises of creates under a key. */
export interface IdempotencyRules {
	byDefault: IdempotencyMode;
	/** What a key looks like. */
	key: RegExp;
	/** A header that a repeat must bring along as it was, besides the body. */
	sameHeader?: string;
	/** How long an accepted create is answered again. */
	keptMs: number;
	/** Says `true` on an answer that was given before. */
	replayHeader: string;
	/** To a key that does not look like one. */
	malformed: Refusal;
	/** While the first request under the key has no answer yet. */
	underWay: Refusal;
	/** To another content under the same key. */
	reused: Refusal;
}

/** A create on its way through the provider. */
export interface Visit {
	/** What it is answered: what `act` makes, or what is known of its key. */
	answer(act: () => Promise<Answer>): Promise<Answer>;
	/** It ends without an effect. */
	leave(): void;
}

interface Claim {
	content: string;
}

interface KeptAnswer extends Claim {
	answer: Answer;
	/** Milliseconds, by the sandbox's clock. */
	until: number;
}

/** A create that no key binds. */
export const FREE_VISIT: Visit = { answer: (act) => act(), leave: () => undefined };

/** The keys of one provider: who is on the way under them, and what they were answered. */
export class KeyBook {
	private readonly claims = new Map<string, readonly Claim[]>();

	private readonly kept = new Map<string, KeptAnswer>();

	constructor(
		private readonly rules: IdempotencyRules,
		private readonly now: () => number,
	) {}

	/** The key is claimed from here on, in the order of arrival: whatever delays the request, it is under way. */
	arrive(headers: IncomingHttpHeaders, body: unknown): Visit {
		const key = headers['idempotency-key'];
		if (typeof key !== 'string') return FREE_VISIT;
		if (!this.rules.key.test(key)) {
			return { ...FREE_VISIT, answer: async () => this.rules.malformed };
		}
		const claim = { content: this.contentOf(headers, body) };
		this.claims.set(key, [...this.claimsOf(key), claim]);
		const leave = () => this.drop(key, claim);
		return {
			answer: async (act) => {
				try {
					return this.known(key, claim) ?? this.keep(key, claim, await act());
				} finally {
					// Before the answer is sent: who has read it may repeat the request at once.
					leave();
				}
			},
			leave,
		};
	}

	private contentOf(headers: IncomingHttpHeaders, body: unknown): string {
		const { sameHeader } = this.rules;
		return JSON.stringify([body, sameHeader === undefined ? null : (headers[sameHeader] ?? null)]);
	}

	private claimsOf(key: string): readonly Claim[] {
		return this.claims.get(key) ?? [];
	}

	/** Undefined when the request is the first under its key. */
	private known(key: string, claim: Claim): Answer | undefined {
		const { underWay, reused, replayHeader } = this.rules;
		const kept = this.kept.get(key);
		if (kept !== undefined && this.now() < kept.until) {
			if (kept.content !== claim.content) return reused;
			const { answer } = kept;
			return { ...answer, headers: { ...answer.headers, [replayHeader]: 'true' } };
		}
		const [first = claim] = this.claimsOf(key);
		if (first === claim) return undefined;
		return first.content === claim.content ? underWay : reused;
	}

	/** What was refused is not kept: the next request under the key is judged anew. */
	private keep(key: string, { content }: Claim, answer: Answer): Answer {
		if (answer.status < 300) {
			this.kept.set(key, { content, answer, until: this.now() + this.rules.keptMs });
		}
		return answer;
	}

	private drop(key: string, claim: Claim): void {
		const others = this.claimsOf(key).filter((other) => other !== claim);
		if (others.length === 0) this.claims.delete(key);
		else this.claims.set(key, others);
	}
}

import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import type { Clock } from '../../../../nodes/Seedream/shared/clock';
import { createConcurrencyLimiter } from '../../../../nodes/Seedream/shared/concurrencyLimiter';
import type { HttpResult, HttpRequest } from '../../../../nodes/Seedream/tasks/apiClient';
import { ProviderClient } from '../../../../nodes/Seedream/tasks/providerClient';
import { virtualClock } from '../virtualClock';

/** More calls than any test needs: what asks without a pause ends here instead of never. */
const MAX_CALLS = 2_000;

/** A limit of the provider's is waited for so long, as in the nodes without a Timeout of the user's. */
export const PATIENCE_SECONDS = 600;

/** An answer, or what finds it out at the moment of the call. */
export type Script = HttpResult | ((call: HttpRequest) => HttpResult | Promise<HttpResult>);

/** A provider that gives `answers` in turn, and the last of them for ever, on a clock of its own. */
export function scriptedClient(provider: Provider, ...answers: Script[]) {
	return scriptedClientAt(virtualClock(), provider, ...answers);
}

/** The same on a clock that the test shares. Its rate limiter waits for as long as its jitter allows. */
export function scriptedClientAt(clock: Clock, provider: Provider, ...answers: Script[]) {
	const calls: HttpRequest[] = [];
	const start = clock.now();
	/** When each call was made, in milliseconds since the start. */
	const times: number[] = [];
	const send = async (call: HttpRequest): Promise<HttpResult> => {
		if (calls.length === MAX_CALLS) throw new Error(`asked more than ${MAX_CALLS} times`);
		const answer = answers[Math.min(calls.length, answers.length - 1)];
		calls.push(structuredClone(call));
		times.push(clock.now() - start);
		if (!answer) throw new Error('the script has no answer');
		return typeof answer === 'function' ? await answer(call) : answer;
	};
	const door = {
		send,
		upload: async () => {
			throw new Error('the script has no uploads');
		},
	};
	const options = { patienceSeconds: PATIENCE_SECONDS, random: () => 1 };
	return {
		client: new ProviderClient(provider, createConcurrencyLimiter(0), door, clock, options),
		calls,
		times,
	};
}

export function reply(
	status: number,
	body: unknown,
	headers: Record<string, string> = {},
): HttpResult {
	return { kind: 'response', status, headers, body };
}

export function noReply(code: string, mayHaveArrived: boolean): HttpResult {
	return { kind: 'networkError', code, mayHaveArrived };
}

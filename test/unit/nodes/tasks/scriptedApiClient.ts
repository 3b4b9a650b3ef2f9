import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import type { Clock } from '../../../../nodes/Seedream/shared/clock';
import { ConcurrencyLimiter } from '../../../../nodes/Seedream/shared/concurrencyLimiter';
import type { HttpResult, HttpRequest } from '../../../../nodes/Seedream/tasks/apiClient';
import { ProviderClient } from '../../../../nodes/Seedream/tasks/providerClient';
import { virtualClock } from '../virtualClock';

/** More requests than any test needs: ends code that polls without a delay. */
const MAX_CALLS = 2_000;

/** The default of the option Timeout. */
export const PATIENCE_SECONDS = 600;

/** A response, or a function that determines it when the request is sent. */
export type Script = HttpResult | ((call: HttpRequest) => HttpResult | Promise<HttpResult>);

/** A client whose provider returns `responses` in turn, and the last of them forever, on its own clock. */
export function scriptedClient(provider: Provider, ...responses: Script[]) {
	return scriptedClientAt(virtualClock(), provider, ...responses);
}

/** The same on a given clock, with the longest delays that the jitter allows. */
export function scriptedClientAt(clock: Clock, provider: Provider, ...responses: Script[]) {
	const calls: HttpRequest[] = [];
	const start = clock.now();
	/** When each request was sent, in milliseconds since the start. */
	const times: number[] = [];
	const send = async (call: HttpRequest): Promise<HttpResult> => {
		if (calls.length === MAX_CALLS) throw new Error(`more than ${MAX_CALLS} requests`);
		const response = responses[Math.min(calls.length, responses.length - 1)];
		calls.push(structuredClone(call));
		times.push(clock.now() - start);
		if (!response) throw new Error('the script has no response');
		return typeof response === 'function' ? await response(call) : response;
	};
	const api = {
		send,
		upload: async () => {
			throw new Error('the script has no uploads');
		},
	};
	const options = { patienceSeconds: PATIENCE_SECONDS, random: () => 1 };
	return {
		client: new ProviderClient(provider, new ConcurrencyLimiter(0), api, clock, options),
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

export function networkError(code: string, mayHaveArrived: boolean): HttpResult {
	return { kind: 'networkError', code, mayHaveArrived };
}

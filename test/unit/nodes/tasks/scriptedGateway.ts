import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { Gateway } from '../../../../nodes/Seedream/tasks/gateway';
import type { Clock, HttpAnswer, HttpCall } from '../../../../nodes/Seedream/tasks/ports';
import { createSlots } from '../../../../nodes/Seedream/tasks/slots';
import { virtualClock } from '../virtualClock';

/** More calls than any test needs: what asks without a pause ends here instead of never. */
const MOST_CALLS = 2_000;

/** A limit of the provider's is waited for so long, as in the nodes without a Timeout of the user's. */
export const PATIENCE_SECONDS = 600;

/** An answer, or what finds it out at the moment of the call. */
export type Script = HttpAnswer | ((call: HttpCall) => HttpAnswer | Promise<HttpAnswer>);

/** A gateway that gives `answers` in turn, and the last of them for ever, on a clock of its own. */
export function scriptedGateway(provider: Provider, ...answers: Script[]) {
	return scriptedGatewayAt(virtualClock(), provider, ...answers);
}

/** The same on a clock that the test shares. Its throttle waits for as long as its jitter allows. */
export function scriptedGatewayAt(clock: Clock, provider: Provider, ...answers: Script[]) {
	const calls: HttpCall[] = [];
	const start = clock.now();
	/** When each call was made, in milliseconds since the start. */
	const times: number[] = [];
	const send = async (call: HttpCall): Promise<HttpAnswer> => {
		if (calls.length === MOST_CALLS) throw new Error(`asked more than ${MOST_CALLS} times`);
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
	return { gateway: new Gateway(provider, createSlots(0), door, clock, options), calls, times };
}

export function reply(
	status: number,
	body: unknown,
	headers: Record<string, string> = {},
): HttpAnswer {
	return { kind: 'reply', status, headers, body };
}

export function noReply(code: string, mayHaveArrived: boolean): HttpAnswer {
	return { kind: 'noReply', code, mayHaveArrived };
}

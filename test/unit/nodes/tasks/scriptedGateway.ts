import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { Gateway } from '../../../../nodes/Seedream/tasks/gateway';
import type { HttpAnswer, HttpCall } from '../../../../nodes/Seedream/tasks/ports';

/** More calls than any test needs: what asks without a pause ends here instead of never. */
const MOST_CALLS = 2_000;

/** A gateway that gives `answers` in turn, and the last of them for ever. */
export function scriptedGateway(provider: Provider, ...answers: HttpAnswer[]) {
	const calls: HttpCall[] = [];
	const send = async (call: HttpCall): Promise<HttpAnswer> => {
		if (calls.length === MOST_CALLS) throw new Error(`asked more than ${MOST_CALLS} times`);
		const answer = answers[Math.min(calls.length, answers.length - 1)];
		calls.push(structuredClone(call));
		if (!answer) throw new Error('the script has no answer');
		return answer;
	};
	const gateway = new Gateway(provider, {
		send,
		upload: async () => {
			throw new Error('the script has no uploads');
		},
	});
	return { gateway, calls };
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

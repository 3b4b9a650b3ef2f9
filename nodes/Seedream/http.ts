import type { IBinaryData, IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';
import { z } from 'zod';

import { missingCredential, type Result } from './errors';
import type { OpenedLink } from './images/download';
import type { Provider } from './providers/provider';
import { Cancelled, type HttpAnswer, type SendToGateway } from './tasks/ports';

const API_TIMEOUT_MS = 60_000;
/** Without a byte for this long, a download counts as broken off. */
const LINK_TIMEOUT_MS = 60_000;

/** These happen before a request has left, so the gateway cannot have accepted anything. */
const NEVER_LEFT = new Set([
	'ECONNREFUSED',
	'ENOTFOUND',
	'EAI_AGAIN',
	'ENETUNREACH',
	'EHOSTUNREACH',
	'CERT_HAS_EXPIRED',
	'DEPTH_ZERO_SELF_SIGNED_CERT',
	'ERR_TLS_CERT_ALTNAME_INVALID',
	'SELF_SIGNED_CERT_IN_CHAIN',
	'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const credentialSchema = z.object({ baseUrl: z.string() });

/** The door to one gateway: knows the base URL, and n8n adds the key. */
export async function gatewayDoor(
	context: IExecuteFunctions,
	provider: Provider,
	itemIndex: number,
): Promise<Result<SendToGateway>> {
	const { credential } = provider;
	if (!context.getNode().credentials?.[credential]) {
		return { ok: false, failure: missingCredential(provider) };
	}
	const { baseUrl } = credentialSchema.parse(await context.getCredentials(credential, itemIndex));
	const origin = baseUrl.trim().replace(/\/+$/, '');

	const send: SendToGateway = async ({ method, path, body, headers }) => {
		const answer = await attempt(
			async (): Promise<unknown> =>
				await context.helpers.httpRequestWithAuthentication.call(context, credential, {
					method,
					url: `${origin}${path}`,
					body,
					headers,
					json: true,
					timeout: API_TIMEOUT_MS,
					...FULL_ANSWER,
				}),
		);
		throwIfCancelled(context);
		return answer.kind === 'noReply'
			? answer
			: { kind: 'reply', ...replySchema.parse(answer.reply) };
	};
	return { ok: true, value: send };
}

const FULL_ANSWER: Partial<IHttpRequestOptions> = {
	ignoreHttpStatusErrors: true,
	returnFullResponse: true,
	sendCredentialsOnCrossOriginRedirect: false,
};

const replySchema = z
	.object({ statusCode: z.number(), headers: z.record(z.unknown()).default({}), body: z.unknown() })
	.transform(({ statusCode, headers, body }) => ({
		status: statusCode,
		headers: Object.fromEntries(
			Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
		),
		body,
	}));

type Body = Exclude<Parameters<IExecuteFunctions['helpers']['prepareBinaryData']>[0], Buffer>;

/** Opens links to finished images. The API key never goes with them. */
export function linkDoor(
	context: IExecuteFunctions,
): (url: string) => Promise<OpenedLink<IBinaryData>> {
	return async (url) => {
		const answer = await attempt(
			async (): Promise<{ statusCode: number; body: Body }> =>
				await context.helpers.httpRequest({
					method: 'GET',
					url,
					encoding: 'stream',
					timeout: LINK_TIMEOUT_MS,
					abortSignal: context.getExecutionCancelSignal?.(),
					...FULL_ANSWER,
				}),
		);
		throwIfCancelled(context);
		if (answer.kind === 'noReply') return answer;
		const { statusCode, body } = answer.reply;
		return {
			kind: 'opened',
			status: statusCode,
			body,
			store: async (fileName, { mimeType }) =>
				await context.helpers.prepareBinaryData(body, fileName, mimeType),
			discard: () => body.destroy(),
		};
	};
}

type NoReply = Extract<HttpAnswer, { kind: 'noReply' }>;

async function attempt<T>(
	request: () => Promise<T>,
): Promise<NoReply | { kind: 'reply'; reply: T }> {
	try {
		return { kind: 'reply', reply: await request() };
	} catch (error) {
		const code = networkCode(error);
		return { kind: 'noReply', code, mayHaveArrived: !NEVER_LEFT.has(code) };
	}
}

function throwIfCancelled(context: IExecuteFunctions): void {
	if (context.getExecutionCancelSignal?.()?.aborted) throw new Cancelled();
}

const failureSchema = z.object({
	code: z.string().optional().catch(undefined),
	message: z.string().optional().catch(undefined),
	cause: z.unknown(),
});

/** n8n wraps what the network reports, so the code may stand some causes deep. */
function networkCode(error: unknown): string {
	const parsed = failureSchema.safeParse(error);
	if (!parsed.success) return 'UNKNOWN';
	const { code, cause, message } = parsed.data;
	if (code !== undefined) return code;
	return cause === undefined ? (message ?? 'UNKNOWN') : networkCode(cause);
}

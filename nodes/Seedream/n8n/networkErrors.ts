import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import type { NetworkError } from '../errors/providerError';
import { ExecutionCancelled } from '../shared/clock';

/**
 * These happen before anything is written to the socket, so the provider can't have received anything:
 * invalid addresses and proxies, unreachable hosts, failed TLS handshakes.
 */
const NOT_SENT =
	/^(ECONNREFUSED|ENOTFOUND|EAI_|ENETUNREACH|ENETDOWN|EHOST|EADDR|EACCES|EPERM|EPROTO|ENOENT|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|ERR_TLS_|ERR_SSL_|ERR_INVALID_|ERR_UNESCAPED_|ERR_SOCKET_BAD_PORT|ERR_UNSUPPORTED_|ERR_BAD_OPTION|ERR_PROXY|ERR_NOT_SUPPORT)/;

/** TLS that fails after the handshake. */
const BROKEN_TLS = /BAD_RECORD_MAC|DECRYPTION_FAILED|UNEXPECTED_EOF|CLOSE_NOTIFY/;

/** Node.js names the system call in which a socket failed; these come before the request. */
const SYSCALLS_BEFORE_SENDING = new Set(['connect', 'getaddrinfo']);

/** What comes without a code, or with one that says nothing about when it happened. */
const NOT_SENT_MESSAGES =
	/before secure TLS connection|handshake|wrong version number|invalid url|unsupported protocol|proxy connection ended|proxy response|tunnel/i;

/** Ends when `end` aborts at the latest, also where n8n can't abort its request. */
export async function attempt<T>(
	request: () => Promise<T>,
	end: AbortSignal,
): Promise<({ kind: 'networkError' } & NetworkError) | { kind: 'response'; response: T }> {
	const over = new Promise<never>((_resolve, reject) => {
		end.addEventListener('abort', () => reject(end.reason), { once: true });
	});
	over.catch(() => undefined);
	try {
		return { kind: 'response', response: await Promise.race([request(), over]) };
	} catch (error) {
		if (end.aborted) return { kind: 'networkError', code: 'ETIMEDOUT', mayHaveArrived: true };
		return { kind: 'networkError', ...describeNetworkError(error) };
	}
}

export function throwIfCancelled(context: IExecuteFunctions): void {
	if (context.getExecutionCancelSignal?.()?.aborted) throw new ExecutionCancelled();
}

const networkErrorSchema = z.object({
	code: z.string().optional().catch(undefined),
	message: z.string().optional().catch(undefined),
	syscall: z.string().optional().catch(undefined),
	cause: z.unknown(),
});

/** For an invalid URL, its own or a proxy's, n8n only gives a message. */
function codeOf(message: string): string {
	return /^invalid url$/i.test(message.trim()) ? 'ERR_INVALID_URL' : message;
}

/** n8n wraps network errors, so the actual one can be several causes deep. */
function describeNetworkError(error: unknown): NetworkError {
	const parsed = networkErrorSchema.safeParse(error);
	if (!parsed.success) return { code: 'UNKNOWN', mayHaveArrived: true };
	const { code, cause, message = '', syscall = '' } = parsed.data;
	const inner = cause === undefined ? undefined : describeNetworkError(cause);
	const isBeforeSending =
		(NOT_SENT.test(code ?? '') && !BROKEN_TLS.test(code ?? '')) ||
		SYSCALLS_BEFORE_SENDING.has(syscall) ||
		NOT_SENT_MESSAGES.test(message);
	return {
		code: code ?? inner?.code ?? (codeOf(message) || 'UNKNOWN'),
		mayHaveArrived: !isBeforeSending && (inner?.mayHaveArrived ?? true),
	};
}

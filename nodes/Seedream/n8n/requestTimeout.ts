import type { IExecuteFunctions } from 'n8n-workflow';

/** How long the answer to a create is still waited for after a stop. */
const AFTER_STOP_MS = 60_000;

/**
 * When a call is over, whatever still trickles in: axios itself only ends what is silent. A stop ends it
 * at once, but for a create, whose answer names what was paid.
 */
interface CallEnd {
	signal: AbortSignal;
	/** What may end it. */
	sources: AbortSignal[];
	/** Ends it as well when nothing has come for so long; to be told of everything that comes. */
	inSilence: (mostMs: number) => () => void;
	/** The call has ended by itself. */
	release: () => void;
}

/** Node.js drops a timer together with its signal, as soon as nobody holds that any more. */
const held = new Set<CallEnd>();

export function endOfCall(context: IExecuteFunctions, ms: number, mustFinish: boolean): CallEnd {
	const end = new AbortController();
	const over = new AbortController();
	const once = { once: true, signal: over.signal };
	const call: CallEnd = {
		signal: end.signal,
		sources: [],
		inSilence: (mostMs) => {
			let lastHeard = performance.now();
			const listen = (pauseMs: number) => {
				const pause = AbortSignal.timeout(Math.ceil(pauseMs));
				call.sources.push(pause);
				const onEnd = () => {
					const left = lastHeard + mostMs - performance.now();
					if (left > 0) listen(left);
					else end.abort(pause.reason);
				};
				pause.addEventListener('abort', onEnd, once);
			};
			listen(mostMs);
			return () => {
				lastHeard = performance.now();
			};
		},
		release: () => {
			held.delete(call);
			over.abort();
		},
	};
	const endWith = (source: AbortSignal) => {
		call.sources.push(source);
		source.addEventListener('abort', () => end.abort(source.reason), once);
	};
	held.add(call);
	endWith(AbortSignal.timeout(Math.ceil(ms)));
	const stop = context.getExecutionCancelSignal?.();
	if (stop && !mustFinish) endWith(stop);
	if (stop && mustFinish) {
		stop.addEventListener('abort', () => endWith(AbortSignal.timeout(AFTER_STOP_MS)), once);
	}
	return call;
}

import type { Story } from '../execute';

/** Everything that anyone may come to see: output, error, log, hints, and what n8n saves. */
export function keepsTheKeysSecret({ executions, keys }: Story): string[] {
	return executions.flatMap(({ result }) => {
		const { error, log, hints, items, errorItems, runs, execution } = result;
		const places: Record<string, unknown> = {
			items: [items, errorItems, runs],
			error: error && [error.message, error.description, error.stack, causes(error), error],
			log,
			hints,
			execution,
		};
		return Object.entries(places).flatMap(([place, content]) => {
			const text = JSON.stringify(content, plainErrors) ?? '';
			return keys.some((key) => text.includes(key)) ? [`a key stands in the ${place}`] : [];
		});
	});
}

function causes(error: unknown): unknown[] {
	if (!(error instanceof Error)) return [];
	const { message, stack, cause } = error;
	return [message, stack, ...Object.values(error).map(String), ...causes(cause)];
}

/** JSON leaves out what an error has. */
function plainErrors(_key: string, value: unknown): unknown {
	return value instanceof Error ? { ...value, message: value.message, stack: value.stack } : value;
}

export function fetchesLinksWithoutTheKey({ events, keys }: Story): string[] {
	return events.flatMap(({ request, subject }) => {
		if (request.step !== 'download') return [];
		const text = JSON.stringify([request.path, request.headers]);
		return request.authorizationSent || keys.some((key) => text.includes(key))
			? [`the key went along: ${subject}`]
			: [];
	});
}

import type { Trace } from '../trace';

/** Everything a user may see: output, error, log, hints, and what n8n saves. */
export function keepsApiKeysSecret({ executions, apiKeys: apiKeys }: Trace): string[] {
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
			return apiKeys.some((key) => text.includes(key)) ? [`a key stands in the ${place}`] : [];
		});
	});
}

function causes(error: unknown): unknown[] {
	if (!(error instanceof Error)) return [];
	const { message, stack, cause } = error;
	return [message, stack, ...Object.values(error).map(String), ...causes(cause)];
}

/** JSON omits an error's own fields. */
function plainErrors(_key: string, value: unknown): unknown {
	return value instanceof Error ? { ...value, message: value.message, stack: value.stack } : value;
}

export function downloadsWithoutApiKey({ events, apiKeys: apiKeys }: Trace): string[] {
	return events.flatMap(({ request, subject }) => {
		if (request.step !== 'download') return [];
		const text = JSON.stringify([request.path, request.headers]);
		return request.authorizationSent || apiKeys.some((key) => text.includes(key))
			? [`the key went along: ${subject}`]
			: [];
	});
}

import type { IExecuteFunctions } from 'n8n-workflow';

import { affectsAllRows, mayFallBack } from '../errors/fallBack';
import type { Failure, Result } from '../errors/failure';
import { nodeVersion, reachOf } from '../n8n/readRow';
import { findProvider } from '../providers';
import type { Provider } from '../providers/provider';
import { requestFingerprint } from '../request/requestFingerprint';
import { translateRequest } from '../request/translateRequest';
import type { RowResult } from '../n8n/results';
import type { RowTools } from './row';
import type { RowToGenerate } from './rowTasks';

type GenerateRow = (row: RowToGenerate, tools: RowTools) => Promise<RowResult>;

/** Generates rows with another provider, where their own fails without a charge. */
export class FallBack {
	/** What all rows of a provider fail with, by the provider's ID. */
	private readonly unusable = new Map<string, Failure>();

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly generateRow: GenerateRow,
	) {}

	async generate(row: RowToGenerate, tools: RowTools): Promise<RowResult> {
		const { provider, options } = row;
		const fallbacks = options.fallbacks.flatMap((id) => findProvider(id) ?? []);
		let result = await this.attempt(row, tools, fallbacks.length > 0);
		const reasons: string[] = [];
		for (const fallback of fallbacks) {
			if (result.ok || !mayFallBack(result.failure, options.fallbackOnContentPolicy)) break;
			const toolsThere = tools.forProvider(fallback);
			if (fallback === provider || !toolsThere) continue;
			const rowThere = await this.translate(row, fallback, result.failure, tools);
			if (!rowThere.ok) {
				reasons.push(...rowThere.problems.map((problem) => `${fallback.label}: ${problem}`));
				continue;
			}
			result = await this.attempt(rowThere.value, toolsThere, true);
		}
		return result.ok ? result : { ok: false, failure: withReasons(result.failure, reasons) };
	}

	/** What fails for all rows of a provider is tried once, if a row has another provider to go to. */
	private async attempt(
		row: RowToGenerate,
		tools: RowTools,
		hasFallback: boolean,
	): Promise<Result<Extract<RowResult, { ok: true }>['value']>> {
		const { id } = row.provider;
		const known = this.unusable.get(id);
		if (known && hasFallback && row.rowRequest) return { ok: false, failure: known };
		const result = await this.generateRow(row, tools);
		if (!result.ok && affectsAllRows(result.failure)) this.unusable.set(id, result.failure);
		return result;
	}

	private async translate(
		row: RowToGenerate,
		fallback: Provider,
		{ message }: Failure,
		{ itemIndex }: RowTools,
	): Promise<{ ok: true; value: RowToGenerate } | { ok: false; problems: string[] }> {
		const { context } = this;
		const { request, provider } = row;
		// The request of a row whose task existed isn't known anymore.
		if (!request) return { ok: false, problems: [] };
		const links = request.references.flatMap((one) => (one.kind === 'link' ? [one.url] : []));
		const reach = await reachOf(context, itemIndex, fallback, links);
		const translated = translateRequest(request, provider, fallback, nodeVersion(context), reach);
		if (!translated.ok) return translated;
		const rowRequest = requestFingerprint(fallback, translated.value);
		const input = { ...rowRequest.input, fallback: { from: provider.id, reason: message } };
		return {
			ok: true,
			value: {
				...row,
				provider: fallback,
				request: translated.value,
				rowRequest: { ...rowRequest, input },
				input,
			},
		};
	}
}

function withReasons(failure: Failure, reasons: readonly string[]): Failure {
	if (reasons.length === 0) return failure;
	return {
		...failure,
		message: `${failure.message}. 'Fall Back To' couldn't be used: ${reasons.join('. ')}`,
	};
}

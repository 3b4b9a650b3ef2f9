import type { IExecuteFunctions } from 'n8n-workflow';

import { affectsAllRows, mayFallBack } from '../errors/fallBack';
import type { Failure } from '../errors/failure';
import { nodeVersion, reachOf } from '../n8n/readRow';
import type { RowResult } from '../n8n/results';
import { findProvider } from '../providers';
import type { Provider } from '../providers/provider';
import type { Checked } from '../request/options';
import { requestFingerprint } from '../request/requestFingerprint';
import { translateRequest } from '../request/translateRequest';
import { priceProblem } from './costLimit';
import type { RowTools } from './row';
import { newRequest, type RowToGenerate } from './rowTasks';

/** `knownFailure` returns why the row's create would be rejected, once that's known from another row. */
type GenerateRow = (
	row: RowToGenerate,
	tools: RowTools,
	knownFailure: () => Failure | undefined,
) => Promise<RowResult>;

/** Generates rows with another provider, where their own fails without a charge. */
export class FallBack {
	/** What all rows of a provider fail with, by the provider's ID. */
	private readonly unusable = new Map<string, Failure>();

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly generateRow: GenerateRow,
	) {}

	async generate(row: RowToGenerate, tools: RowTools): Promise<RowResult> {
		const { options } = row;
		const fallbacks = options.fallbacks.flatMap((id) => {
			const provider = findProvider(id);
			const toolsThere = provider && tools.forProvider(provider);
			return toolsThere && provider !== row.provider ? [{ provider, toolsThere }] : [];
		});
		let result = await this.attempt(row, tools, fallbacks.length > 0);
		const others: string[] = [];
		let reason = '';
		for (const { provider, toolsThere } of fallbacks) {
			if (result.ok || !mayFallBack(result.failure, options.fallbackOnContentPolicy)) break;
			reason ||= result.failure.message;
			const rowThere = await translateRow(this.context, row, provider, reason, tools.itemIndex);
			if (!rowThere.ok) {
				const problems = rowThere.problems.join('. ');
				if (problems) others.unshift(`${provider.label} can't generate this row: ${problems}`);
				continue;
			}
			others.unshift(`Before that: ${result.failure.message}`);
			result = await this.attempt(rowThere.value, toolsThere, true);
		}
		return result.ok ? result : { ok: false, failure: withOthers(result.failure, others) };
	}

	/** What fails for all rows of a provider is tried once, if a row has another provider to go to. */
	private async attempt(
		row: RowToGenerate,
		tools: RowTools,
		hasFallback: boolean,
	): Promise<RowResult> {
		const { id } = row.provider;
		const isSkippable = hasFallback && newRequest(row) !== undefined;
		const knownFailure = () => (isSkippable ? this.unusable.get(id) : undefined);
		const result = await this.generateRow(row, tools, knownFailure);
		if (!result.ok && affectsAllRows(result.failure)) this.unusable.set(id, result.failure);
		return result;
	}
}

/** The row for another provider. No problems are named if what it requests isn't known anymore. */
export async function translateRow(
	context: IExecuteFunctions,
	row: RowToGenerate,
	to: Provider,
	reason: string,
	itemIndex: number,
): Promise<Checked<RowToGenerate>> {
	const { provider, rowRequest } = row;
	const request = newRequest(row);
	if (!request || !rowRequest) return { ok: false, problems: [] };
	const links = request.references.flatMap((one) => (one.kind === 'link' ? [one.url] : []));
	const reach = await reachOf(context, itemIndex, to, links);
	const translated = translateRequest(request, provider, to, nodeVersion(context), reach);
	if (!translated.ok) return translated;
	const input = {
		...requestFingerprint(to, translated.value).input,
		fallback: { from: provider.id, reason },
	};
	// It's still the same row: a retry has to find what another provider generated for it.
	const value = {
		...row,
		provider: to,
		request: translated.value,
		rowRequest: { ...rowRequest, input },
		input,
	};
	const problems = priceProblem(value);
	return problems.length > 0 ? { ok: false, problems } : { ok: true, value };
}

/** The failure, and what became of the other providers. */
function withOthers(failure: Failure, others: readonly string[]): Failure {
	return { ...failure, message: [failure.message, ...others].join('. ') };
}

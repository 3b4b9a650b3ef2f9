import type { IExecuteFunctions } from 'n8n-workflow';

import type { Result } from '../errors/failure';
import type { Reference } from '../images/reference';
import type { PreviewFacts } from '../n8n/previewHint';
import { ProviderPrices, type AccountBalance } from '../n8n/providerPrices';
import { isPreviewed } from '../n8n/readRow';
import { failureItem, type RowItem } from '../n8n/results';
import type { RowFields } from '../n8n/rowFields';
import { previewItem } from '../output/previewItem';
import { estimatedCost, taskCost } from '../providers/price';
import { priceByRules } from '../providers/pricingRules';
import type { Provider } from '../providers/provider';
import { costInBoth } from '../providers/taskCost';
import type { ImageRequest } from '../request/imageRequest';
import { requestBody } from '../request/requestBody';
import { expectedImages, requestPrice } from '../request/requestPrice';
import type { Cost } from '../shared/cost';
import type { Ledger } from '../tasks/ledger';
import { hasEnded, type ReadRow } from './row';
import { newRequest, type RowToGenerate } from './rowTasks';

type ReadGenerateRow = (fields: RowFields) => Promise<ReadRow<RowToGenerate>>;

/** Returns what rows would cost, instead of sending them. */
export class Previews {
	private refused = 0;

	private readonly prices = new Map<Provider, ProviderPrices>();

	private readonly balances = new Map<string, AccountBalance>();

	private readonly maximums = new Set<string>();

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly ledger: Ledger,
	) {}

	/** Reads and checks every row with `readRow`; a row that's only previewed ends with that. */
	reader(readRow: ReadGenerateRow): ReadGenerateRow {
		return async (fields) => {
			const row = await readRow(fields);
			if (hasEnded(row) || !isPreviewed(fields)) return row;
			return { kind: 'preview', items: [await this.preview(row, fields.itemIndex)] };
		};
	}

	facts(): PreviewFacts {
		const { refused, balances, maximums } = this;
		return { refused, balances, maximums };
	}

	private async preview(row: Result<RowToGenerate>, itemIndex: number): Promise<RowItem> {
		if (!row.ok) {
			this.refused += 1;
			return failureItem(this.context, { itemIndex, failure: row.failure });
		}
		const { provider, input, rowRequest } = row.value;
		const request = newRequest(row.value);
		const { model, prompt, images, maxUsd } = input;
		const known = { provider, model, prompt, imageCount: images };
		const taskIds = this.ledger.tasksOf(itemIndex, rowRequest);
		if (taskIds) return previewItem({ ...known, taskIds, cost: { credits: 0, usd: 0 } }, itemIndex);
		if (request) return await this.previewRequest(provider, request, itemIndex);
		// Its create had no response, so what it costs isn't known yet.
		const cost = costInBoth({ usd: maxUsd }, provider.priceList.creditsPerUsd);
		return previewItem({ ...known, cost: cost && { ...cost, estimated: true } }, itemIndex);
	}

	private async previewRequest(
		provider: Provider,
		request: ImageRequest,
		itemIndex: number,
	): Promise<RowItem> {
		const { modelId: model, prompt } = request;
		const { count: imageCount, isMaximum } = expectedImages(request);
		if (isMaximum) this.maximums.add(provider.id);
		const cost = await this.costOf(provider, request, imageCount, itemIndex);
		const links = request.references.map((reference) => shownLink(reference, request, provider));
		const body = requestBody(request, links);
		return previewItem({ provider, model, prompt, imageCount, request: body, cost }, itemIndex);
	}

	/** By the account's own prices, by those of the provider, or else by the price list. */
	private async costOf(
		provider: Provider,
		request: ImageRequest,
		images: number,
		itemIndex: number,
	): Promise<Cost | undefined> {
		const prices =
			this.prices.get(provider) ?? new ProviderPrices(this.context, provider, itemIndex);
		this.prices.set(provider, prices);
		const [rules, balance] = await Promise.all([prices.rules(), prices.balance()]);
		if (balance) this.balances.set(provider.id, balance);
		const { model, modelId } = request;
		const price = rules && priceByRules(rules, modelId, model);
		const own = price && requestPrice(provider, { ...request, model: { ...model, price } });
		const listed = own ?? requestPrice(provider, request);
		const quote = await quoteFor(prices, request, [modelId, images, listed?.price]);
		if (quote) return quote;
		if (own) return taskCost(own.price, images, provider);
		return listed && estimatedCost(listed.price, images, provider);
	}
}

/** `pricedBy` is the same for all rows that cost the same. */
async function quoteFor(
	prices: ProviderPrices,
	request: ImageRequest,
	pricedBy: readonly unknown[],
): Promise<Cost | undefined> {
	const { model, values, references, extraBody } = request;
	// A quote can't know how many layers there will be, so it isn't the most that they may cost.
	if (model.layers) return undefined;
	const key = [...pricedBy, values.resolution, references.length, extraBody];
	const links = references.map((reference) =>
		reference.kind === 'link' ? reference.url : UNSENT_FILE,
	);
	return await prices.quote(JSON.stringify(key), requestBody(request, links));
}

/** In a quote's request, in place of a file. */
const UNSENT_FILE = 'https://example.com/reference.png';

const MAX_LINK_LENGTH = 2_048;

/** What a previewed request shows in place of a file, and of a data URI. */
function shownLink(
	reference: Reference,
	{ sendBinaryAs }: ImageRequest,
	{ fileReferences }: Provider,
): string {
	if (reference.kind === 'link') {
		const { url } = reference;
		return url.length > MAX_LINK_LENGTH ? `${url.slice(0, 60)}…` : url;
	}
	const name = reference.file.label.replace(/^the image/, 'file');
	const sent = sendBinaryAs === 'dataUri' ? 'included' : SENT_BY[fileReferences.kind];
	return `(${name}, ${sent} when the row is sent)`;
}

const SENT_BY: Record<Provider['fileReferences']['kind'], string> = {
	upload: 'uploaded',
	signedLink: 'linked',
};

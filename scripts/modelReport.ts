import { ApiMartApi } from '../credentials/ApiMartApi.credentials';
import { EvoLinkApi } from '../credentials/EvoLinkApi.credentials';
import { apiInOne } from '../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../nodes/Seedream/providers/apiMart';
import { evoLink } from '../nodes/Seedream/providers/evoLink';
import type { Provider } from '../nodes/Seedream/providers/provider';
import type { PriceComponent, PricingRules } from '../nodes/Seedream/providers/pricingRules';
import { CatalogClient } from './modelCatalogs';
import {
	describePrices,
	describeSchema,
	incomparablePrices,
	isListed,
	limitDifferences,
	newIds,
	otherCreditsPerUsd,
	priceDifferences,
} from './modelDifferences';

/** What the providers sell, compared with the package's tables. */
export interface ModelReport {
	text: string;
	/** 1 if something differs, 2 if a provider couldn't be asked. */
	exitCode: 0 | 1 | 2;
}

/** As in the environment: a base URL per provider, and the API key where a provider needs one. */
export interface ModelReportSettings {
	EVOLINK_BASE_URL?: string;
	APIMART_BASE_URL?: string;
	APIMART_API_KEY?: string;
}

/** About one provider. */
class Section {
	private readonly failures: string[] = [];

	private readonly findings: string[] = [];

	private readonly notes: string[] = [];

	constructor(private readonly provider: Provider) {}

	get exitCode(): 0 | 1 | 2 {
		if (this.failures.length > 0) return 2;
		return this.findings.length > 0 ? 1 : 0;
	}

	get lines(): string[] {
		const { failures, findings, notes } = this;
		return [...failures, ...findings, ...notes];
	}

	fail(reason: string): void {
		this.failures.push(`${this.provider.label} couldn't be asked: ${reason}.`);
	}

	addNew(id: string, description: string): void {
		const details = description === '' ? '' : ` (${description})`;
		this.findings.push(`New at ${this.provider.label}: ${id}${details}`);
	}

	addGone(listed: readonly string[]): void {
		const { label, models } = this.provider;
		const gone = models.filter((model) => !isListed(model, listed));
		this.findings.push(...gone.map(({ id }) => `Gone from ${label}: ${id}`));
	}

	addDifferences(what: string, differences: readonly string[]): void {
		if (differences.length === 0) return;
		this.findings.push(`Different at ${this.provider.label}: ${what}: ${differences.join('; ')}`);
	}

	note(text: string): void {
		this.notes.push(text);
	}

	/** Everything was compared. */
	end(): void {
		if (this.exitCode > 0) return;
		this.notes.unshift(`${this.provider.label} sells what the tables say.`);
	}
}

export async function reportModels(settings: ModelReportSettings): Promise<ModelReport> {
	const sections = [
		await compareEvoLink(settings),
		await compareApiMart(settings),
		aboutApiInOne(),
	];
	const text = sections.map(({ lines }) => lines.join('\n')).join('\n\n');
	const exitCodes = sections.map(({ exitCode }) => exitCode);
	const exitCode = exitCodes.includes(2) ? 2 : exitCodes.includes(1) ? 1 : 0;
	const key = settings.APIMART_API_KEY?.trim();
	return { text: key ? text.replaceAll(key, '[API key]') : text, exitCode };
}

function baseUrl(setting: string | undefined, { properties }: EvoLinkApi | ApiMartApi): string {
	const { default: usual } = properties.find(({ name }) => name === 'baseUrl') ?? {};
	return (setting?.trim() || String(usual)).replace(/\/+$/, '');
}

async function compareEvoLink({ EVOLINK_BASE_URL }: ModelReportSettings): Promise<Section> {
	const section = new Section(evoLink);
	const client = new CatalogClient(evoLink, baseUrl(EVOLINK_BASE_URL, new EvoLinkApi()));
	const ids = await client.modelIds('/v1/catalog/models');
	if (ids.kind === 'failed') {
		section.fail(ids.reason);
		return section;
	}
	const prices = await client.priceList('/v1/catalog/pricing-rules');
	const priceList = prices.kind === 'parsed' ? prices.value : undefined;
	for (const id of newIds(evoLink, ids.value)) {
		section.addNew(id, describePrices(componentsOf(id, priceList)));
	}
	section.addGone(ids.value);
	if (prices.kind === 'failed') section.fail(prices.reason);
	else comparePrices(section, ids.value, prices.value);
	section.end();
	section.note("EvoLink's limits weren't compared: it has no call that lists them.");
	return section;
}

function componentsOf(id: string, priceList?: PricingRules): readonly PriceComponent[] {
	return priceList?.models.find((model) => model.id === id)?.components ?? [];
}

function comparePrices(section: Section, listed: readonly string[], prices: PricingRules): void {
	const sold = evoLink.models.filter((model) => isListed(model, listed));
	for (const model of sold) {
		const components = componentsOf(model.id, prices);
		section.addDifferences(model.id, priceDifferences(model, components));
		for (const { name, conditions, credits } of incomparablePrices(components)) {
			const price = `${credits} credits per ${name} if ${JSON.stringify(conditions)}`;
			section.note(`${model.id}: the tables don't have this kind of price: ${price}.`);
		}
	}
	const all = sold.flatMap(({ id }) => componentsOf(id, prices));
	const rate = otherCreditsPerUsd(evoLink, all);
	const { creditsPerUsd } = evoLink.priceList;
	if (rate !== undefined) {
		section.addDifferences('credits per US dollar', [`${creditsPerUsd} → ${rate}`]);
	}
	const { freshUntil } = prices;
	if (freshUntil && freshUntil.getTime() < Date.now()) {
		section.note(`EvoLink's price list has been out of date since ${freshUntil.toISOString()}.`);
	}
}

async function compareApiMart(settings: ModelReportSettings): Promise<Section> {
	const section = new Section(apiMart);
	const key = settings.APIMART_API_KEY?.trim();
	if (!key) {
		section.note("APIMart wasn't asked: set APIMART_API_KEY to an API key of APIMart.");
		return section;
	}
	const url = baseUrl(settings.APIMART_BASE_URL, new ApiMartApi());
	const client = new CatalogClient(apiMart, url, key);
	const ids = await client.modelIds('/v1/models');
	if (ids.kind === 'failed') {
		section.fail(ids.reason);
		return section;
	}
	for (const id of newIds(apiMart, ids.value)) {
		const schema = await client.schema(id);
		section.addNew(id, schema.kind === 'parsed' ? describeSchema(schema.value) : '');
	}
	section.addGone(ids.value);
	await compareLimits(section, ids.value, client);
	section.end();
	section.note("APIMart's prices weren't compared: it has no call that lists them.");
	return section;
}

async function compareLimits(
	section: Section,
	listed: readonly string[],
	client: CatalogClient,
): Promise<void> {
	for (const model of apiMart.models.filter((one) => isListed(one, listed))) {
		const schema = await client.schema(model.id);
		if (schema.kind === 'parsed') {
			section.addDifferences(model.id, limitDifferences(model, schema.value));
		} else if (schema.status === 404) {
			section.note(
				`${model.id}: the limits weren't compared, because APIMart has no schema for it.`,
			);
		} else {
			section.fail(schema.reason);
			return;
		}
	}
}

function aboutApiInOne(): Section {
	const section = new Section(apiInOne);
	section.note(
		"API in One wasn't asked: it has no call that lists its models. See https://apiin.one/zh/model/seedream-4-5.",
	);
	return section;
}

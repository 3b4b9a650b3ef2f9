import { isEmpty, sortBy } from 'lodash';
import { z } from 'zod';

import { optionalNumber, optionalTime, parse } from './fieldSchemas';
import type { Model, ParseResult, Price, PriceTier } from './provider';

/** Reads EvoLink's public price list, as its own client does (October 2026). */

const amount = optionalNumber.pipe(z.number().nonnegative());

const resolutionList = z.union([
	z.undefined(),
	z.string().transform((one) => [one]),
	z.array(z.string()).nonempty(),
]);

const priceComponent = z
	.object({
		name: z.string(),
		conditions: z.record(z.unknown()).nullish(),
		rate: z.object({ credits: amount, usd: optionalNumber }),
	})
	.transform(({ name, conditions, rate }) => {
		const { quality, ...others } = conditions ?? {};
		const resolutions = resolutionList.safeParse(quality);
		return {
			name,
			...rate,
			/** Undefined: all. */
			resolutions: resolutions.data,
			/** Those that aren't understood. */
			conditions: resolutions.success ? others : { ...others, quality },
		};
	});

/** A line of a model's price list. */
export type PriceComponent = z.output<typeof priceComponent>;

const modelRules = z.object({ id: z.string(), components: z.array(priceComponent) });

export interface PricingRules {
	/** Without those that can't be read: other kinds of models are priced in other ways. */
	models: ReadonlyArray<{ id: string; components: readonly PriceComponent[] }>;
	/** Until when the provider promises these prices. */
	freshUntil?: Date;
}

const pricingRules = z
	.object({
		meta: z.object({ fresh_until: optionalTime }).catch({}),
		models: z.array(z.unknown()),
	})
	.transform(({ meta, models }): PricingRules => ({
		models: models.flatMap((model) => modelRules.safeParse(model).data ?? []),
		freshUntil: meta.fresh_until,
	}));

export function parsePricingRules(body: unknown): ParseResult<PricingRules> {
	return parse(pricingRules, body);
}

/** What a component other than the images is in a price. */
const EXTRAS: Record<string, 'perTask' | 'perReference' | 'perWebSearch'> = {
	input_image: 'perTask',
	reference_image: 'perReference',
	web_search: 'perWebSearch',
};

/** Undefined if the rules don't have the model, or if any part of its price isn't understood. */
export function priceByRules(
	{ models }: PricingRules,
	modelId: string,
	model: Pick<Model, 'price'>,
): Price | undefined {
	const components = models.find(({ id }) => id === modelId)?.components ?? [];
	if (components.some(({ conditions }) => !isEmpty(conditions))) return undefined;
	const [first, ...others] = imageTiers(components, model);
	const extras = extrasOf(components.filter(({ name }) => name !== 'image'));
	return first && extras && { perImage: [first, ...others], ...extras };
}

/** None if it isn't clear which of them applies. */
function imageTiers(
	components: readonly PriceComponent[],
	{ price }: Pick<Model, 'price'>,
): PriceTier[] {
	const images = components.filter(({ name }) => name === 'image');
	const tiers = sortBy(images, 'credits').map(({ credits, resolutions }): PriceTier => ({
		amount: credits,
		...(resolutions ? { resolutions } : {}),
	}));
	if (tiers.length < 2) return tiers;
	const named = tiers.flatMap(({ resolutions }) => resolutions ?? []);
	const isClear = tiers.every(({ resolutions }) => resolutions) && isUnique(named);
	// The rules don't say from how many pixels the most expensive tier applies.
	const abovePixels = price?.perImage.at(-1)?.abovePixels;
	const last = tiers.at(-1);
	if (last && abovePixels !== undefined) last.abovePixels = abovePixels;
	return isClear ? tiers : [];
}

function extrasOf(components: readonly PriceComponent[]): Omit<Price, 'perImage'> | undefined {
	const isKnown = components.every(
		({ name, resolutions }) => Object.hasOwn(EXTRAS, name) && !resolutions,
	);
	if (!isKnown || !isUnique(components.map(({ name }) => name))) return undefined;
	return Object.fromEntries(components.map(({ name, credits }) => [EXTRAS[name], credits]));
}

function isUnique(names: readonly string[]): boolean {
	return new Set(names).size === names.length;
}

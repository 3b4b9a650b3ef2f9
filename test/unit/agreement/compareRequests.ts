import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';

import { checkRequest } from '../../../nodes/Seedream/request/checkRequest';
import type { ImageRequest } from '../../../nodes/Seedream/request/imageRequest';
import { requestBody } from '../../../nodes/Seedream/request/requestBody';
import { requestFingerprint } from '../../../nodes/Seedream/request/requestFingerprint';
import { randomCases } from '../randomCases';
import { differencesBehind, type Difference } from './differences';
import { rowInputs } from './randomRows';
import {
	encoded,
	linksIn,
	normalized,
	rawBody,
	rowOf,
	type Body,
	type RowInput,
	type System,
} from './rows';

/** Set the environment variable SEED for other rows, or to repeat some. */
const SEED = Number(process.env.SEED ?? 20_261_120);
const ROWS = randomCases(10_000);

function linksOf({ references: all }: ImageRequest): string[] {
	return all.map((reference) => (reference.kind === 'link' ? reference.url : 'a file'));
}

/** Removes differences without effect: one image, no references, and other spellings of a link. */
function comparable({ n, image_urls: links, ...body }: Body): Body {
	const urls = linksIn(links ?? []).map(encoded);
	return { ...body, ...(n !== undefined && n !== 1 && { n }), ...(urls.length > 0 && { urls }) };
}

function shortened(_key: string, value: unknown): unknown {
	return typeof value === 'string' && value.length > 200 ? `${value.slice(0, 200)}…` : value;
}

/** The price that the sandbox charges, in the unit of the package's price list. */
function sandboxPrice(
	{ provider: { priceList } }: System,
	{ perTask, perImage }: { perTask: number; perImage: number },
) {
	const unit = priceList.unit === 'usd' ? priceList.creditsPerUsd : 1;
	return { perTask: perTask / unit, perImage: perImage / unit };
}

interface Accepted {
	input: RowInput;
	request: ImageRequest;
	system: System;
}

/** What's wrong with a request that the package sends. */
function wrongRequest({ input, request, system }: Accepted) {
	const sent = requestBody(request, linksOf(request));
	const created = system.sandbox.parseCreate(sent, []);
	if ('error' in created) {
		const rejected = created.error.body.error.message;
		return { what: 'the package sends what the sandbox rejects', rejected, sent };
	}
	const wanted = rawBody(normalized(input, system), system);
	if (!isDeepStrictEqual(comparable(sent), comparable(wanted))) {
		return { what: 'the package sends something else than the row says', sent, wanted };
	}
	const { price } = requestFingerprint(system.provider, request).input;
	const charged = sandboxPrice(system, created.value.price);
	return isDeepStrictEqual(rounded(price), rounded(charged))
		? undefined
		: { what: 'the package states another price than the sandbox charges', price, charged, sent };
}

function rounded(price: { perTask: number; perImage: number } | undefined) {
	return price && [price.perTask.toFixed(6), price.perImage.toFixed(6)];
}

/** Compares the package with the sandbox, and counts the intended differences between them. */
class Comparison {
	readonly seen = new Map<string, number>();

	constructor(private readonly differences: readonly Difference[]) {}

	/** How the two disagree about a row; undefined if they agree. */
	disagreement(input: RowInput, system: System, onResult: (isAccepted: boolean) => void) {
		const checked = checkRequest(system.provider, rowOf(input));
		const raw = rawBody(input, system);
		const parsed = system.sandbox.parseCreate(raw, []);
		const rejectedRaw = 'error' in parsed ? parsed.error.body.error.message : undefined;
		onResult(checked.ok);
		if (checked.ok) {
			const wrong = wrongRequest({ input, request: checked.value, system });
			if (wrong || rejectedRaw === undefined) return wrong;
		} else if (rejectedRaw !== undefined) {
			return undefined;
		}
		const problems = checked.ok ? [] : checked.problems;
		const behind = differencesBehind({ input, system }, problems, this.differences);
		for (const { name } of behind) this.seen.set(name, (this.seen.get(name) ?? 0) + 1);
		if (behind.length > 0) return undefined;
		return checked.ok
			? { what: 'the package accepts what the sandbox rejects', rejectedRaw, raw }
			: { what: 'the package rejects what the sandbox accepts', problems, raw };
	}
}

/**
 * The package and the sandbox implement the same documentation independently. These tests compare
 * them on the same random rows. Each intended difference has to occur.
 */
export function compareRequests(
	systems: readonly System[],
	differences: readonly Difference[],
): void {
	const comparison = new Comparison(differences);

	it.each(systems.map((system): [string, System] => [system.name, system]))(
		`the package and the sandbox agree on ${ROWS} rows of %s`,
		(_name, system) => {
			let accepted = 0;
			let rejected = 0;
			fc.assert(
				fc.property(rowInputs(system), (input) => {
					const found = comparison.disagreement(input, system, (isAccepted) => {
						if (isAccepted) accepted += 1;
						else rejected += 1;
					});
					if (found) throw new Error(JSON.stringify(found, shortened));
				}),
				{ seed: SEED, numRuns: ROWS },
			);
			expect(accepted).toBeGreaterThan(ROWS / 10);
			expect(rejected).toBeGreaterThan(ROWS / 10);
		},
	);

	it.each(differences.map(({ name, reason }) => [name, reason]))(
		'the intended difference occurs: %s (%s)',
		(name) => {
			expect(comparison.seen.get(name ?? '') ?? 0).toBeGreaterThan(0);
		},
	);
}

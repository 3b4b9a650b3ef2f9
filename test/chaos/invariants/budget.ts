import type { FallBackTrace } from '../fallBackPlan';
import { MAX_USD } from '../mixedProviders';

const TOLERANCE_USD = 1e-6;

/** Over all tries, loops and retries; no more than by the last task that was already paid for. */
export function staysBelowMaximumCost({ plan, spentUsd }: FallBackTrace): string[] {
	const { maxCost } = plan;
	const oneTask = Math.max(...Object.values(MAX_USD));
	if (maxCost === 0 || spentUsd <= maxCost + oneTask + TOLERANCE_USD) return [];
	return [`$${spentUsd.toFixed(4)} were spent, and the maximum was $${maxCost.toFixed(4)}`];
}

/** No provider here charges more than its price list says, so the maximum holds exactly. */
export function staysExactlyBelowMaximumCost({
	plan,
	spentUsd,
}: {
	plan: { maxCost: number };
	spentUsd: number;
}): string[] {
	const { maxCost } = plan;
	if (maxCost === 0 || spentUsd <= maxCost + TOLERANCE_USD) return [];
	return [`$${spentUsd.toFixed(4)} were spent, and the maximum was $${maxCost.toFixed(4)}`];
}

/** Without a maximum, no row is refused because of it. */
export function refusesNothingWithoutMaximum({ plan, results }: FallBackTrace): string[] {
	if (plan.maxCost > 0) return [];
	const text = JSON.stringify(results.map(({ runs, error }) => [runs, error?.message]));
	return text.includes('budget_reached') || text.includes("'Maximum Cost")
		? ['a row was refused although there is no maximum']
		: [];
}

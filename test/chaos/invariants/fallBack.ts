import type { INodeExecutionData } from 'n8n-workflow';

import type { FallBackTrace } from '../fallBackPlan';

const itemsOf = ({ results }: FallBackTrace): INodeExecutionData[] =>
	results.flatMap(({ runs, errorItems }) => [...runs.flat(), ...errorItems]);

/** Each prompt is one row. A failed task that was charged may be generated again after a person's retry. */
export function paysNoRowAtTwoProviders({ plan, tasks }: FallBackTrace): string[] {
	return plan.rows.flatMap(({ prompt }) => {
		const paid = tasks.filter(
			(task) => task.prompt === prompt && task.credits.charged > 0 && task.status === 'completed',
		);
		const providers = new Set(paid.map(({ provider }) => provider));
		return providers.size > 1 ? [`"${prompt}" was paid for at ${[...providers].join(', ')}`] : [];
	});
}

/** A row's item names a task of its own prompt, and the provider that has it. */
export function givesFallbacksToTheirRows(trace: FallBackTrace): string[] {
	const { plan, tasks } = trace;
	return itemsOf(trace).flatMap(({ json }) => {
		if (json.status !== 'completed' && json.status !== 'submitted') return [];
		const { taskId, prompt, provider, fallbackFrom, fallbackReason } = json;
		const task = tasks.find(({ id }) => id === taskId);
		const row = plan.rows.find((one) => one.prompt === prompt);
		if (!task || !row) return [`${String(taskId)} belongs to no row`];
		if (task.prompt !== prompt || task.provider !== provider) {
			return [`${String(taskId)} is a task of another row, or of another provider`];
		}
		const isMoved = provider !== row.provider;
		if (fallbackFrom !== (isMoved ? row.provider : undefined)) {
			return [
				`"${row.prompt}" went from ${row.provider} to ${task.provider}, and says ${String(fallbackFrom)}`,
			];
		}
		return isMoved && !fallbackReason ? [`"${row.prompt}" doesn't say why it fell back`] : [];
	});
}

/** Only to providers that the user chose. */
export function fallsBackOnlyToChosenProviders({ plan, tasks }: FallBackTrace): string[] {
	const chosen = plan.options.fallbacks as string[];
	return tasks.flatMap(({ provider, prompt }) => {
		const row = plan.rows.find((one) => one.prompt === prompt);
		return row?.provider === provider || chosen.includes(provider)
			? []
			: [`"${prompt}" was sent to ${provider}`];
	});
}

/** A task that was delivered once isn't created again. */
export function generatesNoRowTwice({ plan, tasks, results }: FallBackTrace): string[] {
	const known = results.flatMap(({ log }) => log.map(({ message }) => message));
	const isKnown = (id: string) => known.some((message) => message.includes(`task ${id} submitted`));
	return plan.rows.flatMap(({ prompt }) => {
		const paid = tasks.filter(
			({ id, prompt: own, status, credits }) =>
				own === prompt && status === 'completed' && credits.charged > 0 && isKnown(id),
		);
		return paid.length > 1 ? [`"${prompt}" was paid for ${paid.length} times`] : [];
	});
}

import type { RequestEvent } from './faultInjector';
import type { Plan } from './plan';
import type { Trace } from './trace';

/** A trace for people to read: the plan, what happened in which order, and what the node reported. */

export function formatPlan(plan: Plan): string {
	const { rows, parameters, seed, ...rest } = plan;
	return [
		`Seed ${seed}: ${JSON.stringify(rest)}`,
		`  parameters ${JSON.stringify(parameters)}`,
		...rows.map((row, index) => `  row ${index + 1} ${JSON.stringify(row)}`),
	].join('\n');
}

export function formatTrace({ plan, events, executions, tasks }: Trace): string {
	const start = executions[0]?.from ?? 0;
	const seconds = (at: number) => ((at - start) / 1000).toFixed(2).padStart(7);
	const lines = [
		...events.map((event) => ({ at: event.request.at, line: formatEvent(event) })),
		...tasks.map(({ id, provider, prompt, status, createdAt, images, credits }) => ({
			at: createdAt,
			line: `TASK ${id} for ${provider}: ${prompt} (${status} in the end, ${images.length} images, ${credits.charged} credits)`,
		})),
		...executions.flatMap(({ from, to, cancelledAt, result }, index) => [
			{ at: from, line: `EXECUTION ${index + 1} begins` },
			...(cancelledAt === undefined ? [] : [{ at: cancelledAt, line: 'STOP' }]),
			{ at: to, line: `EXECUTION ${index + 1} ends: ${result.status}, ${result.calls} calls` },
		]),
	].sort((a, b) => a.at - b.at);
	return [
		formatPlan(plan),
		...lines.map(({ at, line }) => `${seconds(at)} ${line}`),
		...executions.flatMap(({ result, turns }, index) => [
			`Log of execution ${index + 1}`,
			...result.log.map(
				({ level, message, meta }) => `  ${level} ${message} ${JSON.stringify(meta)}`,
			),
			...(result.error ? [`Error: ${result.error.message}`, String(result.error.description)] : []),
			...turns.flatMap(({ hints }) => hints.map(({ message }) => `Hint: ${message}`)),
			...turns.flatMap(({ outputs = [] }, turn) =>
				outputs.flatMap((items, output) =>
					items.map(
						({ json, pairedItem }) =>
							`  turn ${turn} output ${output} ${JSON.stringify(pairedItem)} ${JSON.stringify(json)}`,
					),
				),
			),
		]),
	].join('\n');
}

function formatEvent({
	request,
	subject,
	attempt,
	name,
	fault,
	createResponse,
}: RequestEvent): string {
	const { step, taskId, headers } = request;
	const key = step === 'create' ? ` under ${String(headers['idempotency-key']).slice(0, 8)}` : '';
	return [
		`${step} ${subject}, attempt ${attempt}${taskId ? ` (${taskId})` : ''}${key}`,
		...(name ? [`: ${name} ${JSON.stringify(fault)}`] : []),
		...(createResponse
			? [
					` -> ${createResponse.status} ${createResponse.taskIds.join(', ')}${createResponse.isReplay ? ', replay' : ''}`,
				]
			: []),
	].join('');
}

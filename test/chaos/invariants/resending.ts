import { isEqual } from 'lodash';

import type { RequestEvent } from '../faultInjector';
import { keptRows } from '../messages';
import type { Trace } from '../trace';
import {
	allOutcomes,
	createsOf,
	rowsPerGroup,
	isAccepted,
	isUnconfirmed,
	isWithin,
	keyOf,
	mayHonorIdempotency,
	promisesIdempotency,
} from './traceQueries';

/**
 * In the same execution, in any try or turn of a loop, an unconfirmed create request is only repeated if
 * the provider documents that this can't charge twice, or has shown it in that execution.
 */
export function resendsNoUnconfirmedCreate(trace: Trace): string[] {
	const { plan, executions } = trace;
	return [...rowsPerGroup(plan.rows)].flatMap(([group, rows]) =>
		executions.flatMap((execution) => {
			const creates = createsOf(trace, group).filter(({ request }) =>
				isWithin(request.at, execution),
			);
			const [first] = creates;
			if (!first || promisesIdempotency(group)) return [];
			const shownAt = mayHonorIdempotency(group) ? firstReplay(trace, first) : Infinity;
			const unproven = creates.filter(({ request }) => request.at < shownAt);
			const again = unproven.flatMap((event, index) => {
				// While the first request is in progress, the node repeats it, as the provider knows the key.
				const lost = unproven
					.slice(0, index)
					.filter((one) => isUnconfirmed(one) && one.name !== '409 in progress');
				const isSame = lost.some((one) => keyOf(one) === keyOf(event));
				return isSame || lost.length >= rows
					? [`attempt ${event.attempt} came after "${lost.at(-1)?.name}": ${group}`]
					: [];
			});
			return [...again, ...repeatedIndeterminate(creates)];
		}),
	);
}

/** If the provider itself doesn't know the result, only the user can decide to repeat the request. */
function repeatedIndeterminate(creates: readonly RequestEvent[]): string[] {
	return creates.flatMap((event, index) => {
		const isGivenUp = creates
			.slice(0, index)
			.some((one) => one.name === '409 indeterminate' && keyOf(one) === keyOf(event));
		return isGivenUp ? [`attempt ${event.attempt} came in spite of all: ${event.subject}`] : [];
	});
}

/** When the provider first showed in this create request's execution that it honors keys. */
function firstReplay({ events, executions }: Trace, { request }: RequestEvent): number {
	const execution = executions.find((one) => isWithin(request.at, one));
	const replay = events.find(
		(event) =>
			event.request.provider === request.provider &&
			event.createResponse?.isReplay === true &&
			execution !== undefined &&
			isWithin(event.request.at, execution),
	);
	return replay?.request.at ?? Infinity;
}

const TWICE = /may have been generated twice, and you may have been charged for both/;

/**
 * A create request that was repeated after a lost response and accepted as a new one may be charged
 * twice, as its items, the hint above the output, and the log say.
 */
export function warnsOfPossibleDoubleCharges(trace: Trace): string[] {
	const groups = rowsPerGroup(trace.plan.rows).keys();
	return [...groups].flatMap((group) => {
		const creates = createsOf(trace, group);
		return [...new Set(creates.map(keyOf))].flatMap((key) => {
			const underKey = creates.filter((event) => keyOf(event) === key);
			return underKey.flatMap((event, index) => {
				const taskIds = event.createResponse?.taskIds ?? [];
				if (taskIds.length === 0) return [];
				const before = underKey.slice(0, index);
				const since = before.findLastIndex(isAccepted) + 1;
				const isDoubtful =
					before.slice(since).some(isUnconfirmed) && event.createResponse?.isReplay === false;
				const isAmbiguous = before.slice(since).some(({ name }) => name === '401 with the key');
				if (isDoubtful) return taskIds.flatMap((id) => missingWarnings(id, event, trace));
				// A create request may have been sent before its connection was refused.
				const mayBeLost = isAmbiguous || trace.plan.outage !== undefined;
				return mayBeLost ? [] : taskIds.flatMap((id) => unneededWarnings(id, trace));
			});
		});
	});
}

function missingWarnings(taskId: string, { request }: RequestEvent, trace: Trace): string[] {
	const delivered = allOutcomes(trace).filter(
		(one) => one.kind === 'delivered' && one.taskId === taskId,
	);
	const problems = delivered.flatMap((one) => {
		if (one.kind !== 'delivered') return [];
		const { warning = '', turn } = one;
		const isInItem = TWICE.test(warning) && warning.includes(taskId);
		const hints = turn.hints.map(({ message }) => message).join(' ');
		const isInHint = hints.includes(warning) || /and \d+ more like these/.test(hints);
		return [
			...(isInItem ? [] : [`the item of ${taskId} does not say that it may be paid twice`]),
			...(isInHint ? [] : [`no hint says that ${taskId} may be paid twice`]),
		];
	});
	for (const { tasks, warnings, moreWarnings } of trace.executions.map(keptRows)) {
		const isInError = moreWarnings > 0 || warnings.some(({ text }) => text.includes(taskId));
		if (tasks.includes(taskId) && !isInError) {
			problems.push(`an error does not say that ${taskId} may be paid twice`);
		}
	}
	const maker = trace.executions.find((one) => isWithin(request.at, one));
	const isInLog = maker?.result.log.some(
		({ level, message }) => level === 'warn' && TWICE.test(message) && message.includes(taskId),
	);
	const isStopped = maker?.result.status === 'canceled';
	if (isInLog !== true && !isStopped) problems.push(`no log says that ${taskId} may be paid twice`);
	return problems;
}

function unneededWarnings(taskId: string, trace: Trace): string[] {
	const isSaid = allOutcomes(trace).some(
		(one) => one.kind === 'delivered' && one.taskId === taskId && TWICE.test(one.warning ?? ''),
	);
	return isSaid ? [`${taskId} was made once, and its item says that it may be paid twice`] : [];
}

/** The format of keys at both providers that honor them. */
const KEY = /^[A-Za-z0-9._-]{16,96}$/;
const VERSION_HEADER = 'x-apimart-response-version';

/**
 * Every create request has its own row's key, and requests with the same key are identical. Otherwise
 * the provider would reject the repeated one or return another row's image.
 */
export function keepsIdempotencyKeys(trace: Trace): string[] {
	const creates = trace.events.filter(({ request }) => request.step === 'create');
	const owners = new Map<string, string>();
	const undecided = new Map<string, RequestEvent>();
	return creates.flatMap((event) => {
		const { subject, name, createResponse, request } = event;
		const key = keyOf(event);
		const problem = (what: string) => [`${what}: ${subject}, attempt ${event.attempt}`];
		if (!KEY.test(key)) return problem(`the key is "${key}"`);
		if (request.provider === 'apiMart' && !request.headers[VERSION_HEADER]) {
			return problem('it has no response version');
		}
		if (name === undefined && createResponse?.status === 409)
			return problem('the provider knows the key');
		const owner = owners.get(key) ?? subject;
		owners.set(key, owner);
		if (owner !== subject) return problem(`its key is that of ${owner}`);
		const before = undecided.get(key);
		if (isUnconfirmed(event)) undecided.set(key, event);
		return before && mayHonorIdempotency(subject) && !isEqual(before.request.body, request.body)
			? problem('its body is another under the same key')
			: [];
	});
}

import isEqual from 'lodash/isEqual';

import type { Story } from '../execute';
import type { Event } from '../injector';
import { keptRows } from '../messages';
import {
	allOutcomes,
	createsOf,
	demand,
	isAccepted,
	isUndecided,
	isWithin,
	keyOf,
	mayHonourKeys,
	promisesKeys,
} from './facts';

/**
 * A create whose fate is unknown is sent again in the same execution only where the provider has
 * promised that this cannot pay twice, or shown it in that execution: in no other try, and in no other
 * turn of a loop.
 */
export function sendsNoLostCreateAgain(story: Story): string[] {
	const { plan, executions } = story;
	return [...demand(plan.rows)].flatMap(([group, rows]) =>
		executions.flatMap((execution) => {
			const creates = createsOf(story, group).filter(({ request }) =>
				isWithin(request.at, execution),
			);
			const [first] = creates;
			if (!first || promisesKeys(group)) return [];
			const shownAt = mayHonourKeys(group) ? firstReplay(story, first) : Infinity;
			const unproven = creates.filter(({ request }) => request.at < shownAt);
			const again = unproven.flatMap((event, index) => {
				// Told that the first is still under way, the node asks again: the provider knows the key.
				const lost = unproven
					.slice(0, index)
					.filter((one) => isUndecided(one) && one.name !== '409 under way');
				const isSame = lost.some((one) => keyOf(one) === keyOf(event));
				return isSame || lost.length >= rows
					? [`attempt ${event.attempt} came after "${lost.at(-1)?.name}": ${group}`]
					: [];
			});
			return [...again, ...inSpite(creates)];
		}),
	);
}

/** The provider itself has given up finding out: whatever it has shown before, only people can tell now. */
function inSpite(creates: readonly Event[]): string[] {
	return creates.flatMap((event, index) => {
		const isGivenUp = creates
			.slice(0, index)
			.some((one) => one.name === '409 indeterminate' && keyOf(one) === keyOf(event));
		return isGivenUp ? [`attempt ${event.attempt} came in spite of all: ${event.subject}`] : [];
	});
}

/** When the provider first showed in the execution of this create that it knows a key. */
function firstReplay({ events, executions }: Story, { request }: Event): number {
	const execution = executions.find((one) => isWithin(request.at, one));
	const replay = events.find(
		(event) =>
			event.request.provider === request.provider &&
			event.said?.isReplay === true &&
			execution !== undefined &&
			isWithin(event.request.at, execution),
	);
	return replay?.request.at ?? Infinity;
}

const TWICE = /may have been made and charged twice/;

/**
 * A create that was sent again after a lost answer, and accepted as a new one, may have been made
 * twice: wherever its task is handed on, in the note above the output, and in the log.
 */
export function saysWhereItMayHavePaidTwice(story: Story): string[] {
	const groups = demand(story.plan.rows).keys();
	return [...groups].flatMap((group) => {
		const creates = createsOf(story, group);
		return [...new Set(creates.map(keyOf))].flatMap((key) => {
			const underKey = creates.filter((event) => keyOf(event) === key);
			return underKey.flatMap((event, index) => {
				const taskIds = event.said?.taskIds ?? [];
				if (taskIds.length === 0) return [];
				const before = underKey.slice(0, index);
				const since = before.findLastIndex(isAccepted) + 1;
				const isDoubtful = before.slice(since).some(isUndecided) && event.said?.isReplay === false;
				const isAmbiguous = before.slice(since).some(({ name }) => name === '401 with the key');
				if (isDoubtful) return taskIds.flatMap((id) => whereItIsNotSaid(id, event, story));
				// A connection that is refused may have been one on which a create had gone out.
				const mayBeLost = isAmbiguous || story.plan.refusal !== undefined;
				return mayBeLost ? [] : taskIds.flatMap((id) => whereItIsSaid(id, story));
			});
		});
	});
}

function whereItIsNotSaid(taskId: string, { request }: Event, story: Story): string[] {
	const delivered = allOutcomes(story).filter(
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
	for (const { tasks, warnings, moreWarnings } of story.executions.map(keptRows)) {
		const isInError = moreWarnings > 0 || warnings.some(({ text }) => text.includes(taskId));
		if (tasks.includes(taskId) && !isInError) {
			problems.push(`an error does not say that ${taskId} may be paid twice`);
		}
	}
	const maker = story.executions.find((one) => isWithin(request.at, one));
	const isInLog = maker?.result.log.some(
		({ level, message }) => level === 'warn' && TWICE.test(message) && message.includes(taskId),
	);
	const isStopped = maker?.result.status === 'canceled';
	if (isInLog !== true && !isStopped) problems.push(`no log says that ${taskId} may be paid twice`);
	return problems;
}

function whereItIsSaid(taskId: string, story: Story): string[] {
	const isSaid = allOutcomes(story).some(
		(one) => one.kind === 'delivered' && one.taskId === taskId && TWICE.test(one.warning ?? ''),
	);
	return isSaid ? [`${taskId} was made once, and its item says that it may be paid twice`] : [];
}

/** What a key has to look like at both providers that know keys. */
const KEY = /^[A-Za-z0-9._-]{16,96}$/;
const VERSION_HEADER = 'x-apimart-response-version';

/**
 * Every create has a key of its own row's, and under one key goes one request, to the letter: else a
 * provider that knows the key refuses the repeat, or answers a row with another row's image.
 */
export function keepsItsKeys(story: Story): string[] {
	const creates = story.events.filter(({ request }) => request.step === 'create');
	const owners = new Map<string, string>();
	const undecided = new Map<string, Event>();
	return creates.flatMap((event) => {
		const { subject, name, said, request } = event;
		const key = keyOf(event);
		const problem = (what: string) => [`${what}: ${subject}, attempt ${event.attempt}`];
		if (!KEY.test(key)) return problem(`the key is "${key}"`);
		if (request.provider === 'apiMart' && !request.headers[VERSION_HEADER]) {
			return problem('it has no response version');
		}
		if (name === undefined && said?.status === 409) return problem('the provider knows the key');
		const owner = owners.get(key) ?? subject;
		owners.set(key, owner);
		if (owner !== subject) return problem(`its key is that of ${owner}`);
		const before = undecided.get(key);
		if (isUndecided(event)) undecided.set(key, event);
		return before && mayHonourKeys(subject) && !isEqual(before.request.body, request.body)
			? problem('its body is another under the same key')
			: [];
	});
}

import { isNoTask, type Result } from '../errors/failure';
import type { Clock } from '../shared/clock';

const MAX_TASKS = 5_000;
/** Anyone can post an ID to the trigger, and each costs a query. */
export const MAX_UNKNOWN_PER_MINUTE = 30;
const MINUTE_MS = 60_000;
/** Providers repeat a callback for up to two minutes. */
const REPEATS_MS = 5 * MINUTE_MS;
const CHECK_MS = 100;

/** An ID that isn't known to be a task's. */
interface UnconfirmedId {
	at: number;
	isUnknown: boolean;
}

/** What this process knows about the tasks that one trigger was called back for. */
export class CalledBackTasks {
	private readonly knownUntil = new Map<string, number>();

	private unconfirmed: UnconfirmedId[] = [];

	constructor(private readonly now: () => number = () => performance.now()) {}

	/** Whether a further callback for the task is a repeated one. */
	has(taskId: string): boolean {
		return (this.knownUntil.get(taskId) ?? -Infinity) > this.now();
	}

	/** An execution was started for the task. It may be another process that finds out how it ends. */
	add(taskId: string): void {
		this.remember(taskId, this.now() + REPEATS_MS);
	}

	/** The task has been delivered, or there's no such task. */
	end(taskId: string): void {
		this.remember(taskId, Infinity);
	}

	hasEnded(taskId: string): boolean {
		return this.knownUntil.get(taskId) === Infinity;
	}

	/** If its execution failed, a further callback for the task is welcome. */
	forgetUnlessEnded(taskId: string): void {
		if (!this.hasEnded(taskId)) this.knownUntil.delete(taskId);
	}

	/** Whether the last minute had so many unknown IDs that others are probably made up, too. */
	isFlooded(): boolean {
		const unknown = this.recent().filter(({ isUnknown }) => isUnknown);
		return unknown.length >= MAX_UNKNOWN_PER_MINUTE;
	}

	/**
	 * Queries a task whose ID may be made up; undefined if there were too many of those. An ID that the
	 * provider hasn't confirmed counts for a minute, so that many at once can't exceed the limit either.
	 */
	async query<T>(query: () => Promise<Result<T>>, clock: Clock): Promise<Result<T> | undefined> {
		while (this.recent().length >= MAX_UNKNOWN_PER_MINUTE) {
			if (this.isFlooded()) return undefined;
			await clock.sleep(CHECK_MS);
		}
		const own: UnconfirmedId = { at: this.now(), isUnknown: false };
		this.unconfirmed.push(own);
		const result = await query();
		if (result.ok) this.unconfirmed = this.unconfirmed.filter((id) => id !== own);
		else if (isNoTask(result.failure)) own.isUnknown = true;
		return result;
	}

	private remember(taskId: string, until: number): void {
		this.knownUntil.set(taskId, until);
		const [oldest] = this.knownUntil.keys();
		if (this.knownUntil.size > MAX_TASKS && oldest !== undefined) this.knownUntil.delete(oldest);
	}

	private recent(): readonly UnconfirmedId[] {
		this.unconfirmed = this.unconfirmed.filter(({ at }) => this.now() - at < MINUTE_MS);
		return this.unconfirmed;
	}
}

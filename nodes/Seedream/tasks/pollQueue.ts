interface Entry<T> {
	task: T;
	position: number;
}

/**
 * Tasks that wait for a poll. Only those at the heads of its lines are looked at: with thousands of
 * tasks, looking at each of them all the time would cost more than everything else.
 */
export class PollQueue<T> {
	private readonly lines = new Map<string, Array<Entry<T>>>();

	/**
	 * Tasks of the same line are due in the order of their positions, whenever that is. Without a
	 * line, a task is due at its position.
	 */
	add(task: T, position: number, line = ''): void {
		const entries = this.lines.get(line) ?? [];
		this.lines.set(line, entries);
		const before = entries.findLastIndex((entry) => entry.position <= position);
		entries.splice(before + 1, 0, { task, position });
	}

	/** Removes the tasks that are due. */
	takeDue(now: number, dueAt: (task: T) => number): T[] {
		return [...this.lines].flatMap(([line, entries]) => {
			const end = entries.findIndex(
				({ task, position }) => (line === '' ? position : dueAt(task)) > now,
			);
			const due = entries.splice(0, end < 0 ? entries.length : end);
			if (entries.length === 0) this.lines.delete(line);
			return due.map(({ task }) => task);
		});
	}

	/** Removes those of the next tasks that are wanted, up to `count`. */
	takeNext(count: number, isWanted: (task: T, position: number) => boolean): T[] {
		const taken: T[] = [];
		for (const entries of this.lines.values()) {
			const others: Array<Entry<T>> = [];
			for (const entry of entries.splice(0, count - taken.length)) {
				if (isWanted(entry.task, entry.position)) taken.push(entry.task);
				else others.push(entry);
			}
			entries.unshift(...others);
		}
		return taken;
	}
}

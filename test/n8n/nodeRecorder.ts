import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import type { INodeType, Logger, LogLevel } from 'n8n-workflow';

/** Records what the node under test logs and how often it's called. */

export interface LogLine {
	level: 'error' | 'warn' | 'info' | 'debug';
	message: string;
	meta: unknown;
}

const LEVELS = ['error', 'warn', 'info', 'debug'] as const satisfies LogLevel[];

/**
 * n8n has one logger for the whole process, so log lines are assigned to executions by the asynchronous
 * context they're written in.
 */
export class LogRecorder {
	private readonly running = new AsyncLocalStorage<LogLine[]>();

	/** A logger that records everything, whatever the log level, and passes it on. */
	wrap<T extends Logger>(logger: T): T {
		const methods = LEVELS.map((level) => [level, { value: this.method(logger, level) }]);
		return Object.create(logger, Object.fromEntries(methods)) as T;
	}

	/** Everything this call logs, or what it starts, is added to these lines. */
	record<T>(lines: LogLine[], call: () => T): T {
		return this.running.run(lines, call);
	}

	private method(logger: Logger, level: LogLine['level']): Logger['info'] {
		return (message, meta) => {
			// n8n's logger writes into `meta`, so ours is a copy.
			this.running.getStore()?.push({ level, message, meta: meta && { ...meta } });
			logger[level](message, meta);
		};
	}
}

/** Calls of a function, of which n8n's engine may make several in a row. */
export class CallTracker {
	count = 0;
	private inFlight = 0;

	async track<T>(call: () => Promise<T>): Promise<T> {
		this.count++;
		this.inFlight++;
		try {
			return await call();
		} finally {
			this.inFlight--;
		}
	}

	/** Resolves once there hasn't been a call for this long. */
	async untilIdle(ms: number): Promise<void> {
		for (let since = Date.now(); Date.now() - since < ms; await wait(10)) {
			if (this.inFlight > 0) since = Date.now();
		}
	}
}

type Execute = NonNullable<INodeType['execute']>;

/** A copy of the node type with another `execute`, as all executions share the original. */
export function withExecute(type: INodeType, wrap: (execute: Execute) => Execute): INodeType {
	if (!type.execute) throw new Error(`${type.description.name} cannot be executed`);
	return Object.create(type, { execute: { value: wrap(type.execute) } }) as INodeType;
}

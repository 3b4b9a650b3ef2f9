import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as wait } from 'node:timers/promises';

import type { INodeType, Logger, LogLevel } from 'n8n-workflow';

/** What the node under test does while it runs: what it writes to the log, how often it is called. */

export interface LogLine {
	level: 'error' | 'warn' | 'info' | 'debug';
	message: string;
	meta: unknown;
}

const LEVELS = ['error', 'warn', 'info', 'debug'] as const satisfies LogLevel[];

/**
 * n8n has one logger for the whole process, so what a line belongs to is not known from the logger
 * but from the asynchronous call it is written in. Several runs at a time are kept apart by that.
 */
export class NodeLog {
	private readonly running = new AsyncLocalStorage<LogLine[]>();

	/** A logger that writes down what nodes say, whatever the log level, and passes everything on. */
	around<T extends Logger>(logger: T): T {
		const methods = LEVELS.map((level) => [level, { value: this.method(logger, level) }]);
		return Object.create(logger, Object.fromEntries(methods)) as T;
	}

	/** Whatever is logged in this call, or in what it leaves behind, goes to these lines. */
	during<T>(lines: LogLine[], call: () => T): T {
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

/** Calls of one function: n8n's engine may make several, one after the other. */
export class Calls {
	count = 0;
	private inFlight = 0;

	async watch<T>(call: () => Promise<T>): Promise<T> {
		this.count++;
		this.inFlight++;
		try {
			return await call();
		} finally {
			this.inFlight--;
		}
	}

	/** Resolves once there has been no call for so long. */
	async quiet(ms: number): Promise<void> {
		for (let since = Date.now(); Date.now() - since < ms; await wait(10)) {
			if (this.inFlight > 0) since = Date.now();
		}
	}
}

type Execute = NonNullable<INodeType['execute']>;

/** The node type with another `execute`; the package's own, which all runs share, stays as it is. */
export function withExecute(type: INodeType, around: (execute: Execute) => Execute): INodeType {
	if (!type.execute) throw new Error(`${type.description.name} cannot be executed`);
	return Object.create(type, { execute: { value: around(type.execute) } }) as INodeType;
}

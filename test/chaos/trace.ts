import type { IBinaryData, INodeExecutionData, NodeExecutionHint } from 'n8n-workflow';

import type { NodeResult } from '../n8n/engine';
import type { TaskView } from '../sandbox/sandbox';
import type { RequestEvent } from './faultInjector';
import type { Plan } from './plan';

/** Each time n8n runs the node in an execution: a loop has several turns. */
export interface Turn {
	/** As indexes of the plan's rows. */
	rows: number[];
	/** Regular output and error output; undefined if the node failed. */
	outputs?: INodeExecutionData[][];
	/** What n8n shows above the output. */
	hints: NodeExecutionHint[];
	/** Milliseconds since 1970. */
	from: number;
	to: number;
}

export interface Execution {
	result: NodeResult;
	turns: Turn[];
	/** Milliseconds since 1970. */
	from: number;
	/** When nothing was running any more. */
	to: number;
	cancelledAt?: number;
	/** The rows of the turn that was stopped, as indexes of the plan's rows. */
	stoppedRows?: number[];
}

/** Everything that happened while a plan was run. */
export interface Trace {
	plan: Plan;
	events: readonly RequestEvent[];
	/** In their final state, with everything charged. */
	tasks: readonly TaskView[];
	executions: Execution[];
	apiKeys: string[];
	/** How far this process lagged behind in that time, in milliseconds. */
	lagBetween: (from: number, to: number) => number;
	/** Seconds after which the plan was aborted. */
	timedOutAfter?: number;
	readFile: (file: IBinaryData) => Promise<Buffer>;
}

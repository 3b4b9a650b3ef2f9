import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

import { runSchema } from './scenario';

export const measurementSchema = runSchema.extend({
	/** n8n's execution status. */
	status: z.string(),
	/** Whether it timed out. */
	stopped: z.boolean(),
	error: z.string().optional(),
	seconds: z.number(),
	boundSeconds: z.number(),
	/** Requests the provider received, including rejected ones. */
	creates: z.number().int(),
	queries: z.number().int(),
	/** The median time from the end of a task to the first query that reported it; null if there was none. */
	detectionSeconds: z.number().nullable(),
	/** How often a task was polled, on average, alone or with others. */
	pollsPerTask: z.number().nullable(),
	/** The shortest time between two polls of the same unfinished task; null if none was polled twice. */
	shortestPollInterval: z.number().nullable(),
	/** Accepted creates as a share of what the limit allows, after the first seconds; null without a limit. */
	shareOfLimit: z.number().nullable(),
	tasks: z.number().int(),
	charged: z.number().int(),
	/** Complete files in the output, or links without downloads, and how many belong to the row they're paired with. */
	images: z.number().int(),
	paired: z.number().int(),
	inOrder: z.boolean(),
	/** How often the next node ran. */
	outputRuns: z.number().int(),
	cpuSeconds: z.number().nullable(),
	restMegabytes: z.number().nullable(),
	peakMegabytes: z.number().nullable(),
});

const megabytes = z.number().nullable();

export const inProcessSchema = z.object({
	loadMs: z.array(z.number()),
	unpackedKilobytes: z.number(),
	/** For many rows without downloads: CPU milliseconds per row by owner of the code. */
	profiles: z.array(z.object({ rows: z.number(), millisecondsPerRow: z.record(z.number()) })),
	peakWithDownloads: megabytes,
	peakWithout: megabytes,
});

export const resultsSchema = z.object({
	at: z.string(),
	quick: z.boolean(),
	minutes: z.number(),
	machine: z.object({
		cpu: z.string(),
		cores: z.number(),
		memoryGigabytes: z.number(),
		system: z.string(),
		node: z.string(),
		n8n: z.string(),
		package: z.string(),
	}),
	/** The earlier version's commit. */
	before: z.string().optional(),
	measurements: z.array(measurementSchema),
	/** By version. */
	inProcess: z.object({ now: inProcessSchema, before: inProcessSchema.optional() }).optional(),
});

export type Measurement = z.infer<typeof measurementSchema>;
export type InProcess = z.infer<typeof inProcessSchema>;
export type Results = z.infer<typeof resultsSchema>;

export function saveResults(path: string, results: Results): void {
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, `${JSON.stringify(results, undefined, '\t')}\n`);
}

export function loadResults(path: string): Results {
	return resultsSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
}

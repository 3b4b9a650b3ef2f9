import { z } from 'zod';

/** What the bench tells the process that runs the engine, and hears from it. */

export const engineOrderSchema = z.object({
	/** 0 only loads. */
	rows: z.number().int(),
	downloadImages: z.boolean(),
	profile: z.boolean(),
	credential: z.object({ apiKey: z.string(), baseUrl: z.string(), filesBaseUrl: z.string() }),
});

export const engineReportSchema = z.object({
	/** How long n8n needed to load the package. */
	loadMs: z.number(),
	status: z.string(),
	seconds: z.number(),
	cpuSeconds: z.number().nullable(),
	peakMegabytes: z.number().nullable(),
	millisecondsByOwner: z.record(z.number()).optional(),
});

export type EngineOrder = z.infer<typeof engineOrderSchema>;
export type EngineReport = z.infer<typeof engineReportSchema>;

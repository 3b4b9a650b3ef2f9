import { z } from 'zod';

/** Input and output of the process that runs the engine. */

export const engineJobSchema = z.object({
	/** 0 only loads the package. */
	rows: z.number().int(),
	downloadImages: z.boolean(),
	profile: z.boolean(),
	credential: z.object({ apiKey: z.string(), baseUrl: z.string(), filesBaseUrl: z.string() }),
});

export const engineReportSchema = z.object({
	/** How long n8n took to load the package. */
	loadMs: z.number(),
	status: z.string(),
	seconds: z.number(),
	cpuSeconds: z.number().nullable(),
	peakMegabytes: z.number().nullable(),
	millisecondsByOwner: z.record(z.number()).optional(),
});

export type EngineJob = z.infer<typeof engineJobSchema>;
export type EngineReport = z.infer<typeof engineReportSchema>;

import { readFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

import type { Results } from './results';

const manifestSchema = z.object({ version: z.string() });

const MANIFEST = join(__dirname, '../../package.json');

/** The hardware and software the results depend on. */
export function describeMachine(versions: { n8n: string; node: string }): Results['machine'] {
	const processors = cpus();
	const { version } = manifestSchema.parse(JSON.parse(readFileSync(MANIFEST, 'utf8')));
	return {
		cpu: processors[0]?.model.trim() ?? 'an unknown processor',
		cores: processors.length,
		memoryGigabytes: Math.round(totalmem() / 1024 ** 3),
		system: `${platform()} ${arch()}`,
		package: version,
		...versions,
	};
}

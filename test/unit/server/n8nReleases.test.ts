import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { z } from 'zod';

import { N8N_RELEASES, N8N_VERSIONS, type N8nRelease } from '../../server/n8nReleases';

const ROOT = resolve(__dirname, '../../..');

const lockSchema = z.object({
	packages: z.object({
		'node_modules/n8n': z.object({
			version: z.string(),
			engines: z.object({ node: z.string() }),
		}),
	}),
});

describe.each(N8N_VERSIONS)('n8n %s', (version) => {
	const lock = readFileSync(
		join(ROOT, 'test/server/runtime', version, 'package-lock.json'),
		'utf8',
	);
	const n8n = lockSchema.parse(JSON.parse(lock)).packages['node_modules/n8n'];

	it('is the one in its lock', () => {
		expect(n8n.version).toBe(version);
	});

	it('is given the Node that it demands', () => {
		const { node }: N8nRelease = N8N_RELEASES[version];
		const newest = node.newestMajor === undefined ? '' : ` <= ${node.newestMajor}.x`;
		expect(n8n.engines.node.replace(/\.0$/, '')).toBe(`>=${node.oldest}${newest}`);
	});

	it('can be installed from any registry', () => {
		expect(lock).not.toContain('"resolved"');
	});
});

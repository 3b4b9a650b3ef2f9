import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

import { NEWEST_N8N } from '../../server/n8nReleases';
import {
	addressSettings,
	HEALTH_CHECK,
	NO_RESTARTS,
	QUEUE_SETTINGS,
	sharedFolderSettings,
} from '../../queue/settings';

const packageSchema = z.object({ name: z.string(), version: z.string() });

const serviceSchema = z.object({
	image: z.string(),
	command: z.string().optional(),
	entrypoint: z.array(z.string()).optional(),
	environment: z.record(z.string()).default({}),
	volumes: z.array(z.string()).default([]),
	depends_on: z.record(z.object({ condition: z.string() })).default({}),
});

const composeSchema = z.object({
	services: z.record(serviceSchema),
	volumes: z.record(z.null()),
});

const file = readFileSync('examples/docker-compose.yml', 'utf8');
const { services, volumes } = composeSchema.parse(parse(file, { merge: true }));
const service = (name: string) => serviceSchema.parse(services[name]);

const N8N = ['main', 'worker-1', 'worker-2', 'webhook'];

/** The names of what depends on where the processes run. */
const addresses = addressSettings({
	redisPort: 0,
	postgres: { port: 0, database: 'n8n', user: 'n8n', password: '' },
	webhookUrl: '',
});

describe('examples/docker-compose.yml', () => {
	it.each([
		['main', undefined],
		['worker-1', 'worker'],
		['worker-2', 'worker'],
		['webhook', 'webhook'],
	])('runs %s with the settings and the version that are tested', (name, command) => {
		const { environment, image, volumes, ...rest } = service(name);
		expect(rest.command).toBe(command);
		expect(image).toBe(`docker.n8n.io/n8nio/n8n:${NEWEST_N8N}`);
		expect(volumes).toEqual(['nodes:/home/node/.n8n/nodes']);
		expect(environment).toMatchObject({ ...QUEUE_SETTINGS, ...HEALTH_CHECK });
		const tested = { ...QUEUE_SETTINGS, ...HEALTH_CHECK, ...addresses, N8N_ENCRYPTION_KEY: '' };
		expect(Object.keys(environment).sort()).toEqual(Object.keys(tested).sort());
	});

	it('takes every secret from the environment', () => {
		for (const name of [...N8N, 'postgres']) {
			const secrets = Object.entries(service(name).environment).filter(([key]) =>
				/PASSWORD|ENCRYPTION_KEY/.test(key),
			);
			expect(secrets.length).toBeGreaterThan(0);
			for (const [, value] of secrets) expect(value).toMatch(/^\$\{[A-Z\d_]+:\?\}$/);
		}
	});

	it('has an exact version of every image', () => {
		for (const { image } of Object.values(services)) expect(image).toMatch(/:\d+(\.\d+)+$/);
	});

	it('installs this version of the package before n8n starts', () => {
		const { name, version } = packageSchema.parse(JSON.parse(readFileSync('package.json', 'utf8')));
		expect(service('nodes').entrypoint?.at(-1)).toContain(
			`--ignore-scripts --legacy-peer-deps ${name}@${version} `,
		);
		expect(service('main').depends_on.nodes?.condition).toBe('service_completed_successfully');
	});

	it('only depends on services and volumes that exist', () => {
		const all = Object.values(services);
		const dependencies = all.flatMap(({ depends_on }) => Object.keys(depends_on));
		expect(Object.keys(services)).toEqual(expect.arrayContaining(dependencies));
		const used = new Set(all.flatMap((one) => one.volumes).map((path) => path.split(':')[0]));
		expect(Object.keys(volumes).sort()).toEqual([...used].sort());
	});
});

describe.each(['docs/queue-mode.md', 'docs/queue-mode.zh-CN.md'])('%s', (path) => {
	it('explains every setting that is tested', () => {
		const page = readFileSync(path, 'utf8');
		const tested = { ...QUEUE_SETTINGS, ...addresses, ...sharedFolderSettings(''), ...NO_RESTARTS };
		const missing = Object.keys(tested).filter((name) => !page.includes(name));
		expect(missing).toEqual([]);
	});

	it('names the version of n8n that is tested', () => {
		expect(readFileSync(path, 'utf8')).toContain(NEWEST_N8N);
	});
});

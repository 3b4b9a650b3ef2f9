import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { z } from 'zod';

const PACKAGE = resolve(__dirname, '../..');
const WORKFLOWS = '.github/workflows';

const { version, scripts } = z
	.object({ version: z.string(), scripts: z.record(z.string()) })
	.parse(JSON.parse(read('package.json')));

function read(path: string): string {
	return readFileSync(join(PACKAGE, path), 'utf8');
}

it('tells in the changelog what the version brings', () => {
	const [, newest] = /^## \[(\d[^\]]*)\] - \d{4}-\d{2}-\d{2}$/m.exec(read('CHANGELOG.md')) ?? [];
	expect(newest).toBe(version);
});

it('publishes with provenance, and nothing that CI has not passed', () => {
	const publish = read(join(WORKFLOWS, 'publish.yml'));
	expect(publish).toMatch(/^ +id-token: write$/m);
	expect(publish).toMatch(/^ +npm publish .*--provenance/m);
	expect(publish).toMatch(/^ +needs: ci$/m);
});

describe.each(readdirSync(join(PACKAGE, WORKFLOWS)))('%s', (file) => {
	it('runs scripts that exist', () => {
		const run = [...read(join(WORKFLOWS, file)).matchAll(/run: npm run ([\w:]+)/g)];
		const named = run.map(([, script = '']) => script);
		expect(named.length).toBeGreaterThan(0);
		expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
	});
});

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

it('the changelog starts with the current version', () => {
	const [, newest] = /^## \[(\d[^\]]*)\] - \d{4}-\d{2}-\d{2}$/m.exec(read('CHANGELOG.md')) ?? [];
	expect(newest).toBe(version);
});

it('publish.yml publishes with provenance, and only after CI', () => {
	const publish = read(join(WORKFLOWS, 'publish.yml'));
	expect(publish).toMatch(/^ +id-token: write$/m);
	expect(publish).toMatch(/^ +npm publish .*--provenance/m);
	expect(publish).toMatch(/^ +needs: ci$/m);
});

describe.each(readdirSync(join(PACKAGE, WORKFLOWS)))('the GitHub workflow %s', (file) => {
	it('only runs scripts that exist', () => {
		const run = [...read(join(WORKFLOWS, file)).matchAll(/npm run (?:--silent )?([\w:]+)/g)];
		const names = run.map(([, script = '']) => script);
		expect(names.length).toBeGreaterThan(0);
		expect(Object.keys(scripts)).toEqual(expect.arrayContaining(names));
	});
});

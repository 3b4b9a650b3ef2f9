import { execFileSync } from 'node:child_process';
import { basename, resolve } from 'node:path';
import { z } from 'zod';

/**
 * How long n8n takes to load the nodes and credentials at startup, after its own modules. What counts
 * is the CPU time, compared with that for zod: on a busy machine, both are longer.
 */

const PACKAGE = resolve(__dirname, '../..');

const PROCESSES = 8;

/** On an idle machine, zod takes 9 ms and the package may take 30. */
const MAX_RATIO = 30 / 9;

const SCRIPT = `
	const { readFileSync } = require('node:fs');
	function cpuTime(load) {
		const start = process.cpuUsage();
		load();
		const { user, system } = process.cpuUsage(start);
		return user + system;
	}
	const zodTime = cpuTime(() => require('zod'));
	require('n8n-workflow');
	const fields = readFileSync('dist/nodes/Seedream/fields.js', 'utf8');
	for (const [, name] of fields.matchAll(/require\\("(\\w.*?)"\\)/g)) require(name);
	const others = new Set(Object.keys(require.cache));
	const { n8n } = require('./package.json');
	const packageTime = cpuTime(() => {
		for (const file of [...n8n.nodes, ...n8n.credentials]) require('./' + file);
	});
	const files = Object.keys(require.cache).filter((file) => !others.has(file));
	console.log(JSON.stringify({ zodTime, packageTime, files }));`;

const startupSchema = z.object({
	zodTime: z.number(),
	packageTime: z.number(),
	files: z.array(z.string()),
});

function startUp() {
	const output = execFileSync(process.execPath, ['--eval', SCRIPT], {
		cwd: PACKAGE,
		encoding: 'utf8',
	});
	return startupSchema.parse(JSON.parse(output));
}

it('the package loads in at most 30 ms', () => {
	const startups = Array.from({ length: PROCESSES }, startUp);
	const zodTime = Math.min(...startups.map((startup) => startup.zodTime));
	const packageTime = Math.min(...startups.map((startup) => startup.packageTime));
	expect(packageTime / zodTime).toBeLessThan(MAX_RATIO);
});

it('the actions are only loaded by the first execution', () => {
	const files = startUp().files.map((file) => basename(file));
	expect(files).toContain('fields.js');
	expect(files).not.toContain('actions.js');
});

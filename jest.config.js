const { join } = require('node:path');

const transform = {
	'^.+\\.ts$': [
		'@swc/jest',
		{ jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
	],
};

const project = (name) => ({
	displayName: name,
	rootDir: __dirname,
	testEnvironment: join(__dirname, 'test', 'environment.js'),
	testMatch: [join(__dirname, 'test', name, '**/*.test.ts')],
	transform,
});

// The chaos of `npm test` is a sample; what takes minutes belongs to `npm run test:chaos`.
const { CHAOS_RUNS, SEED } = process.env;
const chaos = project('chaos');
if (!CHAOS_RUNS || SEED) chaos.testPathIgnorePatterns = ['rateLimit\\.test\\.ts$'];

const unit = project('unit');
// Jest looks up globals through a slow proxy, unless they're passed to each module.
unit.sandboxInjectedGlobals = [
	'Array',
	'JSON',
	'Map',
	'Math',
	'Number',
	'Object',
	'Promise',
	'Set',
];

module.exports = {
	projects: [
		unit,
		project('n8n'),
		project('package'),
		chaos,
		project('demo'),
		project('server'),
		project('queue'),
		project('browser'),
	],
	testTimeout: 30_000,
};

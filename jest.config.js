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
	testMatch: [join(__dirname, 'test', name, '**/*.test.ts')],
	transform,
});

module.exports = {
	projects: [
		project('unit'),
		project('n8n'),
		project('package'),
		project('chaos'),
		project('demo'),
	],
	testTimeout: 30_000,
};

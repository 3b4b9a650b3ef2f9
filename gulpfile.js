const { spawn } = require('node:child_process');
const { rm } = require('node:fs/promises');

const { dest, series, src } = require('gulp');

const OUTPUT = 'dist';

async function clean() {
	await rm(OUTPUT, { recursive: true, force: true });
}

function compile() {
	const tsc = require.resolve('typescript/bin/tsc');
	return spawn(process.execPath, [tsc, '--project', 'tsconfig.json'], { stdio: 'inherit' });
}

/** Icons and codex files stand beside the compiled classes; index.js is the package's main file. */
function copy() {
	const files = ['index.js', '{nodes,credentials}/**/*.{svg,json}'];
	return src(files, { base: '.', encoding: false }).pipe(dest(OUTPUT));
}

exports.clean = clean;
exports.build = series(clean, compile, copy);
exports.default = exports.build;

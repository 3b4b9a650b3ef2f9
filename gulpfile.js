const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { rm } = require('node:fs/promises');

const { dest, series, src, watch } = require('gulp');

const OUTPUT = 'dist';

const SOURCES = ['index.js', '{nodes,credentials}/**/*.{ts,svg,json}'];

async function clean() {
	await rm(OUTPUT, { recursive: true, force: true });
}

function compile() {
	const tsc = require.resolve('typescript/bin/tsc');
	return spawn(process.execPath, [tsc, '--project', 'tsconfig.json'], { stdio: 'inherit' });
}

/** Icons and codex files go next to the compiled classes; index.js is the package's main file. */
function copy() {
	const files = ['index.js', '{nodes,credentials}/**/*.{svg,json}'];
	return src(files, { base: '.', encoding: false }).pipe(dest(OUTPUT));
}

const build = series(clean, compile, copy);

/** `npm run editor`, restarting n8n after each build. A failed build leaves it running. */
async function runEditor() {
	const command = ['--import', 'tsx', 'demo/editor.ts', ...process.argv.slice(3)];
	const editor = spawn(process.execPath, command, {
		stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
	});
	const ended = once(editor, 'exit');
	for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => editor.kill(signal));

	async function restart() {
		if (!editor.connected) return;
		editor.send('restart');
		await Promise.race([once(editor, 'message'), ended]);
	}

	const watcher = watch(SOURCES, series(build, restart));
	watcher.on('error', () => console.log('n8n is still running the last successful build.'));
	const [code] = await ended;
	await watcher.close();
	process.exitCode = code;
}

exports.clean = clean;
exports.build = build;
exports.dev = series(build, runEditor);
exports.default = build;

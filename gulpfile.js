const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { rm } = require('node:fs/promises');
const { Transform } = require('node:stream');

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

/** TypeScript indents with four spaces; tabs make the package a tenth smaller, and are what n8n uses. */
function indentWithTabs() {
	const indent = new Transform({
		objectMode: true,
		transform(file, _encoding, done) {
			const text = file.contents.toString();
			const lines = text.replace(/^(?: {4})+/gm, (spaces) => '\t'.repeat(spaces.length / 4));
			file.contents = Buffer.from(lines);
			done(null, file);
		},
	});
	return src(`${OUTPUT}/**/*.js`, { base: '.' }).pipe(indent).pipe(dest('.'));
}

/** Icons and codex files go next to the compiled classes; index.js is the package's main file. */
function copy() {
	const files = ['index.js', '{nodes,credentials}/**/*.{svg,json}'];
	return src(files, { base: '.', encoding: false }).pipe(dest(OUTPUT));
}

const build = series(clean, compile, indentWithTabs, copy);

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

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { rm } = require('node:fs/promises');

const { dest, series, src, watch } = require('gulp');

const { n8n } = require('./package.json');

const OUTPUT = 'dist';

const SOURCES = ['index.js', '{nodes,credentials}/**/*.{ts,svg,json}'];

/** The bundler only strips the types. */
function checkTypes() {
	const tsc = require.resolve('typescript/bin/tsc');
	return spawn(process.execPath, [tsc, '--project', 'tsconfig.json'], { stdio: 'inherit' });
}

async function clean() {
	await rm(OUTPUT, { recursive: true, force: true });
}

/**
 * One file per class that n8n loads, and what they share: `fields.js` is everything needed at
 * startup, `actions.js` everything else, which the first execution loads. Functions and classes keep
 * their names, so that stack traces stay readable.
 */
async function bundle() {
	const { build } = await import('rolldown');
	const names = [...n8n.nodes, ...n8n.credentials].map((file) =>
		file.slice(`${OUTPUT}/`.length, -'.js'.length),
	);
	await build({
		input: Object.fromEntries(names.map((name) => [name, `./${name}.ts`])),
		// All packages come with n8n.
		external: /^[\w@-]+(\/|$)/,
		platform: 'node',
		transform: { target: 'node20.15' },
		output: {
			dir: OUTPUT,
			format: 'cjs',
			strict: true,
			chunkFileNames: ({ name }) =>
				`${name === 'credentialFields' ? 'credentials' : 'nodes/Seedream'}/[name].js`,
			codeSplitting: {
				groups: [
					{ name: 'fields', test: /[\\/]Seedream[\\/]fields[\\/]/ },
					{ name: 'actions', test: /[\\/]Seedream[\\/]actions[\\/]/ },
				],
			},
			comments: false,
			minify: { mangle: { keepNames: true } },
		},
	});
}

/** Icons and codex files go next to the compiled classes; index.js is the package's main file. */
function copy() {
	const files = ['index.js', '{nodes,credentials}/**/*.{svg,json}'];
	return src(files, { base: '.', encoding: false }).pipe(dest(OUTPUT));
}

const build = series(checkTypes, clean, bundle, copy);

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

import { parseArgs } from 'node:util';
import Table from 'cli-table3';

import { MARKER_HELP } from './promptMarkers';
import { startSandbox, type Sandbox } from './sandbox';
import { PROVIDER_TITLES } from './tasks';

const DEFAULT_PORT = 4010;

const USAGE = `npm run sandbox -- [--port ${DEFAULT_PORT}] [--seconds 2] [--rate 5] [--callback-host 127.0.0.1:5678]`;

async function main(): Promise<void> {
	const options = readArguments();
	const sandbox = await startSandbox(options);
	process.stdout.write(`${welcome(sandbox)}\n`);
	for (const signal of ['SIGINT', 'SIGTERM'] as const) {
		process.once(signal, () => void sandbox.close());
	}
}

function readArguments() {
	const { values } = parseArgs({
		options: {
			port: { type: 'string', default: String(DEFAULT_PORT) },
			seconds: { type: 'string' },
			rate: { type: 'string' },
			'callback-host': { type: 'string', multiple: true, default: [] },
		},
	});
	return {
		port: readNumber('--port', values.port, 65_535),
		callbackHosts: values['callback-host'],
		...(values.seconds !== undefined && {
			taskSeconds: readNumber('--seconds', values.seconds, 86_400),
		}),
		...(values.rate !== undefined && {
			rateLimit: { perSecond: readNumber('--rate', values.rate, 10_000, 1) },
		}),
	};
}

function readNumber(name: string, text: string, max: number, min = 0): number {
	const value = Number(text);
	if (text.trim() === '' || !(value >= min && value <= max)) {
		throw new Error(`${name} must be a number from ${min} to ${max}, not "${text}".`);
	}
	return value;
}

function welcome(sandbox: Sandbox): string {
	const providers = new Table({
		head: ['Provider', 'Base URL', 'API key'],
		style: { head: [], border: [] },
	});
	for (const name of ['evoLink', 'apiMart', 'apiInOne'] as const) {
		providers.push([PROVIDER_TITLES[name], sandbox.baseUrls[name], sandbox.keys[name]]);
	}
	providers.push(['EvoLink files', sandbox.filesBaseUrl, sandbox.keys.evoLink]);
	const markers = new Table({
		head: ['In a prompt', 'What happens'],
		style: { head: [], border: [] },
	});
	MARKER_HELP.forEach(([marker, effect]) => markers.push([marker, effect]));
	return [
		'Three simulated image providers on this machine. Nothing here costs money.',
		providers.toString(),
		markers.toString(),
		'Press Ctrl+C to stop.',
	].join('\n');
}

/** A sentence that says what to do. */
function errorMessageOf(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const code = 'code' in error ? error.code : undefined;
	if (code === 'EADDRINUSE') {
		return 'This port is already in use. Stop the program that uses it, or choose another port with --port.';
	}
	if (code === 'EACCES')
		return 'Ports below 1024 need special rights. Choose another one with --port.';
	return typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS')
		? `${error.message}\n${USAGE}`
		: error.message;
}

main().catch((error: unknown) => {
	process.stderr.write(`${errorMessageOf(error)}\n`);
	process.exitCode = 1;
});

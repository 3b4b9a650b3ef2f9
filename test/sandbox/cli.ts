import { parseArgs } from 'node:util';
import Table from 'cli-table3';

import { MARKER_HELP } from './markers';
import { startSandbox, type ProviderName, type Sandbox } from './sandbox';

const DEFAULT_PORT = 4010;

const TITLES: Record<ProviderName, string> = {
	evoLink: 'EvoLink',
	apiMart: 'APIMart',
	apiInOne: 'API in One',
};

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

function readNumber(name: string, text: string, most: number, least = 0): number {
	const value = Number(text);
	if (text.trim() === '' || !(value >= least && value <= most)) {
		throw new Error(`${name} must be a number from ${least} to ${most}, not "${text}".`);
	}
	return value;
}

function welcome(sandbox: Sandbox): string {
	const providers = new Table({
		head: ['Provider', 'Base URL', 'API key'],
		style: { head: [], border: [] },
	});
	for (const name of ['evoLink', 'apiMart', 'apiInOne'] as const) {
		providers.push([TITLES[name], sandbox.baseUrls[name], sandbox.keys[name]]);
	}
	providers.push(['EvoLink files', sandbox.filesBaseUrl, sandbox.keys.evoLink]);
	const markers = new Table({
		head: ['In a prompt', 'What happens'],
		style: { head: [], border: [] },
	});
	MARKER_HELP.forEach(([marker, effect]) => markers.push([marker, effect]));
	return [
		'Three image providers on this machine. Nothing here costs money.',
		providers.toString(),
		markers.toString(),
		'Ctrl-C stops it.',
	].join('\n');
}

/** One sentence a person can act on. */
function complaint(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const code = 'code' in error ? error.code : undefined;
	if (code === 'EADDRINUSE') {
		return 'This port is already in use; stop what uses it, or choose another with --port.';
	}
	if (code === 'EACCES')
		return 'This port needs special rights; choose one above 1023 with --port.';
	return typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS')
		? `${error.message}\n${USAGE}`
		: error.message;
}

main().catch((error: unknown) => {
	process.stderr.write(`${complaint(error)}\n`);
	process.exitCode = 1;
});

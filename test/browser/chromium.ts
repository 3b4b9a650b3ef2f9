import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

import { UserError } from '../../demo/userError';

const NAMES = [
	'chromium',
	'chromium-browser',
	'google-chrome',
	'google-chrome-stable',
	'microsoft-edge',
	'chrome.exe',
	'msedge.exe',
];

/** Browsers that aren't on the PATH. */
const PLACES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
	darwin: [
		'/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
		'/Applications/Chromium.app/Contents/MacOS/Chromium',
		'/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
	],
	win32: ['ProgramFiles', 'ProgramFiles(x86)', 'LOCALAPPDATA'].flatMap((variable) => {
		const folder = process.env[variable];
		return folder === undefined
			? []
			: [
					join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
					join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
				];
	}),
};

const HOW_TO_GET_IT =
	'On Debian: apt-get install --no-install-recommends chromium fonts-liberation. Elsewhere install Google Chrome, or name a browser of its family in SEEDREAM_CHROMIUM.';

/** The executable of a Chromium-based browser. */
export function findChromium(
	env: Readonly<Record<string, string | undefined>> = process.env,
	places: readonly string[] = PLACES[process.platform] ?? [],
): string {
	const named = env.SEEDREAM_CHROMIUM;
	if (named) {
		if (existsSync(named)) return named;
		throw new UserError(`SEEDREAM_CHROMIUM names ${named}, which does not exist.`);
	}
	const onPath = (env.PATH ?? '')
		.split(delimiter)
		.filter((folder) => folder !== '')
		.flatMap((folder) => NAMES.map((name) => join(folder, name)));
	const found = [...onPath, ...places].find((path) => existsSync(path));
	if (found === undefined) {
		throw new UserError(`These tests need Chromium or Chrome. ${HOW_TO_GET_IT}`);
	}
	return found;
}

export async function launchChromium(): Promise<Browser> {
	return await chromium.launch({
		executablePath: findChromium(),
		args: [
			// Chromium's sandbox doesn't start as root, which CI runs as; it only ever opens our own n8n.
			'--no-sandbox',
			'--disable-gpu',
			'--disable-quic',
			'--no-first-run',
			'--disable-background-networking',
			'--disable-component-update',
			'--disable-sync',
		],
	});
}

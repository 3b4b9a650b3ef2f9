import { UserError } from '../../demo/userError';
import { N8N_VERSIONS } from './n8nReleases';
import { installRuntime } from './runtime';

/** Installs every n8n version before jest runs, as a test would silently wait for minutes. */
async function main(): Promise<void> {
	const say = (line: string) => console.log(line);
	for (const version of N8N_VERSIONS) {
		const { node } = await installRuntime(say, version);
		say(`n8n ${version} is installed; it runs on Node ${node.version}.`);
	}
}

main().catch((error: unknown) => {
	console.error(error instanceof UserError ? error.message : error);
	process.exitCode = 1;
});

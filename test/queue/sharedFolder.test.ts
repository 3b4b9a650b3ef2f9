import { IMAGE_BYTES } from '../server/moneyFixture';
import { installRuntime } from '../server/runtime';
import { itPassesFilesOn } from './fileScenes';
import { QueueN8n } from './queueN8n';

/** Binary data in a folder that all processes share. */

const MINUTE = 60_000;

let n8n: QueueN8n;

beforeAll(async () => {
	const runtime = await installRuntime(console.log);
	const sandbox = { taskSeconds: 2, imageBytes: IMAGE_BYTES };
	n8n = await QueueN8n.open(runtime, { sharesFolder: true, sandbox });
}, 8 * MINUTE);

afterAll(async () => await n8n?.close(), MINUTE);

itPassesFilesOn(() => n8n, 'filesystem-v2');

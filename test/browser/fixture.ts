import { installRuntime } from '../server/runtime';
import { SeedreamN8n, type SeedreamN8nOptions } from '../server/seedreamN8n';
import { Editor } from './editor';

/** An n8n with this package, the sandbox of the providers and a browser before it. */
export interface Stage {
	n8n: SeedreamN8n;
	editor: Editor;
	close: () => Promise<void>;
}

/** For `beforeAll`: what starting all of it may take on a busy machine. */
export const OPENING_MS = 180_000;

export async function openStage(options: SeedreamN8nOptions = {}): Promise<Stage> {
	const runtime = await installRuntime(console.log);
	const n8n = await SeedreamN8n.open(runtime, options);
	try {
		const editor = await Editor.open(n8n.url);
		const close = async () => {
			await editor.close();
			await n8n.close();
		};
		return { n8n, editor, close };
	} catch (error) {
		await n8n.close();
		throw error;
	}
}

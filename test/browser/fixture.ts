import { installRuntime } from '../server/runtime';
import { SeedreamN8n, type SeedreamN8nOptions } from '../server/seedreamN8n';
import { Editor } from './editor';

/** A full n8n with this package and a sandbox, opened in a browser. */
export interface EditorFixture {
	n8n: SeedreamN8n;
	editor: Editor;
	close: () => Promise<void>;
}

/** For `beforeAll`: how long the start may take on a busy machine. */
export const OPEN_TIMEOUT_MS = 180_000;

export async function openEditor(options: SeedreamN8nOptions = {}): Promise<EditorFixture> {
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

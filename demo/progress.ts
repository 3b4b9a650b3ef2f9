/** Counts of images. */
export interface Progress {
	/** Made, or failed for good. */
	ended: number;
	images: number;
}

/** What the node says in the editor's console while it works; undefined for anything else it says there. */
export function readProgress(message: string): Progress | undefined {
	const [, done, images, failed] = /(\d+) of (\d+) images?,.* (\d+) failed/.exec(message) ?? [];
	if (images === undefined) return undefined;
	return { ended: Number(done) + Number(failed), images: Number(images) };
}

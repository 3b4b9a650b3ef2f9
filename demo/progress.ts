/** Counts of images. */
export interface Progress {
	/** Finished or failed. */
	ended: number;
	images: number;
}

/** Reads the progress messages that the node logs to the editor's console; undefined for any other message. */
export function readProgress(message: string): Progress | undefined {
	const [, done, images, failed] = /(\d+) of (\d+) images?,.* (\d+) failed/.exec(message) ?? [];
	if (images === undefined) return undefined;
	return { ended: Number(done) + Number(failed), images: Number(images) };
}

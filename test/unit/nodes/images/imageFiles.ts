import type { FileContent } from '../../../../nodes/Seedream/images/fileUpload';
import type { ImageFile } from '../../../../nodes/Seedream/images/imageFile';

/** A file in n8n that every model accepts by default. Each key has different content. */
export function imageFile(parts: Partial<ImageFile> = {}): ImageFile {
	const { key = 'file-1' } = parts;
	return {
		key,
		hash: key,
		label: 'the image in "data"',
		bytes: 5,
		mimeType: 'image/png',
		measured: { format: 'png', width: 1024, height: 768 },
		content: async () => fileContent(Buffer.from('image')),
		signedLink: () => 'https://n8n.example.com/rest/binary-data/signed?token=1',
		...parts,
	};
}

export function fileContent(bytes: Buffer): FileContent {
	return {
		chunks: (async function* () {
			yield bytes;
		})(),
		framed: (head, tail) => Buffer.concat([head, bytes, tail]),
		discard: () => undefined,
	};
}

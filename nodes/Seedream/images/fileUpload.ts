/** An opened file; it can be read once. */
export interface FileContent {
	chunks: AsyncIterable<Uint8Array>;
	/** The bytes between `head` and `tail`, as a body that n8n can send without holding them all. */
	framed: (head: Buffer, tail: Buffer) => object;
	/** Closes it, whether or not it was read. */
	discard: () => void;
}

/** A file for the provider to keep, sent as the part `file` of a multipart body. */
export interface FileUpload {
	baseUrl: 'baseUrl' | 'filesBaseUrl';
	path: string;
	fileName: string;
	/** Text fields of the form. */
	fields?: Readonly<Record<string, string>>;
	mimeType: string;
	bytes: number;
	content: FileContent;
}

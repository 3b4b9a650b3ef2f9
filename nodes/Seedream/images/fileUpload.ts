/** An opened file. It can be read once. */
export interface FileContent {
	chunks: AsyncIterable<Uint8Array>;
	/** The content between `head` and `tail`, as a request body that n8n streams. */
	framed: (head: Buffer, tail: Buffer) => object;
	/** Closes the file, whether or not it was read. */
	discard: () => void;
}

/** A file to upload to the provider, as the part `file` of a multipart body. */
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

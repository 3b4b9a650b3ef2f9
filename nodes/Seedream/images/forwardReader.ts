/** Ends an endless source. The largest reference that a provider accepts is 30 MB. */
const MAX_BYTES = 64 * 1024 * 1024;
/** An empty chunk counts as this, so that a source of empty chunks ends as well. */
const EMPTY_CHUNK_BYTES = 1024;

/** Reads forward only, and keeps one chunk of the source at a time. */
export class ForwardReader {
	private chunk: Uint8Array = new Uint8Array();
	/** What comes after a `chunk` that was put back. */
	private rest: Uint8Array = new Uint8Array();
	private pulled = 0;
	private taken = 0;

	constructor(
		private readonly source: AsyncIterator<Uint8Array>,
		private readonly maxBytes = MAX_BYTES,
	) {}

	/** How many bytes have been read and skipped. */
	get position(): number {
		return this.taken;
	}

	/** The next `length` bytes, or undefined if the file ends first. */
	async read(length: number): Promise<Buffer | undefined> {
		const bytes = Buffer.alloc(length);
		let filled = 0;
		while (filled < length) {
			if (!(await this.hasMore())) return undefined;
			const piece = this.take(length - filled);
			bytes.set(piece, filled);
			filled += piece.length;
		}
		return bytes;
	}

	/** Only works once, for the first bytes. */
	putBack(bytes: Uint8Array): void {
		this.rest = this.chunk;
		this.chunk = bytes;
		this.taken -= bytes.length;
	}

	/** At least one byte of the next `maxBytes`, as many as are at hand; undefined at the end. */
	async readSome(maxBytes: number): Promise<Uint8Array | undefined> {
		return (await this.hasMore()) ? this.take(maxBytes) : undefined;
	}

	/** At the end of the file, this just stops; the next read returns undefined. */
	async skip(length: number): Promise<void> {
		let left = length;
		while (left > 0 && (await this.hasMore())) left -= this.take(left).length;
	}

	async skipEvery(byte: number): Promise<void> {
		while (await this.hasMore()) {
			const other = this.chunk.findIndex((one) => one !== byte);
			this.take(other === -1 ? this.chunk.length : other);
			if (other !== -1) return;
		}
	}

	private take(maxBytes: number): Uint8Array {
		const taken = this.chunk.subarray(0, maxBytes);
		this.chunk = this.chunk.subarray(maxBytes);
		this.taken += taken.length;
		return taken;
	}

	private async hasMore(): Promise<boolean> {
		while (this.chunk.length === 0) {
			if (this.rest.length > 0) {
				this.chunk = this.rest;
				this.rest = new Uint8Array();
				return true;
			}
			if (this.pulled >= this.maxBytes) return false;
			const next = await this.source.next();
			if (next.done) return false;
			this.chunk = next.value;
			this.pulled += this.chunk.length || EMPTY_CHUNK_BYTES;
		}
		return true;
	}
}

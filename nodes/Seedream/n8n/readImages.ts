import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import type { FileContent } from '../images/fileUpload';
import type { ImageFile } from '../images/imageFile';
import { IMAGE_FORMATS } from '../images/imageFormat';
import { inspectFile } from '../images/inspectFile';
import { isInternalHost } from '../request/hosts';
import { fieldLabel, fieldMessage } from '../request/labels';
import { parseFieldNames } from '../request/lists';
import type { Checked } from '../request/options';

/**
 * The images that the row's field names: field names separated by comma, binary data that an
 * expression gives, or a list of either.
 */
export async function readImages(
	context: IExecuteFunctions,
	itemIndex: number,
	value: unknown,
): Promise<Checked<ImageFile[]>> {
	const files: ImageFile[] = [];
	for (const entry of parseFieldNames(value)) {
		const found = findBinary(context, itemIndex, entry);
		if (!found.ok) return found;
		const file = await imageFile(context, found.value, labelOf(entry, found.value));
		if (!file.ok) return file;
		files.push(file.value);
	}
	return { ok: true, value: files };
}

function labelOf(entry: unknown, { fileName }: IBinaryData): string {
	if (typeof entry === 'string') return `the image in "${entry}"`;
	return fileName ? `the image "${fileName}"` : 'the image';
}

/** An expression gives a file's description; its content only when it is in n8n's memory. */
const binarySchema = z
	.object({
		mimeType: z.string(),
		data: z.string().default(''),
		id: z.string().optional(),
		fileName: z.string().optional(),
	})
	.refine(({ data, id }) => data !== '' || id !== undefined);

function findBinary(
	context: IExecuteFunctions,
	itemIndex: number,
	entry: unknown,
): Checked<IBinaryData> {
	if (typeof entry !== 'string') {
		const parsed = binarySchema.safeParse(entry);
		return parsed.success
			? { ok: true, value: parsed.data }
			: addIssue('must contain names of binary fields, or an expression that returns binary data');
	}
	try {
		return { ok: true, value: context.helpers.assertBinaryData(itemIndex, entry) };
	} catch {
		return addIssue(`contains "${entry}", but the row has no binary field with that name`);
	}
}

function addIssue(message: string): Checked<never> {
	return { ok: false, problems: [fieldMessage(fieldLabel('imageFields'), message)] };
}

const INCOMPLETE = 'which is incomplete. Download or save it again, and check that it opens';

async function imageFile(
	context: IExecuteFunctions,
	binary: IBinaryData,
	label: string,
): Promise<Checked<ImageFile>> {
	const content = async () => await openContent(context, binary);
	try {
		const inspected = await inspectFile((await content()).chunks);
		const { hash, bytes, measured, otherFormat } = inspected;
		if (inspected.isTruncated) return addIssue(`contains ${label}, ${INCOMPLETE}`);
		const file: ImageFile = {
			key: binary.id ?? hash,
			hash,
			label,
			bytes,
			measured,
			...(otherFormat === undefined ? {} : { otherFormat }),
			mimeType: measured ? IMAGE_FORMATS[measured.format].mimeType : binary.mimeType,
			content,
			signedLink: () => signedLink(context, binary),
		};
		return { ok: true, value: file };
	} catch {
		return addIssue(`contains ${label}, but n8n no longer has the file`);
	}
}

/** Throws if n8n no longer has the file. */
export async function openContent(
	{ helpers }: IExecuteFunctions,
	binary: IBinaryData,
): Promise<FileContent> {
	if (!binary.id) {
		const bytes = Buffer.from(binary.data, 'base64');
		return {
			chunks: once(bytes),
			framed: (head, tail) => Buffer.concat([head, bytes, tail]),
			discard: () => undefined,
		};
	}
	const stream = await helpers.getBinaryStream(binary.id);
	return {
		chunks: stream,
		framed: (head, tail) =>
			stream.compose(async function* (source: AsyncIterable<Uint8Array>) {
				yield head;
				yield* source;
				yield tail;
			}),
		discard: () => stream.destroy(),
	};
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
	yield bytes;
}

/** n8n signs links only to files that are not in its memory, and only newer versions do. */
function signedLink({ helpers }: IExecuteFunctions, binary: IBinaryData): string | undefined {
	if (!binary.id || !('createBinarySignedUrl' in helpers)) return undefined;
	const link = helpers.createBinarySignedUrl(binary);
	if (!URL.canParse(link)) return undefined;
	const { protocol, hostname } = new URL(link);
	return protocol === 'https:' && !isInternalHost(hostname) ? link : undefined;
}

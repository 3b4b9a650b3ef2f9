import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

import { imageFormat } from '../nodes/Seedream/images/imageFormat';
import { UserError } from './userError';

const HOW_TO_SAVE =
	'Save the table as "CSV UTF-8" in Excel, as "Text CSV" with the character set UTF-8 in LibreOffice, or as "Comma-separated values" in Google Sheets.';

/** The text of a CSV file, in UTF-8 or UTF-16; throws a `UserError` for any other file. */
export async function readText(path: string): Promise<string> {
	const bytes = await readBytes(path);
	const text = decode(bytes);
	const otherKind = recognizeKind(bytes, text);
	if (otherKind) throw new UserError(`${path} is ${otherKind}, not a CSV file. ${HOW_TO_SAVE}`);
	if (text !== undefined) return text;
	throw new UserError(
		`${path} isn't saved as UTF-8: line ${invalidLine(bytes)} can't be read reliably. ${HOW_TO_SAVE}`,
	);
}

async function readBytes(path: string): Promise<Buffer> {
	try {
		return await readFile(path);
	} catch (error) {
		throw new UserError(`Can't read ${path}: ${reason(error)}.`);
	}
}

function reason(error: unknown): string {
	const { code } = z.object({ code: z.string() }).catch({ code: 'unknown' }).parse(error);
	const known: Record<string, string> = {
		ENOENT: "the file doesn't exist",
		EISDIR: "it's a folder",
		EACCES: "you don't have permission",
	};
	return known[code] ?? code;
}

const UTF_16 = ['utf-16le', 'utf-16be'];

function decode(bytes: Buffer): string | undefined {
	try {
		const text = new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
		return text.includes('\0') ? undefined : text;
	} catch {
		return undefined;
	}
}

/** By the byte order mark. Without one, zeros mean UTF-16, and the header shows its byte order. */
function encodingOf(bytes: Buffer): string | undefined {
	const start = bytes.toString('hex', 0, 2);
	if (start === 'fffe') return 'utf-16le';
	if (start === 'feff') return 'utf-16be';
	if (!bytes.includes(0)) return 'utf-8';
	return UTF_16.find((encoding) => /prompt/i.test(new TextDecoder(encoding).decode(bytes)));
}

/** Files that people pass by accident, recognized by how they start. */
const KINDS: ReadonlyArray<[start: RegExp, kind: string]> = [
	[/^PK\x03\x04/, 'an Excel, LibreOffice or Numbers workbook, or a ZIP archive'],
	[/^\xD0\xCF\x11\xE0/, 'an old or protected Excel workbook, or another Office file'],
	[/^\x1F\x8B/, 'a compressed file'],
	[/^%PDF/, 'a PDF'],
	[/^.{4}ftyp/s, 'an image or a video'],
	[/^\{\\rtf/, 'a text document'],
	[/^\s*<[!?a-z]/i, 'a web page or an XML file'],
	[/^\s*(\{|\[\s*[[{"])/, 'a JSON file'],
];

function recognizeKind(bytes: Buffer, text?: string): string | undefined {
	const start = text ?? bytes.toString('latin1', 0, 100);
	const known = KINDS.find(([pattern]) => pattern.test(start))?.[1];
	if (known !== undefined || text !== undefined || !bytes.includes(0)) return known;
	return imageFormat(bytes) ? 'an image' : 'a binary file';
}

/** The first line that isn't UTF-8, counted from 1 as in editors. */
function invalidLine(bytes: Buffer): number {
	const lines = bytes.toString('latin1').split(/\r\n|\r|\n/);
	return lines.findIndex((line) => !isUtf8(Buffer.from(line, 'latin1'))) + 1;
}

export type JsonObject = { [key: string]: unknown };

export function isJsonObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A string, or an integer outside of strings that is too long for a JavaScript number. */
const TEXT_OR_LONG_NUMBER = /"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;

const LONG_NUMBER = /\d{16}/;

/** Like `parseJson`, but an integer too long for a JavaScript number becomes a string. */
export function parseJsonExactly(text: string): unknown {
	if (!LONG_NUMBER.test(text)) return parseJson(text);
	return parseJson(
		text.replace(TEXT_OR_LONG_NUMBER, (found) => (found.startsWith('"') ? found : `"${found}"`)),
	);
}

/** Undefined when the text isn't JSON. */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

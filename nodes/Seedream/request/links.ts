const DATA_URI = /^data:image\/(jpeg|png);base64,([A-Za-z\d+/]+={0,2})$/i;

/** Whether the text is a link that a gateway can open. */
export function isLink(text: string): boolean {
	return /^https?:\/\/[^\s/]/i.test(text) && !/\s/.test(text) && URL.canParse(text);
}

/** Whether the text is an image written as a `data:` URI (seed 004: jpeg or png, base64). */
export function isDataUri(text: string): boolean {
	return DATA_URI.test(text);
}

/** The characters of a link that need no mending (RFC 3986). */
const PLAIN_LINK = /^https?:\/\/[\w\-.~:@!$&'()*+,;=%[\]]+(?:[/?#][\w\-.~:/?#@!$&'()*+,;=%]*)?$/i;
/** A percent sign that starts no escape. */
const LONE_PERCENT = /%(?![\da-f]{2})/gi;
/** What the URL parser leaves as it is, although a strict reader refuses it. */
const NOT_PLAIN = /[^\w\-.~:/?#@!$&'()*+,;=%]/g;

/**
 * The link as a strict reader takes it (EvoLink wants `format: uri`). A plain one is touched nowhere,
 * for it may be signed; letters of other scripts, brackets and quotes are percent-encoded.
 */
export function mendLink(link: string): string {
	const [, format, content] = DATA_URI.exec(link) ?? [];
	if (format !== undefined) return `data:image/${format.toLowerCase()};base64,${content}`;
	if (!isLink(link) || isPlain(link)) return link;
	const { href, protocol } = new URL(link);
	const pathStart = href.indexOf('/', `${protocol}//`.length);
	const path = href.slice(pathStart).replaceAll(LONE_PERCENT, '%25');
	return href.slice(0, pathStart) + path.replaceAll(NOT_PLAIN, encodeURIComponent);
}

function isPlain(link: string): boolean {
	return PLAIN_LINK.test(link) && link.search(LONE_PERCENT) === -1;
}

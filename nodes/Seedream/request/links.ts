import { INVISIBLE } from './cells';

const IMAGE_DATA = /^data:image\/(jpeg|png);base64,([A-Za-z\d+/]+={0,2})$/i;
/** Any data URI, its base64 perhaps broken into lines. */
const DATA_URI = /^data:([^;,]*)((?:;[^;,]*)*),(.*)$/is;
/** Other names of the types that providers take. */
const TYPES: Record<string, string> = {
	'image/jpg': 'image/jpeg',
	'image/pjpeg': 'image/jpeg',
	'image/jfif': 'image/jpeg',
	'image/x-png': 'image/png',
};

/** Whether the text is a link that a provider can open. */
export function isLink(text: string): boolean {
	return /^https?:\/\/[^\s/]/i.test(text) && !/\s/.test(text) && URL.canParse(text);
}

/** Whether the text is an image written as a `data:` URI (seed 004: jpeg or png, base64). */
export function isDataUri(text: string): boolean {
	return IMAGE_DATA.test(text);
}

/** Why a text that begins as a data URI is no image that a provider takes. */
export function dataUriProblem(text: string): string | undefined {
	if (!/^data:/i.test(text) || isDataUri(text)) return undefined;
	const [, type = '', settings = ''] = DATA_URI.exec(text) ?? [];
	if (!/^image\/(jpeg|png)$/i.test(type)) {
		const named = type === '' ? 'does not say what it is' : `is ${type}`;
		return `${named}: only image/jpeg and image/png can be written into the request`;
	}
	return /;base64$/i.test(settings)
		? 'is not whole: what follows "base64," is empty or no base64'
		: 'is not in base64';
}

/** The characters of a link that need no mending (RFC 3986). */
const PLAIN_LINK = /^https?:\/\/[\w\-.~:@!$&'()*+,;=%[\]]+(?:[/?#][\w\-.~:/?#@!$&'()*+,;=%]*)?$/i;
/** A percent sign that starts no escape. */
const LONE_PERCENT = /%(?![\da-f]{2})/gi;
/** What the URL parser leaves as it is, although a strict reader refuses it. */
const NOT_PLAIN = /[^\w\-.~:/?#@!$&'()*+,;=%]/g;
/**
 * What got into a link by copying. Joiners and variation selectors belong to names in Persian, in
 * Indian scripts and with emoji, so they stay behind a letter that is no ASCII.
 */
const STRAY = new RegExp(
	`(?<![^\\x00-\\x7f])[\\u200c\\u200d\\ufe0f]|(?![\\u200c\\u200d\\ufe0f])[${INVISIBLE}]`,
	'gu',
);
const IMAGE_NAME = /\.(?:jpe?g|png|webp|gif|bmp|tiff?|avif|heic)(?:[?#]\S*)?$/i;

/**
 * The link as a strict reader takes it (EvoLink wants `format: uri`). A plain one is touched nowhere,
 * for it may be signed; letters of other scripts, spaces, brackets and quotes are percent-encoded.
 */
export function encodeUrl(text: string): string {
	if (/^data:/i.test(text)) return normalizeDataUri(text);
	const link = text.replace(STRAY, '');
	if (isPlain(link)) return link;
	if (!/^https?:\/\/[^\s/]/i.test(link) || !URL.canParse(link) || hasWordsBehind(link)) return text;
	const { href, protocol } = new URL(link);
	const pathStart = href.indexOf('/', `${protocol}//`.length);
	const path = href.slice(pathStart).replaceAll(LONE_PERCENT, '%25');
	return href.slice(0, pathStart) + path.replaceAll(NOT_PLAIN, encodeURIComponent);
}

function isPlain(link: string): boolean {
	return PLAIN_LINK.test(link) && link.search(LONE_PERCENT) === -1 && URL.canParse(link);
}

/** "https://a.example/1.png (front)": a note, and no name with a space in it. */
function hasWordsBehind(link: string): boolean {
	const [first = ''] = link.split(/\s/);
	return first !== link && IMAGE_NAME.test(first) && !IMAGE_NAME.test(link);
}

function normalizeDataUri(text: string): string {
	const [, type = '', settings = '', content = ''] = DATA_URI.exec(text) ?? [];
	const known = TYPES[type.toLowerCase()] ?? type.toLowerCase();
	const mended = `data:${known};base64,${content.replace(/\s/g, '')}`;
	return /;base64$/i.test(settings) && isDataUri(mended) ? mended : text;
}

import { INVISIBLE } from './cells';

const IMAGE_DATA = /^data:image\/(jpeg|png);base64,([A-Za-z\d+/]+={0,2})$/i;
/** Any data URI; its base64 may contain line breaks. */
const DATA_URI = /^data:([^;,]*)((?:;[^;,]*)*),(.*)$/is;
/** Other names for the types that providers accept. */
const MEDIA_TYPE_ALIASES: Record<string, string> = {
	'image/jpg': 'image/jpeg',
	'image/pjpeg': 'image/jpeg',
	'image/jfif': 'image/jpeg',
	'image/x-png': 'image/png',
};

/** Whether the text is a web link. */
export function isLink(text: string): boolean {
	return /^https?:\/\/[^\s/]/i.test(text) && !/\s/.test(text) && URL.canParse(text);
}

/** Whether the text is an image as a data URI (JPEG or PNG in base64, see https://docs.apimart.ai). */
export function isDataUri(text: string): boolean {
	return IMAGE_DATA.test(text);
}

/** Why a text that starts like a data URI isn't an image that a provider accepts. */
export function dataUriProblem(text: string): string | undefined {
	if (!/^data:/i.test(text) || isDataUri(text)) return undefined;
	const [, type = '', settings = ''] = DATA_URI.exec(text) ?? [];
	if (!/^image\/(jpeg|png)$/i.test(type)) {
		const stated = type === '' ? 'has no media type' : `is ${type}`;
		return `${stated}. Data URIs must be image/jpeg or image/png`;
	}
	return /;base64$/i.test(settings)
		? 'is incomplete: the part after "base64," is empty or isn\'t valid base64'
		: "isn't base64-encoded";
}

/** A link that needs no encoding (RFC 3986). */
const VALID_LINK = /^https?:\/\/[\w\-.~:@!$&'()*+,;=%[\]]+(?:[/?#][\w\-.~:/?#@!$&'()*+,;=%]*)?$/i;
/** A percent sign that doesn't start an escape sequence. */
const LONE_PERCENT = /%(?![\da-f]{2})/gi;
/** Characters that URL parsers keep but that aren't valid in a strict URI. */
const INVALID_CHARACTERS = /[^\w\-.~:/?#@!$&'()*+,;=%]/g;
/**
 * Characters that get into a link by copy and paste. Joiners and variation selectors are part of names
 * in Persian and Indic scripts and of emoji, so they're kept after a non-ASCII character.
 */
const STRAY_CHARACTERS = new RegExp(
	`(?<![^\\x00-\\x7f])[\\u200c\\u200d\\ufe0f]|(?![\\u200c\\u200d\\ufe0f])[${INVISIBLE}]`,
	'gu',
);
const IMAGE_NAME = /\.(?:jpe?g|png|webp|gif|bmp|tiff?|avif|heic)(?:[?#]\S*)?$/i;

/**
 * Percent-encodes non-ASCII letters, spaces, brackets and quotes, because EvoLink requires
 * `format: uri`. A valid link stays exactly as it is: it may be signed.
 */
export function encodeUrl(text: string): string {
	if (/^data:/i.test(text)) return normalizeDataUri(text);
	const link = text.replace(STRAY_CHARACTERS, '');
	if (isValid(link)) return link;
	if (!/^https?:\/\/[^\s/]/i.test(link) || !URL.canParse(link) || hasTrailingText(link))
		return text;
	const { href, protocol } = new URL(link);
	const pathStart = href.indexOf('/', `${protocol}//`.length);
	const path = href.slice(pathStart).replaceAll(LONE_PERCENT, '%25');
	return href.slice(0, pathStart) + path.replaceAll(INVALID_CHARACTERS, encodeURIComponent);
}

function isValid(link: string): boolean {
	return VALID_LINK.test(link) && link.search(LONE_PERCENT) === -1 && URL.canParse(link);
}

/** E.g. "https://a.example/1.png (front)": a note, not a file name with a space. */
function hasTrailingText(link: string): boolean {
	const [first = ''] = link.split(/\s/);
	return first !== link && IMAGE_NAME.test(first) && !IMAGE_NAME.test(link);
}

function normalizeDataUri(text: string): string {
	const [, type = '', settings = '', content = ''] = DATA_URI.exec(text) ?? [];
	const mediaType = MEDIA_TYPE_ALIASES[type.toLowerCase()] ?? type.toLowerCase();
	const normalized = `data:${mediaType};base64,${content.replace(/\s/g, '')}`;
	return /;base64$/i.test(settings) && isDataUri(normalized) ? normalized : text;
}

import type { ProviderError } from '../errors/providerError';
import { isJsonObject, parseJson, type JsonObject } from '../shared/json';
import { isError, providerErrorIn } from './errorResponse';
import { optionalTime } from './fieldSchemas';

/** Keys that may hold links, in order of preference: several of them may hold the same images. */
const LINK_KEYS = [
	'results',
	'result',
	'result_data',
	'output',
	'outputs',
	'output_url',
	'images',
	'resultJson',
	'resultUrls',
	'resultImageUrl',
	'response',
	'data',
	'image_urls',
	'image_url',
	'image',
	'urls',
	'url',
];

export interface ResultImages {
	links: string[];
	/** From entries in the list of images that say why one is missing. */
	errors: ProviderError[];
}

const NO_IMAGES: ResultImages = { links: [], errors: [] };

/** The images of a task, or else those in its envelope. */
export function imagesOfTask(task: JsonObject, body: unknown): ResultImages {
	const images = findImages(task);
	if (images.links.length > 0 || images.errors.length > 0 || !isJsonObject(body)) return images;
	const { data: _task, ...envelope } = body;
	return task === body ? images : findImages(envelope);
}

/**
 * Every distinct image link in a value of unknown shape, in order: strings, arrays, objects with one
 * of the keys above, and JSON in a string.
 */
export function findImages(value: unknown): ResultImages {
	const { links, errors } = collectImages(value);
	return { links: [...new Set(links)], errors };
}

function collectImages(value: unknown): ResultImages {
	if (typeof value === 'string') return collectFromText(value.trim());
	if (Array.isArray(value)) {
		const entries = value.map((entry) =>
			isJsonObject(entry) && isError(entry.error)
				? collectFromErrorEntry(entry)
				: collectImages(entry),
		);
		return {
			links: entries.flatMap(({ links }) => links),
			errors: entries.flatMap(({ errors }) => errors),
		};
	}
	if (!isJsonObject(value)) return NO_IMAGES;
	const candidates = LINK_KEYS.map((key) => collectImages(value[key]));
	return {
		links: candidates.find(({ links }) => links.length > 0)?.links ?? [],
		errors: candidates.find(({ errors }) => errors.length > 0)?.errors ?? [],
	};
}

const BETWEEN_LINKS = /[\s,;]+(?=https?:\/\/)/i;

function collectFromText(content: string): ResultImages {
	if (/^[[{]/.test(content)) return collectImages(parseJson(content));
	const links = content.split(BETWEEN_LINKS).map(normalizeLink);
	return links.every((link) => link !== undefined) ? { links, errors: [] } : NO_IMAGES;
}

const WEB_LINK = /^https?:\/\/[^\s/?#]/i;
/** A host with a dot, followed by a path: not every word with a slash is a link. */
const LINK_WITHOUT_SCHEME =
	/^(?:\/\/)?((?:[a-z\d](?:[a-z\d-]*[a-z\d])?\.)+[a-z]{2,}(?::\d+)?\/\S.*)$/i;
const IMAGE_NAME = /\.(?:jpe?g|png|webp|gif|bmp|tiff?|avif)(?:[?#]\S*)?$/i;

/** The text as a link that can be opened: it may contain spaces, or be followed by a note. */
function normalizeLink(content: string): string | undefined {
	const text = content.replace(/^["'<]+|["'>]+$/g, '').trim();
	const [, withoutScheme] = LINK_WITHOUT_SCHEME.exec(text) ?? [];
	const link = withoutScheme === undefined ? text : `https://${withoutScheme}`;
	if (!WEB_LINK.test(link) || !URL.canParse(link)) return undefined;
	const [first = ''] = link.split(/\s/);
	if (first === link) return link;
	if (IMAGE_NAME.test(first)) return first;
	const hasSpacesInName = IMAGE_NAME.test(link) || first.includes('?');
	return hasSpacesInName ? link.replace(/\s/g, (space) => encodeURIComponent(space)) : undefined;
}

function collectFromErrorEntry({ error, ...rest }: JsonObject): ResultImages {
	const { links } = collectImages(rest);
	if (links.length > 0) return { links, errors: [] };
	return { links, errors: [providerErrorIn({ error })].filter((one) => one !== undefined) };
}

const LINK_LIFETIME_MS = 24 * 60 * 60 * 1000;

/** Links expire 24 hours after the task is done (docs.evolink.ai, docs.apimart.ai). */
export function linksExpire(from: Date | undefined): Date | undefined {
	return from && new Date(from.getTime() + LINK_LIFETIME_MS);
}

/** When the first of the links expires, where the provider says so. */
export function statedExpiry(value: unknown): Date | undefined {
	const times = expiryTimes(value);
	return times.length > 0 ? new Date(Math.min(...times)) : undefined;
}

function expiryTimes(value: unknown): number[] {
	if (Array.isArray(value)) return value.flatMap(expiryTimes);
	if (!isJsonObject(value)) return [];
	const own = optionalTime.parse(value.expires_at ?? value.expiresAt);
	return [...(own ? [own.getTime()] : []), ...LINK_KEYS.flatMap((key) => expiryTimes(value[key]))];
}

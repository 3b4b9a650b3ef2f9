import { fieldLabel } from './labels';

/** The direct link behind a share page, or why there's none. */
export type ResolvedLink = { url: string } | { problem: string };

interface SharePage {
	host: RegExp;
	/** Matches the path and query of share pages. */
	path?: RegExp;
	/** Matches the path and query of direct links. */
	exclude?: RegExp;
	/** With its article, for messages. */
	name: string;
	/** Only where this kind of link is documented by the service or in general use. */
	toDirectLink?: (link: URL) => string | undefined;
}

const DRIVE_ID = /^\/(?:a\/[^/]+\/)?file\/(?:u\/\d+\/)?d\/([\w-]+)/;

/** Pages that return HTML instead of an image: the provider fails, or charges for a useless image. */
const SHARE_PAGES: readonly SharePage[] = [
	{
		host: /^drive\.google\.com$/,
		exclude: /^\/(?:uc\?.*\bexport=(?:download|view)|thumbnail\b)/,
		name: 'a Google Drive page',
		toDirectLink: driveFile,
	},
	{
		host: /^docs\.google\.com$/,
		path: /^\/(?:document|spreadsheets|presentation|forms|drawings|file)\//,
		exclude: /\/(?:export|pub)\b/,
		name: 'a Google Docs page',
		toDirectLink: driveFile,
	},
	{ host: /^(?:photos\.google\.com|photos\.app\.goo\.gl)$/, name: 'a Google Photos page' },
	{
		host: /^(?:www\.)?dropbox\.com$/,
		exclude: /[?&](?:dl|raw)=1\b/,
		name: 'a Dropbox page',
		toDirectLink: dropboxFile,
	},
	{
		host: /^(?:1drv\.ms|onedrive\.live\.com|photos\.onedrive\.com)$/,
		exclude: /^\/download\b|[?&]download=1\b/,
		name: 'an OneDrive page',
	},
	{
		host: /\.sharepoint(?:-df)?\.(?:com|cn|us)$/,
		path: /^\/:\w:\/|\/_layouts\/15\/(?:Doc|onedrive|guestaccess)\b|\/Forms\/|[?&](?:web=1|e=)/i,
		exclude: /[?&]download=1\b|\/download\.aspx\b/i,
		name: 'a SharePoint page',
	},
	{ host: /^(?:we\.tl|(?:[\w-]+\.)?wetransfer\.com)$/, name: 'a WeTransfer page' },
	{ host: /^(?:www|share)\.icloud\.com$/, name: 'an iCloud page' },
	{
		host: /^(?:www\.|m\.)?imgur\.com$/,
		exclude: /^\/(?:download\/)?\w+\.(?:jpe?g|png|gif|webp)\b/i,
		name: 'an Imgur page',
	},
	{ host: /^(?:www\.)?ibb\.co$/, path: /^\/\w+\/?$/, name: 'an ImgBB page' },
	{ host: /^(?:www\.)?postimg\.cc$/, name: 'a Postimages page' },
	{ host: /^(?:[\w-]+\.)?app\.box\.com$/, exclude: /^\/shared\/static\//, name: 'a Box page' },
	{ host: /^(?:www\.)?mega\.(?:nz|io)$/, name: 'a MEGA page' },
	{ host: /^(?:www\.)?(?:pinterest\.[a-z.]+|pin\.it)$/, name: 'a Pinterest page' },
	{
		host: /^(?:www\.)?instagram\.com$/,
		exclude: /\/media\b/,
		name: 'an Instagram page',
	},
	{ host: /^(?:www\.|m\.)?facebook\.com$/, name: 'a Facebook page' },
	{ host: /^(?:www\.)?(?:flickr\.com|flic\.kr)$/, name: 'a Flickr page' },
	{
		host: /^(?:www\.)?unsplash\.com$/,
		path: /^\/(?:[a-z]{2}\/)?photos\//,
		exclude: /\/download\b/,
		name: 'an Unsplash page',
	},
	{ host: /^(?:www\.)?pexels\.com$/, path: /\/photo\//, name: 'a Pexels page' },
	{ host: /^(?:www\.)?canva\.com$/, path: /^\/design\//, name: 'a Canva page' },
	{ host: /^(?:www\.)?figma\.com$/, name: 'a Figma page' },
	{
		host: /^(?:www\.)?airtable\.com$/,
		path: /^\/(?:app|shr|tbl|inv)/,
		name: 'an Airtable page',
	},
	{
		host: /^(?:www\.notion\.so|notion\.so|[\w-]+\.notion\.site)$/,
		exclude: /^\/(?:image|signed)\//,
		name: 'a Notion page',
	},
	{
		host: /^github\.com$/,
		path: /^\/[^/]+\/[^/]+\/blob\//,
		exclude: /[?&]raw=(?:1|true)\b/,
		name: 'a GitHub page',
		toDirectLink: (link) => withPath(link, link.pathname.replace('/blob/', '/raw/')),
	},
	{
		host: /^gitlab\.com$/,
		path: /\/-\/blob\//,
		name: 'a GitLab page',
		toDirectLink: (link) => withPath(link, link.pathname.replace('/-/blob/', '/-/raw/')),
	},
	{
		host: /^commons\.wikimedia\.org$/,
		path: /^\/wiki\/File:/i,
		name: 'a Wikimedia Commons page',
		toDirectLink: (link) =>
			withPath(link, link.pathname.replace(/^\/wiki\/File:/i, '/wiki/Special:FilePath/')),
	},
];

/** Replaces a link to a share page with the direct link to the image, where that's possible. */
export function resolveSharePage(url: string): ResolvedLink {
	if (!/^https?:/i.test(url) || !URL.canParse(url)) return { url };
	const link = new URL(url);
	const pathAndQuery = link.pathname + link.search;
	const page = SHARE_PAGES.find(
		({ host, path, exclude }) =>
			host.test(link.hostname) &&
			(path?.test(pathAndQuery) ?? true) &&
			!exclude?.test(pathAndQuery),
	);
	if (!page) return { url };
	const directLink = page.toDirectLink?.(link);
	return directLink === undefined
		? {
				problem: `is ${page.name}, not an image. Use the direct link to the image, or download the file in n8n and use '${fieldLabel('imageFields')}'`,
			}
		: { url: directLink };
}

/** The usual link to a file that's shared with anyone who has the link; folders have none. */
function driveFile(link: URL): string | undefined {
	const { pathname, searchParams } = link;
	const queryId = /^\/(?:a\/[^/]+\/)?(?:open|uc)$/.test(pathname) ? searchParams.get('id') : null;
	const id = DRIVE_ID.exec(pathname)?.[1] ?? queryId;
	if (!id || !/^[\w-]+$/.test(id)) return undefined;
	const key = searchParams.get('resourcekey');
	return `https://drive.google.com/uc?export=download&id=${id}${key ? `&resourcekey=${encodeURIComponent(key)}` : ''}`;
}

/** Dropbox documents `dl=1` for direct downloads; the rest of the link grants access to the file. */
function dropboxFile({ href, pathname }: URL): string | undefined {
	if (!/^\/(?:s|scl\/fi)\//.test(pathname)) return undefined;
	const [link = '', fragment] = href.split('#');
	const withoutFlag = link.replace(/([?&])(?:dl|raw)=[^&]*(?:&|$)/g, '$1').replace(/[?&]$/, '');
	const end = fragment === undefined ? '' : `#${fragment}`;
	return `${withoutFlag}${withoutFlag.includes('?') ? '&' : '?'}dl=1${end}`;
}

function withPath(link: URL, pathname: string): string {
	const { origin, search, hash } = link;
	return `${origin}${pathname}${search}${hash}`;
}

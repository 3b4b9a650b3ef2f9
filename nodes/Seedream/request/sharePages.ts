/** A link to a page that shows an image, made a link to the image, or what is wrong with it. */
export type Opened = { url: string } | { problem: string };

interface SharePage {
	host: RegExp;
	/** Of the path and the query. */
	path?: RegExp;
	/** What is behind it already, and needs nothing. */
	not?: RegExp;
	/** What the user would call it. */
	name: string;
	/** Only where the service itself documents, or everyone uses, this link to the file. */
	direct?: (link: URL) => string | undefined;
}

const DRIVE_ID = /^\/(?:a\/[^/]+\/)?file\/(?:u\/\d+\/)?d\/([\w-]+)/;

/** Pages that answer with HTML: to a provider, they are no image, and the row is paid or fails. */
const SHARE_PAGES: readonly SharePage[] = [
	{
		host: /^drive\.google\.com$/,
		not: /^\/(?:uc\?.*\bexport=(?:download|view)|thumbnail\b)/,
		name: 'a page of Google Drive',
		direct: driveFile,
	},
	{
		host: /^docs\.google\.com$/,
		path: /^\/(?:document|spreadsheets|presentation|forms|drawings|file)\//,
		not: /\/(?:export|pub)\b/,
		name: 'a page of Google Docs',
		direct: driveFile,
	},
	{ host: /^(?:photos\.google\.com|photos\.app\.goo\.gl)$/, name: 'a page of Google Photos' },
	{
		host: /^(?:www\.)?dropbox\.com$/,
		not: /[?&](?:dl|raw)=1\b/,
		name: 'a page of Dropbox',
		direct: dropboxFile,
	},
	{
		host: /^(?:1drv\.ms|onedrive\.live\.com|photos\.onedrive\.com)$/,
		not: /^\/download\b|[?&]download=1\b/,
		name: 'a page of OneDrive',
	},
	{
		host: /\.sharepoint(?:-df)?\.(?:com|cn|us)$/,
		path: /^\/:\w:\/|\/_layouts\/15\/(?:Doc|onedrive|guestaccess)\b|\/Forms\/|[?&](?:web=1|e=)/i,
		not: /[?&]download=1\b|\/download\.aspx\b/i,
		name: 'a page of SharePoint',
	},
	{ host: /^(?:we\.tl|(?:[\w-]+\.)?wetransfer\.com)$/, name: 'a page of WeTransfer' },
	{ host: /^(?:www|share)\.icloud\.com$/, name: 'a page of iCloud' },
	{
		host: /^(?:www\.|m\.)?imgur\.com$/,
		not: /^\/(?:download\/)?\w+\.(?:jpe?g|png|gif|webp)\b/i,
		name: 'a page of Imgur',
	},
	{ host: /^(?:www\.)?ibb\.co$/, path: /^\/\w+\/?$/, name: 'a page of ImgBB' },
	{ host: /^(?:www\.)?postimg\.cc$/, name: 'a page of Postimages' },
	{ host: /^(?:[\w-]+\.)?app\.box\.com$/, not: /^\/shared\/static\//, name: 'a page of Box' },
	{ host: /^(?:www\.)?mega\.(?:nz|io)$/, name: 'a page of MEGA' },
	{ host: /^(?:www\.)?(?:pinterest\.[a-z.]+|pin\.it)$/, name: 'a page of Pinterest' },
	{
		host: /^(?:www\.)?instagram\.com$/,
		not: /\/media\b/,
		name: 'a page of Instagram',
	},
	{ host: /^(?:www\.|m\.)?facebook\.com$/, name: 'a page of Facebook' },
	{ host: /^(?:www\.)?(?:flickr\.com|flic\.kr)$/, name: 'a page of Flickr' },
	{
		host: /^(?:www\.)?unsplash\.com$/,
		path: /^\/(?:[a-z]{2}\/)?photos\//,
		not: /\/download\b/,
		name: 'a page of Unsplash',
	},
	{ host: /^(?:www\.)?pexels\.com$/, path: /\/photo\//, name: 'a page of Pexels' },
	{ host: /^(?:www\.)?canva\.com$/, path: /^\/design\//, name: 'a page of Canva' },
	{ host: /^(?:www\.)?figma\.com$/, name: 'a page of Figma' },
	{
		host: /^(?:www\.)?airtable\.com$/,
		path: /^\/(?:app|shr|tbl|inv)/,
		name: 'a page of Airtable',
	},
	{
		host: /^(?:www\.notion\.so|notion\.so|[\w-]+\.notion\.site)$/,
		not: /^\/(?:image|signed)\//,
		name: 'a page of Notion',
	},
	{
		host: /^github\.com$/,
		path: /^\/[^/]+\/[^/]+\/blob\//,
		not: /[?&]raw=(?:1|true)\b/,
		name: 'a page of GitHub',
		direct: (link) => withPath(link, link.pathname.replace('/blob/', '/raw/')),
	},
	{
		host: /^gitlab\.com$/,
		path: /\/-\/blob\//,
		name: 'a page of GitLab',
		direct: (link) => withPath(link, link.pathname.replace('/-/blob/', '/-/raw/')),
	},
	{
		host: /^commons\.wikimedia\.org$/,
		path: /^\/wiki\/File:/i,
		name: 'a page of Wikimedia Commons',
		direct: (link) =>
			withPath(link, link.pathname.replace(/^\/wiki\/File:/i, '/wiki/Special:FilePath/')),
	},
];

/** A mended link, led to the image behind a share page where that is certain. */
export function openSharePage(url: string): Opened {
	if (!/^https?:/i.test(url) || !URL.canParse(url)) return { url };
	const link = new URL(url);
	const behind = link.pathname + link.search;
	const page = SHARE_PAGES.find(
		({ host, path, not }) =>
			host.test(link.hostname) && (path?.test(behind) ?? true) && !not?.test(behind),
	);
	if (!page) return { url };
	const direct = page.direct?.(link);
	return direct === undefined
		? {
				problem: `is ${page.name}, and no image: use the direct link to the image, or download the file in n8n and use Reference Image Fields`,
			}
		: { url: direct };
}

/** What everyone uses for a file that is shared with all who have the link. A folder has no such link. */
function driveFile(link: URL): string | undefined {
	const { pathname, searchParams } = link;
	const byQuery = /^\/(?:a\/[^/]+\/)?(?:open|uc)$/.test(pathname) ? searchParams.get('id') : null;
	const id = DRIVE_ID.exec(pathname)?.[1] ?? byQuery;
	if (!id || !/^[\w-]+$/.test(id)) return undefined;
	const key = searchParams.get('resourcekey');
	return `https://drive.google.com/uc?export=download&id=${id}${key ? `&resourcekey=${encodeURIComponent(key)}` : ''}`;
}

/** Dropbox documents `dl=1` for the file itself; the rest of the link holds the right to open it. */
function dropboxFile({ href, pathname }: URL): string | undefined {
	if (!/^\/(?:s|scl\/fi)\//.test(pathname)) return undefined;
	const [link = '', fragment] = href.split('#');
	const bare = link.replace(/([?&])(?:dl|raw)=[^&]*(?:&|$)/g, '$1').replace(/[?&]$/, '');
	const end = fragment === undefined ? '' : `#${fragment}`;
	return `${bare}${bare.includes('?') ? '&' : '?'}dl=1${end}`;
}

function withPath(link: URL, pathname: string): string {
	const { origin, search, hash } = link;
	return `${origin}${pathname}${search}${hash}`;
}

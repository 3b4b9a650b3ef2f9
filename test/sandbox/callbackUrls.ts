import { BlockList, isIP } from 'node:net';

/**
 * EvoLink's Seedream 4.5 page, `callback_url`: "URL长度不超过2048字符" (at most 2048 characters). The others document
 * no maximum; the sandbox has the same for all.
 */
export const MAX_CALLBACK_URL_LENGTH = 2048;

const INTERNAL_IPV4 = [
	'0.0.0.0/8',
	'10.0.0.0/8',
	'100.64.0.0/10',
	'127.0.0.0/8',
	'169.254.0.0/16',
	'172.16.0.0/12',
	'192.0.0.0/24',
	'192.168.0.0/16',
	'198.18.0.0/15',
	'224.0.0.0/4',
	'240.0.0.0/4',
];

/** Loopback, IPv4 embedded in IPv6 (::/96, NAT64), unique local, link-local, multicast. */
const INTERNAL_IPV6 = [
	'::/96',
	'64:ff9b::/96',
	'64:ff9b:1::/48',
	'fc00::/7',
	'fe80::/10',
	'ff00::/8',
];

const internalAddresses = blockListOf(INTERNAL_IPV4, INTERNAL_IPV6);

/** Only resolvable inside a network: a name without a dot, or with a suffix reserved for private use. */
const INTERNAL_NAME =
	/^[^.]+$|\.(?:localhost|local|localdomain|internal|intranet|lan|home|home\.arpa|corp)$/;

/**
 * Why EvoLink rejects a `callback_url`; undefined if it's valid. HTTPS only, no internal address, at most 2048
 * characters (https://docs.evolink.ai/en/api-manual/image-series/seedream/seedream-4.5-image-generate, October 2026).
 * Names aren't resolved. `allowedHosts` (host:port) are accepted, with http too, so that a test can listen on
 * localhost.
 */
export function callbackUrlError(
	text: string,
	allowedHosts: readonly string[] = [],
): string | undefined {
	if (text.length > MAX_CALLBACK_URL_LENGTH) {
		return `callback_url must not be longer than ${MAX_CALLBACK_URL_LENGTH} characters`;
	}
	const url = parseHttpUrl(text);
	if (url === undefined) return 'callback_url must be a valid URL';
	if (allowedHosts.includes(url.host)) return undefined;
	if (url.protocol !== 'https:') return 'callback_url must use HTTPS';
	if (isInternalHost(url.hostname)) return 'callback_url must not point to an internal address';
	return undefined;
}

/** Undefined unless it's an http or https URL. */
export function parseHttpUrl(text: string): URL | undefined {
	if (!URL.canParse(text)) return undefined;
	const url = new URL(text);
	return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}

/** Takes the hostname of a parsed URL, in which 0x7f.1, 2130706433 and 0177.0.0.1 have become 127.0.0.1. */
export function isInternalHost(hostname: string): boolean {
	const host = hostname.replace(/^\[|\]$/g, '').replace(/\.+$/, '');
	const family = isIP(host);
	if (family === 0) return INTERNAL_NAME.test(host.toLowerCase());
	return internalAddresses.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

function blockListOf(ipv4: readonly string[], ipv6: readonly string[]): BlockList {
	const list = new BlockList();
	for (const [family, subnets] of [['ipv4', ipv4] as const, ['ipv6', ipv6] as const]) {
		for (const subnet of subnets) {
			const [address = '', prefix = ''] = subnet.split('/');
			list.addSubnet(address, Number(prefix), family);
			if (family === 'ipv4') addTunneled(list, address, Number(prefix));
		}
	}
	return list;
}

/** The network in 6to4 (RFC 3056) and SIIT (RFC 2765) notation. BlockList handles IPv4-mapped addresses itself. */
function addTunneled(list: BlockList, address: string, prefix: number): void {
	const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
	const groups = [a * 256 + b, c * 256 + d].map((group) => group.toString(16)).join(':');
	list.addSubnet(`2002:${groups}::`, 16 + prefix, 'ipv6');
	list.addSubnet(`::ffff:0:${groups}`, 96 + prefix, 'ipv6');
}

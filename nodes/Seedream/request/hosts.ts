/** Host names that only resolve inside a network: no dot, or a reserved top-level domain. */
const INTERNAL_NAME =
	/^[^.]+$|\.(localhost|local|localdomain|internal|intranet|lan|home|home\.arpa|corp)$/;

/** Prefixes that aren't part of the public internet (IANA's special-purpose address registry). */
const INTERNAL_IPV4 = [
	/^(0|10|127)\./,
	/^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
	/^169\.254\./,
	/^172\.(1[6-9]|2\d|3[01])\./,
	/^192\.0\.0\./,
	/^192\.168\./,
	/^198\.1[89]\./,
	/^(22[4-9]|23\d|24\d|25[0-5])\./,
];

/** Loopback and IPv4-compatible, NAT64 (public and local), unique local, link-local, multicast. */
const INTERNAL_IPV6 = [
	/^(::|64:ff9b::)([\da-f]{1,4}(:[\da-f]{1,4})?)?$/,
	/^64:ff9b:1:/,
	/^f[cd][\da-f]{2}:/,
	/^fe[89ab][\da-f]:/,
	/^ff[\da-f]{2}:/,
];

/** An IPv4 address inside an IPv6 address: mapped, translated or 6to4. */
const EMBEDDED_IPV4 = /^(?:::ffff:(?:0:)?|2002:)([\da-f]{1,4}):([\da-f]{1,4})(?=$|:)/;

/**
 * Whether a provider on the internet can't reach this host. `hostname` must come from the URL parser,
 * which converts decimal, octal and hexadecimal addresses to the dotted form.
 */
export function isInternalHost(hostname: string): boolean {
	const host = hostname.toLowerCase().replace(/\.+$/, '');
	if (host.startsWith('[')) return isInternalIpv6(host.slice(1, -1));
	if (/^\d+(\.\d+){3}$/.test(host)) return INTERNAL_IPV4.some((network) => network.test(host));
	return INTERNAL_NAME.test(host);
}

function isInternalIpv6(address: string): boolean {
	const [, high, low] = EMBEDDED_IPV4.exec(address) ?? [];
	if (high !== undefined && low !== undefined) return isInternalHost(toDottedIpv4(high, low));
	return INTERNAL_IPV6.some((network) => network.test(address));
}

/** Two groups of an IPv6 address as an IPv4 address. */
function toDottedIpv4(high: string, low: string): string {
	const octets = [high, low].flatMap((group) => {
		const value = parseInt(group, 16);
		return [value >> 8, value & 255];
	});
	return octets.join('.');
}

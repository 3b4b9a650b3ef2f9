import { isInternalHost } from '../../../../nodes/Seedream/request/hosts';

/** The host as a user spells it in a link, and as the URL parser leaves it. */
function host(spelling: string): string {
	return new URL(`https://${spelling}/`).hostname;
}

describe('a host in a private network', () => {
	it.each([
		// 127.0.0.1 in every spelling that a browser takes.
		'127.0.0.1',
		'127.0.0.1.',
		'127.255.255.254',
		'127.1',
		'127.0.1',
		'2130706433',
		'0x7f000001',
		'0x7f.0x0.0x0.0x1',
		'0X7F.1',
		'017700000001',
		'0177.0.0.1',
		'0177.0.0.01',
		'127.0.0.0x1',
		'%31%32%37.0.0.1',
		'１２７.０.０.１',
		'127。0。0。1',
		'user:secret@127.0.0.1:8443',
		// The other networks that are not the public internet.
		'0',
		'0.0.0.0',
		'0.1.2.3',
		'10.0.0.0',
		'10.255.255.255',
		'167772161',
		'0xa000001',
		'012.0.0.1',
		'100.64.0.0',
		'100.99.0.1',
		'100.109.0.1',
		'100.110.0.1',
		'100.127.255.255',
		'169.254.0.1',
		'169.254.169.254',
		'2852039166',
		'0xa9fea9fe',
		'172.16.0.0',
		'172.20.0.1',
		'172.31.255.255',
		'2886729729',
		'192.0.0.1',
		'192.168.0.0',
		'192.168.255.255',
		'192.168.257',
		'3232235777',
		'0300.0250.1.1',
		'198.18.0.0',
		'198.19.255.255',
		'224.0.0.1',
		'239.255.255.255',
		'240.0.0.1',
		'255.255.255.255',
		'4294967295',
	])('%s', (spelling) => {
		expect(isInternalHost(host(spelling))).toBe(true);
	});

	it.each([
		'[::]',
		'[::1]',
		'[0:0:0:0:0:0:0:1]',
		'[0000:0000:0000:0000:0000:0000:0000:0001]',
		'[::0.0.0.1]',
		// IPv4 addresses in the clothes of IPv6: compatible, mapped, NAT64, 6to4.
		'[::127.0.0.1]',
		'[::7f00:1]',
		'[::ffff:127.0.0.1]',
		'[::FFFF:127.0.0.1]',
		'[::ffff:7f00:1]',
		'[0:0:0:0:0:ffff:7f00:0001]',
		'[::ffff:0.0.0.0]',
		'[::ffff:10.0.0.1]',
		'[::ffff:a00:1]',
		'[::ffff:100.64.0.1]',
		'[::ffff:169.254.169.254]',
		'[::ffff:172.16.0.1]',
		'[::ffff:192.168.1.1]',
		'[::ffff:c0a8:101]',
		'[::ffff:224.0.0.1]',
		'[::ffff:0:127.0.0.1]',
		'[64:ff9b::127.0.0.1]',
		'[64:ff9b::7f00:1]',
		'[64:ff9b::a00:1]',
		'[64:ff9b::192.168.0.1]',
		'[64:ff9b:1::127.0.0.1]',
		'[2002:7f00:1::]',
		'[2002:c0a8:101::1]',
		// Unique local, link-local, multicast.
		'[fc00::]',
		'[fc00::1]',
		'[FD00::1]',
		'[fd12:3456:789a:1::1]',
		'[fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]',
		'[fe80::1]',
		'[fe90::1]',
		'[fea0::1]',
		'[febf::1]',
		'[ff00::1]',
		'[ff02::1]',
	])('%s', (spelling) => {
		expect(isInternalHost(host(spelling))).toBe(true);
	});

	it.each([
		'localhost',
		'LOCALHOST',
		'localhost.',
		'ｌｏｃａｌｈｏｓｔ',
		'%6c%6fcalhost',
		'n8n.localhost',
		'n8n.localhost.',
		'a.b.localhost',
		'localhost.localdomain',
		'n8n.local',
		'N8N.LOCAL',
		'n8n.local.',
		'printer.office.local',
		'db.internal',
		'metadata.google.internal',
		'wiki.intranet',
		'nas.lan',
		'router.home',
		'router.home.arpa',
		'mail.corp',
		'n8n',
		'n8n.',
		'my-server',
	])('%s', (spelling) => {
		expect(isInternalHost(host(spelling))).toBe(true);
	});
});

describe('a host on the internet', () => {
	it.each([
		'8.8.8.8',
		'8.8.8.8.',
		'134744072',
		'0x08080808',
		'010.8.8.8',
		'1.1.1.1',
		'9.255.255.255',
		'11.0.0.0',
		'100.63.255.255',
		'100.128.0.0',
		'126.255.255.255',
		'128.0.0.1',
		'169.253.255.255',
		'169.255.0.0',
		'172.15.255.255',
		'172.32.0.0',
		'192.0.1.1',
		'192.1.0.0',
		'192.167.255.255',
		'192.169.0.0',
		'198.17.255.255',
		'198.20.0.0',
		'223.255.255.255',
		'[2606:4700::1111]',
		'[2001:4860:4860::8888]',
		'[2a00:1450:4001:82a::200e]',
		'[::ffff:8.8.8.8]',
		'[::ffff:808:808]',
		'[2002:808:808::]',
		'example.com',
		'EXAMPLE.com',
		'example.com.',
		'hook.example',
		'local.example.com',
		'localhost.example.com',
		'127.0.0.1.example.com',
		'10.example.com',
		'internal.io',
		'mylocal.net',
		'home.com',
		'thelocal.se',
		'fd00.com',
		'例え.jp',
		'example.com:8443',
		'localhost@example.com',
	])('%s', (spelling) => {
		expect(isInternalHost(host(spelling))).toBe(false);
	});
});

it('hosts can have trailing dots and any case, even without the URL parser', () => {
	for (const name of [
		'localhost..',
		'n8n.local...',
		'N8N.Local',
		'LocalHost',
		'127.0.0.1.',
		'127.0.0.1..',
	]) {
		expect(isInternalHost(name)).toBe(true);
	}
	expect(isInternalHost('example.com..')).toBe(false);
});

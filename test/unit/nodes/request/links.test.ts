import { isDataUri, isLink, mendLink } from '../../../../nodes/Seedream/request/links';

describe('a link', () => {
	it.each([
		'https://example.com/a.png',
		'HTTPS://Example.com:443/a.png',
		'https://user:pass@example.com/a%2Fb.png?sig=a%2Bb%3D&x=(1)',
		'https://[2606:4700::1111]/a.png#part',
		'http://example.com',
	])('that is plain is touched nowhere, for its signature: %s', (link) => {
		expect(isLink(link)).toBe(true);
		expect(mendLink(link)).toBe(link);
	});

	it.each([
		['https://例え.jp/絵.png', 'https://xn--r8jz45g.jp/%E7%B5%B5.png'],
		['https://example.com/[cat]|dog^.png', 'https://example.com/%5Bcat%5D%7Cdog%5E.png'],
		['https://example.com/a"b<c>.png?q={d}', 'https://example.com/a%22b%3Cc%3E.png?q=%7Bd%7D'],
		['https://example.com\\cat.png', 'https://example.com/cat.png'],
		['https://u:p@example.com/貓.png', 'https://u:p@example.com/%E8%B2%93.png'],
	])('is written as a strict reader takes it: %s', (link, mended) => {
		expect(mendLink(link)).toBe(mended);
	});

	it.each(['cat.png', 'C:\\cat.png', 'ftp://example.com/a', 'https:///a', 'https://a b', ''])(
		'is not %j, which stays as it is for the message about it',
		(text) => {
			expect(isLink(text)).toBe(false);
			expect(mendLink(text)).toBe(text);
		},
	);
});

describe('a data URI', () => {
	it('is an image in base64, its prefix in small letters', () => {
		expect(isDataUri('DATA:image/PNG;base64,iVBORw0KGgo=')).toBe(true);
		expect(mendLink('DATA:image/PNG;base64,iVBORw0KGgo=')).toBe(
			'data:image/png;base64,iVBORw0KGgo=',
		);
	});

	it.each([
		'data:image/png;base64,a*b',
		'data:image/png;base64,iVBORw0KGgo===',
		'data:image/png;base64,iVBO Rw0K',
		'data:image/png;base64,',
		'data:image/gif;base64,R0lGOD',
		'data:image/png,iVBORw0KGgo=',
	])('is not %s', (text) => {
		expect(isDataUri(text)).toBe(false);
	});
});

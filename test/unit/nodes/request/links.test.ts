import {
	dataUriProblem,
	isDataUri,
	isLink,
	encodeUrl,
} from '../../../../nodes/Seedream/request/links';

describe('a link', () => {
	it.each([
		'https://example.com/a.png',
		'HTTPS://Example.com:443/a.png',
		'https://user:pass@example.com/a%2Fb.png?sig=a%2Bb%3D&x=(1)',
		'https://[2606:4700::1111]/a.png#part',
		'http://example.com',
	])('that is valid stays as it is, because it may be signed: %s', (link) => {
		expect(isLink(link)).toBe(true);
		expect(encodeUrl(link)).toBe(link);
	});

	it.each([
		['https://例え.jp/絵.png', 'https://xn--r8jz45g.jp/%E7%B5%B5.png'],
		['https://example.com/[cat]|dog^.png', 'https://example.com/%5Bcat%5D%7Cdog%5E.png'],
		['https://example.com/a"b<c>.png?q={d}', 'https://example.com/a%22b%3Cc%3E.png?q=%7Bd%7D'],
		['https://example.com\\cat.png', 'https://example.com/cat.png'],
		['https://u:p@example.com/貓.png', 'https://u:p@example.com/%E8%B2%93.png'],
		['https://example.com/my photo.png', 'https://example.com/my%20photo.png'],
		['https://example.com/a  b.png?q=x y#z w', 'https://example.com/a%20%20b.png?q=x%20y#z%20w'],
		['https://example.com/photo.png copy.png', 'https://example.com/photo.png%20copy.png'],
		['https://example.com/a\u00a0b.png', 'https://example.com/a%C2%A0b.png'],
		['https://example.com/100% cat.png', 'https://example.com/100%25%20cat.png'],
		['https://example.com/my%20big photo.png', 'https://example.com/my%20big%20photo.png'],
		['https://example.com/ca\u200bt.png', 'https://example.com/cat.png'],
		['https://exam\u00adple.com/c\u2060at.png?s=\ufeff1', 'https://example.com/cat.png?s=1'],
		['https://example.com/cat.png?sig=a%2Bb\u200e', 'https://example.com/cat.png?sig=a%2Bb'],
		['https://example.com/ca\u200dt.png', 'https://example.com/cat.png'],
		// Part of the word in Persian, and of the emoji.
		[
			'https://example.com/می\u200cروم.png',
			'https://example.com/%D9%85%DB%8C%E2%80%8C%D8%B1%D9%88%D9%85.png',
		],
		['https://example.com/❤\ufe0f.png', 'https://example.com/%E2%9D%A4%EF%B8%8F.png'],
	])('is percent-encoded as a strict URI: %s', (link, encoded) => {
		expect(encodeUrl(link)).toBe(encoded);
	});

	it.each(['cat.png', 'C:\\cat.png', 'ftp://example.com/a', 'https:///a', 'https://a b', ''])(
		'is not %j, which stays as it is for the message',
		(text) => {
			expect(isLink(text)).toBe(false);
			expect(encodeUrl(text)).toBe(text);
		},
	);
});

it.each([
	'https://example.com/1.png (front view)',
	'https://example.com/1.png and the second',
	'https://exa mple.com/1.png',
])('a link followed by text stays as it is, and is rejected: %s', (text) => {
	expect(encodeUrl(text)).toBe(text);
	expect(isLink(text)).toBe(false);
});

describe('a data URI', () => {
	it.each([
		['data:image/jpg;base64,/9j/4AAQ', 'data:image/jpeg;base64,/9j/4AAQ'],
		['data:image/pjpeg;base64,/9j/4AAQ', 'data:image/jpeg;base64,/9j/4AAQ'],
		['data:image/x-png;base64,iVBORw0KGgo=', 'data:image/png;base64,iVBORw0KGgo='],
		['data:image/png;base64,iVBO\r\nRw0K\nGgo=\n', 'data:image/png;base64,iVBORw0KGgo='],
		['data:image/png;base64, iVBO Rw0KGgo=', 'data:image/png;base64,iVBORw0KGgo='],
		['data:image/png;name=cat.png;base64,iVBORw0KGgo=', 'data:image/png;base64,iVBORw0KGgo='],
		['DATA:IMAGE/JPG;BASE64,/9j/4AAQ', 'data:image/jpeg;base64,/9j/4AAQ'],
	])('is normalized: %j', (uri, normalized) => {
		expect(encodeUrl(uri)).toBe(normalized);
		expect(isDataUri(normalized)).toBe(true);
		expect(dataUriProblem(normalized)).toBeUndefined();
	});

	it.each([
		['data:image/webp;base64,UklGRg==', 'is image/webp. Data URIs must be image/jpeg or image/png'],
		['data:image/heic;base64,AAAA', 'is image/heic. Data URIs must be image/jpeg or image/png'],
		['data:text/html,<p>', 'is text/html. Data URIs must be image/jpeg or image/png'],
		['data:;base64,AAAA', 'has no media type. Data URIs must be image/jpeg or image/png'],
		['data:image/png,iVBORw0KGgo=', "isn't base64-encoded"],
		[
			'data:image/png;base64,',
			'is incomplete: the part after "base64," is empty or isn\'t valid base64',
		],
		[
			'data:image/png;base64,a*b',
			'is incomplete: the part after "base64," is empty or isn\'t valid base64',
		],
	])('that cannot be normalized stays as it is, with the reason: %s', (uri, problem) => {
		expect(encodeUrl(uri)).toBe(uri);
		expect(dataUriProblem(uri)).toBe(problem);
	});

	it('gets a prefix in lower case', () => {
		expect(isDataUri('DATA:image/PNG;base64,iVBORw0KGgo=')).toBe(true);
		expect(encodeUrl('DATA:image/PNG;base64,iVBORw0KGgo=')).toBe(
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

import { findImages, linksExpire } from '../../../../nodes/Seedream/providers/resultLinks';

const A = 'https://a.example/1.png';
const B = 'http://b.example/2.png?x=1,2&y=[3]';

describe('links are found in a value of unknown shape:', () => {
	it.each<[string, unknown, string[]]>([
		['a link', A, [A]],
		['a link with white space around it', ` ${A}\n`, [A]],
		['a scheme in capitals', 'HTTPS://a.example/1.png', ['HTTPS://a.example/1.png']],
		['links in order', [B, A], [B, A]],
		['arrays in arrays', [[A], [[B]]], [A, B]],
		['objects in arrays', [{ url: A }, { image_url: B }], [A, B]],
		['objects in objects', { output: { images: [{ url: [A, B] }] } }, [A, B]],
		['JSON in a string', JSON.stringify({ resultUrls: [A] }), [A]],
		['JSON in JSON', JSON.stringify({ response: JSON.stringify([A]) }), [A]],
		['the same link twice', [A, { url: A }, B], [A, B]],
		['a key that is not about results', { input: { url: A }, callback_url: A, thumbnail: A }, []],
		['another scheme', ['ftp://a.example/1.png', 'data:image/png;base64,AA=='], []],
		['text that contains a link', `see ${A}`, []],
		['broken JSON', '{"url": ', []],
		['numbers, booleans and missing values', [1, null, undefined, true, {}], []],
	])('%s', (_what, value, links) => {
		expect(findImages(value)).toEqual({ links, errors: [] });
	});
});

it('an entry with an error among the images is returned with its reason', () => {
	const error = { code: 'OutputImageSensitiveContentDetected', message: 'No.' };
	expect(findImages({ data: [{ url: A }, { error }, { url: B }] })).toEqual({
		links: [A, B],
		errors: [{ ...error, type: 'unknown' }],
	});
});

it('only the first of several keys with links counts, because they hold the same images', () => {
	const same = { results: [A], result_data: [{ url: B }] };
	expect(findImages(same)).toEqual({ links: [A], errors: [] });
});

it('links expire after a day', () => {
	const start = new Date('2026-11-20T08:00:00Z');
	expect(linksExpire(start)).toEqual(new Date('2026-11-21T08:00:00Z'));
	expect(linksExpire(undefined)).toBeUndefined();
});

const ONE = 'https://a.example/1.png';
const TWO = 'https://a.example/2.png';

describe('a result link', () => {
	it.each<[string, unknown, string[]]>([
		['with a space', 'https://a.example/my lake.png', ['https://a.example/my%20lake.png']],
		[
			'with several',
			'https://a.example/my  lake 1.png',
			['https://a.example/my%20%20lake%201.png'],
		],
		[
			'with a space in its query',
			'https://a.example/i?name=my lake',
			['https://a.example/i?name=my%20lake'],
		],
		[
			'with a signature',
			'https://a.example/a b.png?sig=x%2Fy',
			['https://a.example/a%20b.png?sig=x%2Fy'],
		],
		['with white space around it', ` ${ONE}\n`, [ONE]],
		['without a scheme', 'cdn.example.com/a/1.png', ['https://cdn.example.com/a/1.png']],
		[
			'without a scheme, but with a port',
			'cdn.example.com:8443/1.png',
			['https://cdn.example.com:8443/1.png'],
		],
		[
			'with two slashes instead of a scheme',
			'//cdn.example.com/1.png',
			['https://cdn.example.com/1.png'],
		],
		['in quotes', `"${ONE}"`, [ONE]],
		['in angle brackets', `<${ONE}>`, [ONE]],
		['followed by text', `${ONE} is ready`, [ONE]],
		['in upper case', 'HTTPS://A.EXAMPLE/1.PNG', ['HTTPS://A.EXAMPLE/1.PNG']],
		['among others in one string', `${ONE}, ${TWO}`, [ONE, TWO]],
		['on a line of its own', `${ONE}\n${TWO}`, [ONE, TWO]],
		[
			'next to another spelling of itself',
			['https://a.example/a b.png', 'https://a.example/a%20b.png'],
			['https://a.example/a%20b.png'],
		],
	])('is found %s', (_what, value, links) => {
		expect(findImages(value).links).toEqual(links);
		expect(findImages({ results: value }).links).toEqual(links);
		expect(findImages([{ url: value }]).links).toEqual(links);
	});

	it.each([
		'',
		'completed',
		'image/png',
		'1.png',
		'output/1.png',
		'/files/1.png',
		'n/a',
		'and/or',
		'https://',
		'ftp://a.example/1.png',
		'Here it is: https://a.example/1.png',
		'https://docs.example/errors says more',
	])('is not found in %j', (value) => {
		expect(findImages(value).links).toEqual([]);
	});
});

describe('an image under several keys of one object', () => {
	it.each<[string, unknown, string[]]>([
		['the same link', { url: ONE, image_url: ONE }, [ONE]],
		[
			'two spellings',
			{ url: 'https://a.example/a b.png', image_url: 'https://a.example/a%20b.png' },
			['https://a.example/a%20b.png'],
		],
		[
			'two addresses',
			{ url: ONE, image_url: 'https://cdn.example/1.png' },
			['https://cdn.example/1.png'],
		],
		[
			'one of them without a scheme',
			{ url: 'https://a.example/1.png', image_url: 'a.example/1.png' },
			[ONE],
		],
		['one of them empty', { url: ONE, image_url: '' }, [ONE]],
		['one of them null', { url: null, image_url: ONE }, [ONE]],
		['three keys', { url: ONE, image_url: ONE, output_url: ONE }, [ONE]],
		['nested', { url: ONE, image_url: { url: ONE } }, [ONE]],
	])('is returned once: %s', (_what, value, links) => {
		expect(findImages(value).links).toEqual(links);
		expect(findImages({ results: [value] }).links).toEqual(links);
		expect(findImages({ results: [value], data: [value] }).links).toEqual(links);
	});

	it('is returned once per entry of a list', () => {
		const entries = [1, 2].map((n) => ({
			url: `https://a.example/${n}.png`,
			image_url: `https://b.example/${n}.png`,
		}));
		expect(findImages({ images: entries }).links).toHaveLength(2);
	});
});

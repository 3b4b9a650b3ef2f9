import { imagesIn } from '../../../../nodes/Seedream/providers/responseSchemas';

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
			'without one, but with a port',
			'cdn.example.com:8443/1.png',
			['https://cdn.example.com:8443/1.png'],
		],
		[
			'with two slashes in place of it',
			'//cdn.example.com/1.png',
			['https://cdn.example.com/1.png'],
		],
		['in quotes', `"${ONE}"`, [ONE]],
		['in angle brackets', `<${ONE}>`, [ONE]],
		['with words behind it', `${ONE} is ready`, [ONE]],
		['in capitals', 'HTTPS://A.EXAMPLE/1.PNG', ['HTTPS://A.EXAMPLE/1.PNG']],
		['among others in one text', `${ONE}, ${TWO}`, [ONE, TWO]],
		['on a line of its own', `${ONE}\n${TWO}`, [ONE, TWO]],
		[
			'beside itself in other letters',
			['https://a.example/a b.png', 'https://a.example/a%20b.png'],
			['https://a.example/a%20b.png'],
		],
	])('is read %s', (_what, value, links) => {
		expect(imagesIn(value).links).toEqual(links);
		expect(imagesIn({ results: value }).links).toEqual(links);
		expect(imagesIn([{ url: value }]).links).toEqual(links);
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
	])('is not seen in %j', (value) => {
		expect(imagesIn(value).links).toEqual([]);
	});
});

describe('an image that stands in an object under two names', () => {
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
		['three names', { url: ONE, image_url: ONE, output_url: ONE }, [ONE]],
		['nested', { url: ONE, image_url: { url: ONE } }, [ONE]],
	])('is one: %s', (_what, value, links) => {
		expect(imagesIn(value).links).toEqual(links);
		expect(imagesIn({ results: [value] }).links).toEqual(links);
		expect(imagesIn({ results: [value], data: [value] }).links).toEqual(links);
	});

	it('is one each in a list of them', () => {
		const entries = [1, 2].map((n) => ({
			url: `https://a.example/${n}.png`,
			image_url: `https://b.example/${n}.png`,
		}));
		expect(imagesIn({ images: entries }).links).toHaveLength(2);
	});
});

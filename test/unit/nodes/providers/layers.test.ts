import { layeredImages } from '../../../../nodes/Seedream/providers/layers';

const link = (name: string, query = '') => `https://a.example/${name}.png${query}`;
const entry = (name: string, z_index: unknown, more: object = {}) => ({
	url: link(name),
	z_index,
	name,
	...more,
});

const BASE = entry('base', 0, { name: undefined });
const DATA = [BASE, entry('sky', 1), entry('cat', 2)];
const NAMES = ['base', 'sky', 'cat'];
const LINKS = NAMES.map((name) => link(name));
const LAYERS = [{ index: 0 }, { index: 1, name: 'sky' }, { index: 2, name: 'cat' }];

describe('layers are found', () => {
	it.each<[string, unknown, string[]]>([
		['in their order', DATA, LINKS],
		['when the links are in another order', DATA, [...LINKS].reverse()],
		['when the descriptions are in another order', [...DATA].reverse(), LINKS],
		['when z_index is text', DATA.map((one) => ({ ...one, z_index: `${one.z_index}` })), LINKS],
		[
			'when the links are called image_url',
			DATA.map(({ url, ...rest }) => ({ ...rest, image_url: url })),
			LINKS,
		],
		['when other images are described as well', [...DATA, entry('input', 9)], LINKS],
		['when an entry says why an image is missing', [...DATA, { error: { code: 'x' } }], LINKS],
		['when they are JSON as text', JSON.stringify(DATA), LINKS],
		[
			'when only the base has no z_index, and is the first',
			[{ ...BASE, z_index: null }, ...DATA.slice(1)],
			LINKS,
		],
	])('%s', (_what, result_data, links) => {
		expect(layeredImages({ result_data }, links)).toEqual({ imageUrls: LINKS, layers: LAYERS });
	});

	it('when the links differ in their signatures', () => {
		const signed = NAMES.map((name) => link(name, '?signature=1'));
		const { imageUrls, layers } = layeredImages({ result_data: DATA }, [...signed].reverse());
		expect(imageUrls).toEqual(signed);
		expect(layers).toEqual(LAYERS);
	});

	it('by position, when none of the links is the same', () => {
		const links = NAMES.map((name) => `https://cdn.example/${name}`);
		expect(layeredImages({ result_data: DATA }, links)).toEqual({
			imageUrls: links,
			layers: LAYERS,
		});
	});

	it('by position, when the links only differ in the query', () => {
		const data = DATA.map((one, index) => ({ ...one, url: link('image', `?id=${index}&s=1`) }));
		const links = NAMES.map((_name, index) => link('image', `?id=${index}&s=2`));
		expect(layeredImages({ result_data: data }, links)).toEqual({
			imageUrls: links,
			layers: LAYERS,
		});
	});
});

describe('images keep their order, without layers,', () => {
	it.each<[string, unknown, string[]]>([
		['without descriptions', undefined, LINKS],
		['when nothing has a z_index', DATA.map(({ url, name }) => ({ url, name })), LINKS],
		['when every z_index is 0', DATA.map((one) => ({ ...one, z_index: 0 })), LINKS],
		['when there is only one', [BASE], LINKS.slice(0, 1)],
		['when the description is one object', BASE, LINKS.slice(0, 1)],
		['when some are not described', DATA.slice(0, 2), LINKS],
		['when only some links are the same', DATA, [link('cat'), link('new'), link('sky')]],
		['when a link is described twice', [BASE, DATA[1], DATA[1]], LINKS],
		[
			'when none of the links is the same, and they are more',
			DATA,
			[...'1234'].map((n) => link(n)),
		],
		['when the descriptions have no links', DATA.map(({ z_index }) => ({ z_index })), LINKS],
		['when the descriptions are text', 'three layers', LINKS],
	])('%s', (_what, result_data, links) => {
		expect(layeredImages({ result_data }, links)).toEqual({ imageUrls: links });
	});
});

describe('the box of a layer', () => {
	const boxOf = (bounding_box: unknown) => {
		const data = [BASE, entry('sky', 1, { bounding_box })];
		return layeredImages({ result_data: data }, LINKS.slice(0, 2)).layers?.[1]?.box;
	};

	it.each<[string, unknown]>([
		['a list', [20, 10, 320, 90]],
		['a list of texts', ['20', '10', '320', '90']],
		['its size', { x: 20, y: 10, width: 300, height: 80 }],
		['its size as text', { x: '20', y: '10', width: '300', height: '80' }],
		['its edges', { left: 20, top: 10, right: 320, bottom: 90 }],
		['two corners', { x1: 20, y1: 10, x2: 320, y2: 90 }],
		['minimum and maximum', { xmin: 20, ymin: 10, xmax: 320, ymax: 90 }],
		['minimum and maximum with underscores', { x_min: 20, y_min: 10, x_max: 320, y_max: 90 }],
		[
			'a list of pixels beside one in thousandths',
			{ normalized: [31, 20, 500, 187], absolute: [20, 10, 320, 90] },
		],
		['an object in an object', { pixels: { left: 20, top: 10, right: 320, bottom: 90 } }],
		['a list in an object', { box: [20, 10, 320, 90] }],
		['fractions of pixels', [19.6, 10.4, 320.4, 89.5]],
	])('is read from %s', (_what, value) => {
		expect(boxOf(value)).toEqual({ x: 20, y: 10, width: 300, height: 80 });
	});

	it.each<[string, unknown]>([
		['nothing', null],
		['text', '20 10 320 90'],
		['a list of three', [20, 10, 320]],
		['a list of five', [20, 10, 320, 90, 1]],
		['a list with something else', [20, 10, 320, null]],
		['an edge that is missing', { left: 20, top: 10, right: 320 }],
		['no width', [20, 10, 20, 90]],
		['a negative height', { x: 20, y: 10, width: 300, height: -80 }],
		['thousandths only', { normalized: [31, 20, 500, 187] }],
		['parts of the canvas', [0.03, 0.02, 0.5, 0.19]],
		['objects in objects without one', { a: { b: { c: {} } } }],
	])("isn't known from %s", (_what, value) => {
		expect(boxOf(value)).toBeUndefined();
	});
});

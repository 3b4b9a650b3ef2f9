import { layersContent } from '../../../../nodes/Seedream/output/layersFile';

const box = { x: 20, y: 10, width: 300, height: 80 };
const other = { x: 100, y: 200, width: 50, height: 250 };

const BASE = { layer: { index: 0 }, url: 'https://a.example/0', file: '0.jpg' };
const TITLE = {
	layer: { index: 1, name: 'Title', box },
	url: 'https://a.example/1',
	file: '1.png',
};
const CAT = { layer: { index: 2, box: other }, url: 'https://a.example/2' };

it('the layers are described from the bottom to the top, with the whole canvas as the box of the base', () => {
	expect(layersContent([BASE, TITLE], { width: 640, height: 480 })).toEqual({
		canvas: { width: 640, height: 480 },
		layers: [
			{
				index: 0,
				box: { x: 0, y: 0, width: 640, height: 480 },
				file: '0.jpg',
				url: 'https://a.example/0',
			},
			{ index: 1, name: 'Title', box, file: '1.png', url: 'https://a.example/1' },
		],
	});
});

it('the canvas holds all boxes if the base has no file', () => {
	const { canvas, layers } = layersContent([BASE, TITLE, CAT], undefined);
	expect(canvas).toEqual({ width: 320, height: 450 });
	expect(layers[0]?.box).toEqual({ x: 0, y: 0, width: 320, height: 450 });
});

it('without the file of the base and without boxes, the size of the canvas is left out', () => {
	const layers = [{ index: 0, file: '0.jpg', url: 'https://a.example/0' }];
	expect(layersContent([BASE], undefined)).toEqual({ layers });
});

it('a layer without a file has only its link', () => {
	const { layers } = layersContent([BASE, CAT], { width: 640, height: 480 });
	expect(Object.keys(layers[1] ?? {})).toEqual(['index', 'box', 'url']);
});

it('a layer other than the base keeps its own box', () => {
	const { layers } = layersContent([TITLE, CAT], { width: 640, height: 480 });
	expect(layers.map((layer) => layer.box)).toEqual([box, other]);
});

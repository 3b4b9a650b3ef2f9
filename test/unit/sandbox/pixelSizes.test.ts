import { apiMart } from '../../sandbox/providers/apiMart';
import { evoLink } from '../../sandbox/providers/evoLink';

const LAYERIZE = 'doubao-seedream-5.0-pro-layerize';

it.each([
	['doubao-seedream-4.5', '1:1', '2K', '2048x2048'],
	['doubao-seedream-4.5', '2:3', '2K', '1664x2496'],
	['doubao-seedream-4.5', '3:2', '2K', '2496x1664'],
	['doubao-seedream-4.5', '5:4', '2K', '2240x1792'],
	['doubao-seedream-4.5', '16:9', '2K', '2848x1600'],
	['doubao-seedream-4.5', '9:21', '2K', '1344x3136'],
	['doubao-seedream-4.5', '4:3', '4K', '4704x3520'],
	['doubao-seedream-4.5', '9:16', '4K', '3040x5504'],
	['doubao-seedream-4.5', 'auto', '4K', '4096x4096'],
	['doubao-seedream-4.0', '16:9', '2K', '2560x1440'],
	['doubao-seedream-4.0', '16:9', '1K', '1360x768'],
	['doubao-seedream-5.0-lite', '16:9', '2K', '2848x1600'],
	['doubao-seedream-5.0-lite', '16:9', '3K', '4096x2304'],
	['doubao-seedream-5.0-lite', '3:2', '3K', '3744x2496'],
	['doubao-seedream-5.0-flash', '4:3', '1K', '1152x864'],
	['doubao-seedream-5.0-flash', '9:16', '1.5K', '1152x2048'],
	['doubao-seedream-5.0-pro', '2:3', '2K', '1664x2496'],
	['doubao-seedream-5.0-pro', '9:21', '1K', '672x1568'],
	['doubao-seedream-5.0-pro', '4:5', '1K', '912x1152'],
	['doubao-seedream-5.0-pro', '1000x1000', '2K', '1000x1000'],
])('EvoLink %s with the size %s at %s has %s pixels', (model, size, quality, pixels) => {
	const body = { model, prompt: 'a lake', size, quality };
	expect(pixelsOf(evoLink.parseCreate(body, []))).toBe(pixels);
});

it.each([
	['seedream-4-5', '16:9', '2K', '2560x1440'],
	['seedream-4-5', '9:21', '4K', '2656x6198'],
	['seedream-4-0', '4:3', '1K', '1184x880'],
	['seedream-5-0-lite', '2:1', '2K', '2896x1456'],
	['seedream-5-0-lite', '1:2', '3K', '2176x4352'],
	['seedream-5-0-lite', '16:9', '3K', '4096x2304'],
	['seedream-5-0-flash', '2:1', '1K', '1440x720'],
	['seedream-5-0-flash', '1:2', '1.5K', '1088x2176'],
	['seedream-5-0-pro', '21:9', '2K', '3024x1296'],
	['seedream-5-5', '16:9', '3K', '4096x2304'],
])('APIMart %s with the size %s at %s has %s pixels', (model, size, resolution, pixels) => {
	const body = { model, prompt: 'a lake', size, resolution };
	expect(pixelsOf(apiMart.parseCreate(body, []))).toBe(pixels);
});

it.each([
	['seedream-4-5', '2048x2048'],
	['seedream-5-0-lite', '2048x2048'],
	['seedream-5-0-flash', '1024x1024'],
	['seedream-5-0-pro', '1024x1024'],
])('APIMart %s has %s pixels by default', (model, pixels) => {
	expect(pixelsOf(apiMart.parseCreate({ model, prompt: 'a lake' }, []))).toBe(pixels);
});

it.each([
	['auto', undefined, '2048x2048'],
	['auto', { width: 1200, height: 900 }, '1200x900'],
	['auto', { width: 2048, height: 2200 }, '2048x2200'],
	['auto', { width: 600, height: 600 }, '960x960'],
	['auto', { width: 4000, height: 3000 }, '2483x1862'],
	['1K', undefined, '1024x1024'],
	['1K', { width: 4000, height: 1000 }, '2048x512'],
	['1.5K', { width: 512, height: 512 }, '1536x1536'],
	['2K', { width: 600, height: 2400 }, '1024x4096'],
])('layers at %s of the reference %j have a canvas of %s', (quality, reference, pixels) => {
	const body = { model: LAYERIZE, image_urls: ['https://example.com/1.png'], quality };
	expect(pixelsOf(evoLink.parseCreate(body, [], reference))).toBe(pixels);
});

function pixelsOf(parsed: ReturnType<typeof evoLink.parseCreate>): string {
	if ('error' in parsed) throw new Error(parsed.error.body.error.message);
	const { width, height } = parsed.value.pixels;
	return `${width}x${height}`;
}

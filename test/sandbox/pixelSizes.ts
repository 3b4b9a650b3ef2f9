export interface PixelSize {
	width: number;
	height: number;
}

/** https://docs.apimart.ai (Seedream 4.5), "完整像素映射表". All three providers use it here. */
const TABLES: Record<string, Record<string, string>> = {
	'2K': {
		'1:1': '2048x2048',
		'4:3': '2304x1728',
		'3:4': '1728x2304',
		'16:9': '2560x1440',
		'9:16': '1440x2560',
		'3:2': '2496x1664',
		'2:3': '1664x2496',
		'21:9': '3024x1296',
		'9:21': '1296x3024',
	},
	'4K': {
		'1:1': '4096x4096',
		'4:3': '4694x3520',
		'3:4': '3520x4694',
		'16:9': '5404x3040',
		'9:16': '3040x5404',
		'3:2': '4992x3328',
		'2:3': '3328x4992',
		'21:9': '6198x2656',
		'9:21': '2656x6198',
	},
};

const SQUARE_SIDES: Record<string, number> = { '1K': 1024, '2K': 2048, '4K': 4096 };

const SIDE_STEP = 16;

/** `2560x1440` as numbers; undefined if the text isn't a pixel size. */
export function parsePixelSize(text: string): PixelSize | undefined {
	const match = /^([1-9]\d{0,5})x([1-9]\d{0,5})$/.exec(text);
	return match === null ? undefined : { width: Number(match[1]), height: Number(match[2]) };
}

/**
 * The pixel size for an aspect ratio and a tier (1K, 2K, 4K). `auto` is a square. Sizes that the table doesn't have
 * (1K, 4:5, 5:4) get about the area of the tier's square, with sides that are multiples of 16.
 */
export function pixelsFor(ratio: string, tier: string): PixelSize {
	const aspectRatio = ratio === 'auto' ? '1:1' : ratio;
	const listed = parsePixelSize(TABLES[tier]?.[aspectRatio] ?? '');
	if (listed !== undefined) return listed;
	const [across = 1, down = 1] = aspectRatio.split(':').map(Number);
	const side = SQUARE_SIDES[tier] ?? 2048;
	return {
		width: toStep(side * Math.sqrt(across / down)),
		height: toStep(side * Math.sqrt(down / across)),
	};
}

function toStep(length: number): number {
	return Math.round(length / SIDE_STEP) * SIDE_STEP;
}

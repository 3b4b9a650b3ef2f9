export interface PixelSize {
	width: number;
	height: number;
}

/** By tier (1K, 2K …) and aspect ratio. Each size also stands for its ratio turned round. */
export type PixelTable = Record<string, Record<string, string>>;

/**
 * https://docs.apimart.ai (Seedream 4.5), "完整像素映射表". EvoLink's Seedream 4.0 and API in One publish no table and use
 * this one here.
 */
export const APIMART_PIXELS: PixelTable = {
	'2K': {
		'1:1': '2048x2048',
		'4:3': '2304x1728',
		'16:9': '2560x1440',
		'3:2': '2496x1664',
		'21:9': '3024x1296',
	},
	'4K': {
		'1:1': '4096x4096',
		'4:3': '4694x3520',
		'16:9': '5404x3040',
		'3:2': '4992x3328',
		'21:9': '6198x2656',
	},
};

/** EvoLink's Seedream 4.5 page, October 2026. */
export const EVOLINK_PIXELS: PixelTable = {
	'2K': {
		'1:1': '2048x2048',
		'2:3': '1664x2496',
		'3:4': '1728x2304',
		'4:5': '1792x2240',
		'16:9': '2848x1600',
		'21:9': '3136x1344',
	},
	'4K': {
		'1:1': '4096x4096',
		'2:3': '3328x4992',
		'3:4': '3520x4704',
		'4:5': '3584x4480',
		'16:9': '5504x3040',
		'21:9': '6240x2656',
	},
};

/** EvoLink's Seedream 5.0 Lite page, October 2026. The other tiers are those of 4.5. */
export const LITE_3K_PIXELS: PixelTable = {
	'3K': {
		'1:1': '3072x3072',
		'2:3': '2496x3744',
		'3:4': '2592x3456',
		'4:5': '2688x3360',
		'16:9': '4096x2304',
		'21:9': '4704x2016',
	},
};

/** Seedream 5.0 Flash and Pro at both EvoLink and APIMart, October 2026. */
export const FLASH_AND_PRO_PIXELS: PixelTable = {
	'1K': {
		'1:1': '1024x1024',
		'4:3': '1152x864',
		'16:9': '1312x736',
		'3:2': '1248x832',
		'2:1': '1440x720',
		'21:9': '1568x672',
	},
	'1.5K': {
		'1:1': '1536x1536',
		'4:3': '1792x1344',
		'16:9': '2048x1152',
		'3:2': '1872x1248',
		'2:1': '2176x1088',
		'21:9': '2352x1008',
	},
	'2K': {
		'1:1': '2048x2048',
		'4:3': '2304x1728',
		'16:9': '2560x1440',
		'3:2': '2496x1664',
		'2:1': '2880x1440',
		'21:9': '3024x1296',
	},
};

const SQUARE_SIDES: Record<string, number> = {
	'1K': 1024,
	'1.5K': 1536,
	'2K': 2048,
	'3K': 3072,
	'4K': 4096,
};

const SIDE_STEP = 16;

/** `2560x1440` as numbers; undefined if the text isn't a pixel size. */
export function parsePixelSize(text: string): PixelSize | undefined {
	const match = /^([1-9]\d{0,5})x([1-9]\d{0,5})$/.exec(text);
	return match === null ? undefined : { width: Number(match[1]), height: Number(match[2]) };
}

/**
 * The pixel size for an aspect ratio and a tier. `auto` is a square. Sizes that the table doesn't have get about the
 * area of the tier's square, with sides that are multiples of 16.
 */
export function pixelsFor(table: PixelTable, ratio: string, tier: string): PixelSize {
	const aspectRatio = ratio === 'auto' ? '1:1' : ratio;
	const [across = '1', down = '1'] = aspectRatio.split(':');
	const listed = parsePixelSize(table[tier]?.[aspectRatio] ?? '');
	if (listed !== undefined) return listed;
	const turned = parsePixelSize(table[tier]?.[`${down}:${across}`] ?? '');
	if (turned !== undefined) return { width: turned.height, height: turned.width };
	const side = squareSide(tier);
	const stretch = Math.sqrt(Number(across) / Number(down));
	return { width: toStep(side * stretch), height: toStep(side / stretch) };
}

/** The side of a tier's square in pixels. */
export function squareSide(tier: string): number {
	return SQUARE_SIDES[tier] ?? 2048;
}

export function areaOf({ width, height }: PixelSize): number {
	return width * height;
}

function toStep(length: number): number {
	return Math.round(length / SIDE_STEP) * SIDE_STEP;
}

const ENGLISH_NUMBERS = [
	'zero',
	'one',
	'two',
	'three',
	'four',
	'five',
	'six',
	'seven',
	'eight',
	'nine',
	'ten',
	'eleven',
	'twelve',
	'thirteen',
	'fourteen',
	'fifteen',
];

const CHINESE_DIGITS = '零一二三四五六七八九';

/** A number that isn't part of something else (4K, 16:9, 2.5), up to four words, then the noun. */
const ENGLISH_COUNT = new RegExp(
	`(?<![\\w:.,/×-])(\\d{1,2}|${ENGLISH_NUMBERS.slice(1).join('|')})\\s+(?:[\\w'-]+,?\\s+){0,4}?(?:images?|pictures?|variations?|versions?)\\b`,
	'gi',
);

/** EvoLink's Seedream 4.5 page: "生成2张不同的图片". 张 and 幅 are the measure words for images. */
const CHINESE_COUNT = /(?<!\d)(\d{1,2}|[一二两三四五六七八九十]{1,3})\s*[张張幅]/g;

/**
 * How many images the prompt asks for; undefined if it doesn't say. EvoLink's Seedream 4.5 page: "To generate multiple
 * images, include prompts like: 'generate 2 different images'". The largest number counts.
 */
export function imageCountInPrompt(prompt: string): number | undefined {
	const counts = [
		...[...prompt.matchAll(ENGLISH_COUNT)].map((match) => englishNumber(match[1] ?? '')),
		...[...prompt.matchAll(CHINESE_COUNT)].map((match) => chineseNumber(match[1] ?? '')),
	];
	return counts.length === 0 ? undefined : Math.max(...counts);
}

function englishNumber(text: string): number {
	return /^\d+$/.test(text) ? Number(text) : ENGLISH_NUMBERS.indexOf(text.toLowerCase());
}

function chineseNumber(text: string): number {
	if (/^\d+$/.test(text)) return Number(text);
	const digit = (sign: string): number => CHINESE_DIGITS.indexOf(sign.replace('两', '二'));
	const ten = text.indexOf('十');
	if (ten === -1) return digit(text.slice(-1));
	const tens = ten === 0 ? 1 : digit(text.slice(0, ten));
	const ones = ten === text.length - 1 ? 0 : digit(text.slice(ten + 1));
	return tens * 10 + ones;
}

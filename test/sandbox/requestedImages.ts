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

/** A number not glued to something else (4K, 16:9, 2.5), up to four words, then what is counted. */
const ENGLISH_REQUEST = new RegExp(
	`(?<![\\w:.,/×-])(\\d{1,2}|${ENGLISH_NUMBERS.slice(1).join('|')})\\s+(?:[\\w'-]+,?\\s+){0,4}?(?:images?|pictures?|variations?|versions?)\\b`,
	'gi',
);

/** Seeds 000 and 002: "生成2张不同的图片"; 张 and 幅 count pictures. */
const CHINESE_REQUEST = /(?<!\d)(\d{1,2}|[一二两三四五六七八九十]{1,3})\s*[张張幅]/g;

/**
 * How many images the prompt itself asks for; undefined when it asks for no number. Seeds 000 and 002: "To
 * generate multiple images, include prompts like: 'generate 2 different images'". The largest number counts.
 */
export function requestedImages(prompt: string): number | undefined {
	const asked = [
		...[...prompt.matchAll(ENGLISH_REQUEST)].map((match) => englishNumber(match[1] ?? '')),
		...[...prompt.matchAll(CHINESE_REQUEST)].map((match) => chineseNumber(match[1] ?? '')),
	];
	return asked.length === 0 ? undefined : Math.max(...asked);
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

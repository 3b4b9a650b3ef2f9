import {
	cellText,
	isBlank,
	normalizeCell,
	stripInvisibleEnds,
} from '../../../../nodes/Seedream/request/cells';

/** By name, for a failure that can be read. */
const INVISIBLE: Array<[string, string]> = [
	['zero-width space', '\u200b'],
	['word joiner', '\u2060'],
	['byte order mark', '\ufeff'],
	['soft hyphen', '\u00ad'],
	['Hangul filler', '\u3164'],
	['half-width Hangul filler', '\uffa0'],
	['blank of Braille', '\u2800'],
	['variation selector', '\ufe0f'],
	['zero-width joiner', '\u200d'],
	['zero-width non-joiner', '\u200c'],
	['left-to-right mark', '\u200e'],
	['right-to-left override', '\u202e'],
	['isolate', '\u2068'],
	['invisible times', '\u2062'],
	['combining grapheme joiner', '\u034f'],
	['Mongolian vowel separator', '\u180e'],
	['object replacement', '\ufffc'],
	['null', '\u0000'],
	['delete', '\u007f'],
	['tag space', '\u{e0020}'],
];

describe.each(INVISIBLE)('the invisible character %s', (_name, sign) => {
	it('is trimmed from a cell, in any mixture with white space', () => {
		expect(cellText(`${sign} \n4K${sign}\u3000${sign}`)).toBe('4K');
		expect(normalizeCell(`${sign}4${sign} k${sign}`)).toBe('4k');
		expect(stripInvisibleEnds(`${sign}\n a lake ${sign} ${sign}`)).toBe('\n a lake  ');
	});

	it('counts as blank', () => {
		expect(isBlank(sign)).toBe(true);
		expect(isBlank(` ${sign}\u00a0${sign}`)).toBe(true);
	});

	it('stays inside a text to send', () => {
		expect(stripInvisibleEnds(`a${sign}b`)).toBe(`a${sign}b`);
		expect(cellText(`a${sign}b`)).toBe(`a${sign}b`);
	});
});

it.each(['❤\ufe0f', '🏴\u{e0067}\u{e0062}\u{e0065}\u{e007f}', '葛\u{e0100}', 'e\u0301', '👩‍🚀'])(
	'what belongs to the last character of a prompt stays: %s',
	(text) => {
		expect(stripInvisibleEnds(`${text}\u200b`)).toBe(text);
	},
);

it('a cell with much white space inside is read in no time', () => {
	const text = `a${' '.repeat(300_000)}b`;
	const begun = performance.now();
	expect(cellText(` ${text} `)).toBe(text);
	expect(stripInvisibleEnds(`\u200b${text} `)).toBe(`${text} `);
	expect(performance.now() - begun).toBeLessThan(2000);
});

it.each([undefined, null, '', ' ', [], ['', null], [[]]])('the cell %j is blank', (value) => {
	expect(isBlank(value)).toBe(true);
});

it.each([0, false, 'a', {}, ['a'], [0]])('the cell %j is not blank', (value) => {
	expect(isBlank(value)).toBe(false);
});

import { readFileSync } from 'node:fs';

import { ERROR_CODES } from '../../../nodes/Seedream/errors/errorCodes';
import { MEANING_MESSAGES } from '../../../nodes/Seedream/errors/errorMessages';
import { chinese } from '../../../scripts/chinese';
import { tableNamesIn, tables, updateTables } from '../../../scripts/generatedTables';
import { english, inChinese, sentencesOf } from '../../../scripts/language';
import { pages } from '../../../scripts/pages';

/** The width of a table's columns is the formatter's business. */
const unpadded = (markdown: string) => markdown.replace(/ {2,}/g, ' ').replace(/-{3,}/g, '---');

it.each(pages)(
	'$path shows the models, fields and errors that the code uses; `npm run readme` brings it up to date',
	({ path, language }) => {
		const text = readFileSync(path, 'utf8');
		expect(unpadded(updateTables(text, language))).toBe(unpadded(text));
	},
);

it('every generated table is in exactly one page of each language', () => {
	const english = pages.filter(({ path }) => !path.includes('zh-CN'));
	const chinese = pages.filter(({ path }) => path.includes('zh-CN'));
	for (const files of [english, chinese]) {
		const names = files.flatMap(({ path }) => tableNamesIn(readFileSync(path, 'utf8')));
		expect(names.sort()).toEqual(Object.keys(tables).sort());
	}
});

describe('the table of the codes that override the HTTP status', () => {
	const rows = tables.meaningErrors?.(english).split('\n').slice(2) ?? [];
	const codesIn = (text: string) => [...text.matchAll(/`(\w+)`/g)].map(([, code]) => code);
	const chargedFor = (code: string) =>
		rows.flatMap((row) => (codesIn(row).includes(code) ? [row.split(' | ').at(-1)] : []));

	it('has every code that the node knows, each of them once', () => {
		const codes = Object.values(ERROR_CODES).flat();
		expect(codes).toContain('paid_outcome_unknown');
		expect(codesIn(rows.join('\n')).sort()).toEqual([...codes].sort());
	});

	it('has a row for every meaning', () => {
		expect(rows).toHaveLength(Object.keys(MEANING_MESSAGES).length);
	});

	it.each([
		['paid_outcome_unknown', 'unknown'],
		['idempotency_result_indeterminate', 'unknown'],
		['idempotency_conflict', 'unknown'],
		['idempotency_unavailable', 'no'],
		['content_filter', 'no'],
	])('says of %s whether it was charged: %s', (code, charged) => {
		expect(chargedFor(code)).toEqual([`${charged} |`]);
	});
});

describe('the Chinese of the tables', () => {
	it('is there for every text of the nodes, and holds none that they no longer have', () => {
		const used = new Set<string>();
		const language = inChinese(chinese, (text) => used.add(text));
		for (const make of Object.values(tables)) make(language);
		const known = Object.keys({ ...chinese.texts, ...chinese.labels });
		expect(known.filter((text) => !used.has(text))).toEqual([]);
	});

	it('keeps the values of the English, and fills them in where its own words want them', () => {
		const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
		for (const [source, translated] of Object.entries(chinese.texts)) {
			expect({ source, places: places(translated) }).toEqual({ source, places: places(source) });
		}
	});

	it('names the text that has none', () => {
		expect(() => inChinese(chinese).translate('A new hint')).toThrow(
			'scripts/chinese.ts has no Chinese for "A new hint"',
		);
	});
});

describe('sentences', () => {
	it.each([
		['One. Two', ['One', 'Two']],
		['Several, e.g. "three". You pay for each.', ['Several, e.g. "three"', 'You pay for each']],
		['0 leaves it to the node. 16:9 is fine.', ['0 leaves it to the node', '16:9 is fine']],
		['', []],
	])('of %j', (text, sentences) => {
		expect(sentencesOf(text)).toEqual(sentences);
	});

	it('end with a full stop, with or without one in the source', () => {
		expect(english.sentences(['One.', 'Two'])).toBe('One. Two.');
	});
});

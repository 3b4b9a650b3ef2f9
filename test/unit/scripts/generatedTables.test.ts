import { readFileSync } from 'node:fs';

import { ERROR_CODES } from '../../../nodes/Seedream/errors/errorCodes';
import { MEANING_MESSAGES } from '../../../nodes/Seedream/errors/errorMessages';
import { providers } from '../../../nodes/Seedream/providers';
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

describe('the tables of the models', () => {
	const cellsIn = (table = '') =>
		table
			.split('\n')
			.slice(2)
			.map((row) => row.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')));
	const overview = cellsIn(tables.models?.(english));
	const priceOf = (provider: string, model: string) =>
		overview.find(([first, second]) => first === provider && second === model)?.at(-1);

	it('have a row for every model', () => {
		expect(overview.map(([provider, model]) => `${provider} ${model}`)).toEqual(
			providers.flatMap(({ label, models }) => models.map((model) => `${label} ${model.label}`)),
		);
	});

	it.each([
		['EvoLink', 'Seedream 4.5', '2.04 credits ($0.03)'],
		['APIMart', 'Seedream 4.5', '$0.026 (0.26 credits)'],
		['API in One', 'Seedream 4.5 Edit', '12 credits ($0.12)'],
		[
			'EvoLink',
			'Seedream 5.0 Pro',
			'1K · 1.5K: 2.295 credits ($0.03375)<br>2K, or more than 2,610,000 pixels: 4.59 credits ($0.0675)<br>plus 0.153 credits ($0.00225) per reference image',
		],
		[
			'EvoLink',
			'Seedream 5.0 Lite',
			'1.904 credits ($0.028)<br>plus 0.04 credits ($0.00059) per web search',
		],
		[
			'EvoLink',
			'Seedream 5.0 Pro Layers',
			'1K · 1.5K: 1.224 credits ($0.018) per layer, up to 17<br>2K: 2.448 credits ($0.036) per layer, up to 17<br>plus 0.1632 credits ($0.0024) per task<br>at most 41.7792 credits ($0.6144) per row',
		],
	])('give the price of %s %s in credits and in US dollars', (provider, model, price) => {
		expect(priceOf(provider, model)).toBe(price);
	});

	it.each([
		['**Number of Images**', ['5.0 Lite, 4.5, 4.0: 1 to 15', '5.0 Lite, 4.5, 4.0: 1 to 15', '–']],
		['**Web Search**', ['5.0 Lite: on or off; off by default', '–', '–']],
	])('name the models that have %s, and group those that are the same', (field, cells) => {
		const row = cellsIn(tables.fields?.(english)).find(([name]) => name === field);
		expect(row?.slice(1)).toEqual(cells);
	});

	it('say what a new node starts with, and what each prompt is for', () => {
		const panel = cellsIn(tables.generate?.(english));
		const cells = (field: string) => panel.find(([name]) => name === field) ?? [];
		expect(cells('**Model**')[1]).toBe(
			'see the table for the model<br>default for EvoLink, APIMart: **Seedream 5.0 Lite**<br>default for API in One: **Automatic**',
		);
		expect(cells('**Prompt**')[2]).toMatch(
			/^Describe the image, .*<br>\*\*EvoLink \(5\.0 Pro Layers, 5\.0 Flash Layers\)\*\*: Describe how to split/,
		);
	});
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

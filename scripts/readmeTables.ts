import { chinese } from './chinese';
import { createErrors, meaningErrors, ownErrors, taskErrors, uploadErrors } from './errorTables';
import { credentialTable, generateCollection, generatePanel, taskStatusPanel } from './fieldTables';
import { english, inChinese, type Language } from './language';
import { fieldsAtAGlance, modelsAtAGlance, modelTables } from './modelTables';

/** The tables made from what the code uses, by the name of the place they stand in. */
export const tables: Readonly<Record<string, (language: Language) => string>> = {
	models: modelsAtAGlance,
	fields: fieldsAtAGlance,
	generate: generatePanel,
	additionalFields: generateCollection('additionalFields'),
	options: generateCollection('options'),
	taskStatus: taskStatusPanel,
	modelFields: modelTables,
	credentials: credentialTable,
	ownErrors,
	meaningErrors,
	createErrors,
	uploadErrors,
	taskErrors,
};

/** Each document and its Chinese. The README's is no neighbour of it: npm might show that one instead. */
export const translations = [
	['README.md', 'docs/README.zh-CN.md'],
	['docs/parameters.md', 'docs/parameters.zh-CN.md'],
	['docs/errors.md', 'docs/errors.zh-CN.md'],
] as const;

/** The documents that hold the tables; every table stands in one document of each language. */
export const documents = translations.flatMap(([inEnglish, translated]) => [
	{ path: inEnglish, language: english },
	{ path: translated, language: inChinese(chinese) },
]);

const PLACE = /<!-- (\w+):start -->[^]*?<!-- \1:end -->/g;

/** The names of the places for tables in `text`. */
export function placesIn(text: string): string[] {
	return [...text.matchAll(PLACE)].map(([, name = '']) => name);
}

/** `text` with every table made anew between its two marks. */
export function withTables(text: string, language: Language): string {
	return text.replace(PLACE, (_place, name: string) => {
		const make = tables[name];
		if (!make) throw new Error(`There is no table "${name}"`);
		return `<!-- ${name}:start -->\n\n${make(language)}\n\n<!-- ${name}:end -->`;
	});
}

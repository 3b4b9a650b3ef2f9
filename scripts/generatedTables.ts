import { createErrors, meaningErrors, ownErrors, taskErrors, uploadErrors } from './errorTables';
import {
	credentialTable,
	generateCollection,
	generatePanel,
	taskStatusPanel,
	triggerPanel,
} from './fieldTables';
import type { Language } from './language';
import { fieldOverview, modelOverview, modelTables } from './modelTables';

/** The tables that are generated from the code, by the name of their markers. */
export const tables: Readonly<Record<string, (language: Language) => string>> = {
	models: modelOverview,
	fields: fieldOverview,
	generate: generatePanel,
	additionalFields: generateCollection('additionalFields'),
	options: generateCollection('options'),
	taskStatus: taskStatusPanel,
	trigger: triggerPanel,
	modelFields: modelTables,
	credentials: credentialTable,
	ownErrors,
	meaningErrors,
	createErrors,
	uploadErrors,
	taskErrors,
};

const BETWEEN_MARKERS = /<!-- (\w+):start -->[^]*?<!-- \1:end -->/g;

/** The names of the tables in `markdown`. */
export function tableNamesIn(markdown: string): string[] {
	return [...markdown.matchAll(BETWEEN_MARKERS)].map(([, name = '']) => name);
}

/** `markdown` with every table generated again between its markers. */
export function updateTables(markdown: string, language: Language): string {
	return markdown.replace(BETWEEN_MARKERS, (_old, name: string) => {
		const generate = tables[name];
		if (!generate) throw new Error(`There is no table "${name}"`);
		return `<!-- ${name}:start -->\n\n${generate(language)}\n\n<!-- ${name}:end -->`;
	});
}

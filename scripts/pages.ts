import { chinese } from './chinese';
import { english, inChinese } from './language';

/**
 * Each page and its Chinese translation. The Chinese README isn't next to the English one: npm might
 * show it instead.
 */
export const translations = [
	['README.md', 'docs/README.zh-CN.md'],
	['docs/install.md', 'docs/install.zh-CN.md'],
	['docs/callbacks.md', 'docs/callbacks.zh-CN.md'],
	['docs/queue-mode.md', 'docs/queue-mode.zh-CN.md'],
	['docs/recipes.md', 'docs/recipes.zh-CN.md'],
	['docs/costs.md', 'docs/costs.zh-CN.md'],
	['docs/errors.md', 'docs/errors.zh-CN.md'],
	['docs/limits.md', 'docs/limits.zh-CN.md'],
	['docs/parameters.md', 'docs/parameters.zh-CN.md'],
	['docs/privacy.md', 'docs/privacy.zh-CN.md'],
	['docs/versions.md', 'docs/versions.zh-CN.md'],
	['docs/sandbox.md', 'docs/sandbox.zh-CN.md'],
] as const;

/** The pages that may contain generated tables. */
export const pages = translations.flatMap(([inEnglish, translated]) => [
	{ path: inEnglish, language: english },
	{ path: translated, language: inChinese(chinese) },
]);

import { readFileSync } from 'node:fs';

import { withTables } from '../../../scripts/readmeTables';

/** The width of a table's columns is the formatter's business. */
const unpadded = (markdown: string) => markdown.replace(/ {2,}/g, ' ').replace(/-{3,}/g, '---');

it('the README shows the limits and errors that the code uses; `npm run readme` brings it up to date', () => {
	const readme = readFileSync('README.md', 'utf8');
	expect(unpadded(withTables(readme))).toBe(unpadded(readme));
});

import { readFileSync, writeFileSync } from 'node:fs';

import { updateTables } from './generatedTables';
import { pages } from './pages';

for (const { path, language } of pages) {
	writeFileSync(path, updateTables(readFileSync(path, 'utf8'), language));
}

import { readFileSync, writeFileSync } from 'node:fs';

import { documents, withTables } from './readmeTables';

for (const { path, language } of documents) {
	writeFileSync(path, withTables(readFileSync(path, 'utf8'), language));
}

import { readFileSync, writeFileSync } from 'node:fs';

import { withTables } from './readmeTables';

writeFileSync('README.md', withTables(readFileSync('README.md', 'utf8')));

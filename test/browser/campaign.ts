import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';

import type { Row } from './workflows';

export const CAMPAIGN_FILE = join(__dirname, 'campaign.csv');

/** Rows of all three providers. */
export const CAMPAIGN: readonly Row[] = parse(readFileSync(CAMPAIGN_FILE), { columns: true });

import {
	waitsForRetryAfter,
	failsOnlyForAReason,
	endsByItsDeadlines,
	sendsNothingOnceStopped,
} from './completion';
import {
	chargesNoRowTwice,
	givesNoTaskToTwoRows,
	namesEveryTask,
	saysNotChargedOnlyWhereTrue,
} from './money';
import { givesEachRowItsImages, accountsForEachRow } from './output';
import {
	keepsIdempotencyKeys,
	warnsOfPossibleDoubleCharges,
	resendsNoUnconfirmedCreate,
} from './resending';
import { keepsApiKeysSecret, downloadsWithoutApiKey } from './secrets';
import type { Invariant } from './traceQueries';
import { reportsUnconfirmedCreates } from './unconfirmed';

export const INVARIANTS: Record<string, Invariant> = {
	'never charges a row twice': chargesNoRowTwice,
	'never gives a task to two rows': givesNoTaskToTwoRows,
	'names every task that was created': namesEveryTask,
	'reports unconfirmed create requests': reportsUnconfirmedCreates,
	'warns where it may have been charged twice': warnsOfPossibleDoubleCharges,
	'never repeats an unconfirmed create request without idempotency': resendsNoUnconfirmedCreate,
	'keeps the Idempotency-Key of every row': keepsIdempotencyKeys,
	'only says that nothing was charged if that is true': saysNotChargedOnlyWhereTrue,
	'returns the images of every row, complete and in order': givesEachRowItsImages,
	'accounts for every row': accountsForEachRow,
	'fails a row only for a reason': failsOnlyForAReason,
	'ends by its timeouts': endsByItsDeadlines,
	'never retries before Retry-After': waitsForRetryAfter,
	'sends nothing once it is stopped': sendsNothingOnceStopped,
	'keeps API keys secret': keepsApiKeysSecret,
	'downloads images without the API key': downloadsWithoutApiKey,
};

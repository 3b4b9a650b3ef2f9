import { keepsItsKeys, saysWhereItMayHavePaidTwice, sendsNoLostCreateAgain } from './again';
import {
	comesBackNoEarlierThanTold,
	givesUpOnlyForAReason,
	endsByItsDeadlines,
	isSilentOnceStopped,
} from './endings';
import type { Invariant } from './facts';
import {
	chargesNoRowTwice,
	givesNoTaskToTwoRows,
	namesEveryTask,
	saysNotChargedOnlyWhereTrue,
} from './money';
import { givesEachRowItsImages, accountsForEachRow } from './output';
import { keepsTheKeysSecret, fetchesLinksWithoutTheKey } from './secrets';
import { saysWhatItCannotKnow } from './unknown';

export const INVARIANTS: Record<string, Invariant> = {
	'charges no row twice': chargesNoRowTwice,
	'gives no task to two rows': givesNoTaskToTwoRows,
	'names every task that was made': namesEveryTask,
	'says what it cannot know': saysWhatItCannotKnow,
	'says where it may have paid twice': saysWhereItMayHavePaidTwice,
	'sends no lost create again': sendsNoLostCreateAgain,
	'keeps its keys': keepsItsKeys,
	'says that nothing was charged only where that is true': saysNotChargedOnlyWhereTrue,
	'gives each row its own images, whole and in order': givesEachRowItsImages,
	'accounts for each row': accountsForEachRow,
	'gives up only for a reason': givesUpOnlyForAReason,
	'ends by its deadlines': endsByItsDeadlines,
	'comes back no earlier than it is told': comesBackNoEarlierThanTold,
	'is silent once it is stopped': isSilentOnceStopped,
	'keeps the keys secret': keepsTheKeysSecret,
	'fetches links without the key': fetchesLinksWithoutTheKey,
};

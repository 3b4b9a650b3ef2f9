import {
	batchTooExpensive,
	budgetReached,
	unknownPrice,
} from '../../../../nodes/Seedream/errors/costFailures';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';

/** As users read them. */

const BATCH = { limitUsd: 1, spentUsd: 0, rowsUsd: 3.24, rows: 100, fitting: 30 };

it('a batch that is too expensive names both sums and how many rows fit', () => {
	expect(batchTooExpensive(BATCH)).toMatchObject({
		message: "The images may cost up to $3.24, but 'Maximum Cost (USD)' is $1.00",
		description:
			"30 of 100 rows would fit. Raise 'Maximum Cost (USD)', or use fewer rows. To generate as many rows as fit, set 'On Error' to Continue. You weren't charged.",
		code: 'budget_reached',
		charged: 'no',
	});
});

it('a batch that is too expensive names what was spent before', () => {
	expect(batchTooExpensive({ ...BATCH, spentUsd: 0.0162 }).message).toBe(
		"The images may cost up to $3.24, in addition to $0.016 so far, but 'Maximum Cost (USD)' is $1.00",
	);
});

it('a row that no longer fits names its cost, what was spent, and the maximum', () => {
	expect(budgetReached(evoLink, 0.0331, 1234.5, 1234.51)).toMatchObject({
		message:
			"This row may cost up to $0.033, which is too much: the execution costs $1,234.50 so far, and 'Maximum Cost (USD)' is $1,234.51",
		description:
			"Raise 'Maximum Cost (USD)', or run the row again in another execution. You weren't charged.",
		charged: 'no',
		provider: 'evoLink',
	});
});

it('a row that no longer fits may have been charged for an earlier create', () => {
	expect(budgetReached(evoLink, 0.03, 1, 1, 'unknown')).toMatchObject({
		description: expect.stringMatching(/The node can't tell whether you were charged\.$/) as string,
		charged: 'unknown',
	});
});

it('a model whose price is not known is named', () => {
	expect(unknownPrice('seedream-9')).toBe(
		"'Maximum Cost (USD)' doesn't work with seedream-9, because its price isn't known. Choose another model, or set 'Maximum Cost (USD)' to 0",
	);
});

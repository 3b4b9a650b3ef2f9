import type { OutputItem } from './taskItems';

const MAX_WARNINGS = 5;

/** Warnings about double charges and missing images, once per row. */
export function warningLines(items: ReadonlyArray<OutputItem<unknown>>): string[] {
	const warnings = new Set(
		items.flatMap(({ json: { warning }, pairedItem }) =>
			typeof warning === 'string' ? [`Row ${pairedItem.item + 1}: ${warning}.`] : [],
		),
	);
	const rest = warnings.size - MAX_WARNINGS;
	const more = rest > 0 ? [`… and ${rest} more like these.`] : [];
	return [...[...warnings].slice(0, MAX_WARNINGS), ...more];
}

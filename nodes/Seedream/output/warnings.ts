import type { INodeExecutionData } from 'n8n-workflow';

const MOST_WARNINGS = 5;

/** What may have cost money twice, or has not come, said once a row. */
export function warningLines(items: readonly INodeExecutionData[]): string[] {
	const warnings = new Set(
		items.flatMap(({ json: { warning }, pairedItem }) =>
			typeof warning === 'string' ? [`Row ${inputRow(pairedItem)}: ${warning}.`] : [],
		),
	);
	const rest = warnings.size - MOST_WARNINGS;
	const more = rest > 0 ? [`… and ${rest} more like these.`] : [];
	return [...[...warnings].slice(0, MOST_WARNINGS), ...more];
}

/** As people count. */
function inputRow(pairedItem: INodeExecutionData['pairedItem']): number {
	return (typeof pairedItem === 'object' && 'item' in pairedItem ? pairedItem.item : 0) + 1;
}

import { providers } from '../providers';

/** What stands below a node on the canvas: labels, for the values alone would be cut off. */

const providerLabels = Object.fromEntries(providers.map(({ id, label }) => [id, label]));

const modelLabels = Object.fromEntries([
	...providers.flatMap(({ models }) => models.map(({ id, label }) => [id, label])),
	['auto', 'Automatic'],
	['custom', 'Custom'],
]);

const provider = labelOf('provider', providerLabels);

export const taskStatusSubtitle = `={{ ${provider} }}`;

export const generateSubtitle = `={{ ${provider} + ": " + ${labelOf('model', modelLabels)} }}`;

/** An expression for the label of a field's value, or for a value that has none. */
function labelOf(field: string, labels: Record<string, string>): string {
	const value = `$parameter["${field}"]`;
	return `((${JSON.stringify(labels)})[${value}] ?? ${value})`;
}

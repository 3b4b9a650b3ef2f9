import { providers } from '../providers';

/** The text below a node on the canvas. It shows labels, because n8n cuts off the longer values. */

const providerLabels = Object.fromEntries(providers.map(({ id, label }) => [id, label]));

const modelLabels = Object.fromEntries([
	...providers.flatMap(({ models }) => models.map(({ id, label }) => [id, label])),
	['auto', 'Automatic'],
	['custom', 'Custom'],
]);

const provider = labelOf('provider', providerLabels);

export const providerSubtitle = `={{ ${provider} }}`;

export const generateSubtitle = `={{ ${provider} + ": " + ${labelOf('model', modelLabels)} }}`;

/** An expression for the label of a field's value, or for the value itself if it has no label. */
function labelOf(field: string, labels: Record<string, string>): string {
	const value = `$parameter["${field}"]`;
	return `((${JSON.stringify(labels)})[${value}] ?? ${value})`;
}

import type { Row } from './workflows';

/** Rows of all three gateways. */
export const CAMPAIGN: readonly Row[] = [
	{
		name: 'lake-hero',
		provider: 'evoLink',
		model: 'doubao-seedream-4.5',
		prompt: 'A serene mountain lake at sunrise, perfect reflections',
		aspect_ratio: '16:9',
	},
	{
		name: 'coffee-story',
		provider: 'evoLink',
		model: 'doubao-seedream-4.0',
		prompt: 'A paper coffee cup on a train table, rain on the window',
		aspect_ratio: '4:5',
	},
	{
		name: 'oranges-banner',
		provider: 'apiMart',
		model: 'doubao-seedance-4-5',
		prompt: 'Fresh oranges on blue tiles, hard light',
		aspect_ratio: '3:2',
	},
	{
		name: 'skyline-wide',
		provider: 'apiMart',
		model: 'doubao-seedance-4-5',
		prompt: 'Night skyline with neon signs after the rain',
		aspect_ratio: '21:9',
	},
	{
		name: 'sneaker-shop',
		provider: 'apiInOne',
		model: 'auto',
		prompt: 'A white sneaker floating above a mint background',
		aspect_ratio: '4:3',
	},
	{
		name: 'handbag-catalogue',
		provider: 'apiInOne',
		model: 'auto',
		prompt: 'A leather handbag on a marble table, soft morning light',
		aspect_ratio: '3:4',
	},
];

export function toCsv(rows: readonly Row[]): string {
	const columns = Object.keys(rows[0] ?? {});
	const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
	const lines = rows.map((row) => columns.map((column) => quoted(row[column] ?? '')).join(','));
	return [columns.join(','), ...lines].join('\n');
}

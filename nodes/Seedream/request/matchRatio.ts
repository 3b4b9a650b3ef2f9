/** Separators in a ratio that NFKC doesn't convert to a colon. */
const RATIO_SEPARATOR = '[:/∶ː˸꞉⁄∕÷\\-‐‑‒–—−x×*]';
const RATIO = new RegExp(`^(\\d{1,3})${RATIO_SEPARATOR}(\\d{1,3})$`, 'u');
/** What spreadsheets turn "16:9" into when they take it for a time, e.g. "16:09:00". */
const TIME_OF_DAY = /^(\d{1,2}):(\d{2})(?::00(?:\.0+)?)?([ap]\.?m\.?)?$/;

/**
 * Finds the option for a ratio with another separator, or one that a spreadsheet turned into a time.
 * `text` must come from `normalizeCell`. Dates and fractions are ambiguous, so they don't match.
 */
export function matchRatio(text: string, options: readonly string[]): string | undefined {
	const [, width, height] = RATIO.exec(text) ?? [];
	const ratio = width !== undefined ? ratioOf(Number(width), Number(height)) : timeAsRatio(text);
	return options.find((option) => option === ratio);
}

function timeAsRatio(text: string): string | undefined {
	const [, hours, minutes, meridiem] = TIME_OF_DAY.exec(text) ?? [];
	if (hours === undefined) return undefined;
	if (meridiem === undefined) return ratioOf(Number(hours), Number(minutes));
	if (Number(hours) < 1 || Number(hours) > 12) return undefined;
	return ratioOf((Number(hours) % 12) + (meridiem.startsWith('p') ? 12 : 0), Number(minutes));
}

function ratioOf(width: number, height: number): string {
	return `${width}:${height}`;
}

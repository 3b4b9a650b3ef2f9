/** The signs between the sides of a ratio that NFKC does not make a colon of. */
const BETWEEN_SIDES = '[:/∶ː˸꞉⁄∕÷\\-‐‑‒–—−x×*]';
const SIDES = new RegExp(`^(\\d{1,3})${BETWEEN_SIDES}(\\d{1,3})$`, 'u');
/** Hours, minutes and no seconds, as a sheet writes "16:9" when it takes it for a time of day. */
const TIME_OF_DAY = /^(\d{1,2}):(\d{2})(?::00(?:\.0+)?)?([ap]\.?m\.?)?$/;

/**
 * The option that a cell means, written with another sign or made a time of day by a spreadsheet.
 * `text` as `normalizeCell` leaves it. Only what can be nothing else: a date or a fraction is not read.
 */
export function matchRatio(text: string, options: readonly string[]): string | undefined {
	const [, width, height] = SIDES.exec(text) ?? [];
	const ratio = width !== undefined ? sides(Number(width), Number(height)) : timeAsRatio(text);
	return options.find((option) => option === ratio);
}

function timeAsRatio(text: string): string | undefined {
	const [, hours, minutes, half] = TIME_OF_DAY.exec(text) ?? [];
	if (hours === undefined) return undefined;
	if (half === undefined) return sides(Number(hours), Number(minutes));
	if (Number(hours) < 1 || Number(hours) > 12) return undefined;
	return sides((Number(hours) % 12) + (half.startsWith('p') ? 12 : 0), Number(minutes));
}

function sides(width: number, height: number): string {
	return `${width}:${height}`;
}

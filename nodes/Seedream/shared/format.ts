/** "1 image", "2 images". */
export function pluralize(count: number, noun: string): string {
	return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** 3686400 as 3,686,400. (The first call of `toLocaleString` takes longer than loading the package.) */
export function formatNumber(number: number): string {
	return String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** "$4.02", "$1,204.50"; below a dollar with two significant digits, such as "$0.014". */
export function formatUsd(usd: number): string {
	const amount = Math.abs(usd);
	const isSmall = amount > 0 && amount < 1;
	const digits = isSmall ? Math.max(2, 1 - Math.floor(Math.log10(amount))) : 2;
	const text = amount.toFixed(digits).replace(/(\.\d\d\d*?)0+$/, '$1');
	const [whole, cents] = text.split('.');
	return `${usd < 0 ? '-' : ''}$${formatNumber(Number(whole))}.${cents}`;
}

/** "a", "a and b", "a, b and c". */
export function joinWithAnd(parts: readonly string[]): string {
	const last = parts.at(-1) ?? '';
	return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}

/** For places where n8n renders HTML: text from providers and users must not become markup. */
export function escapeHtml(text: string): string {
	return text
		.replace(/&(?=#?\w+;)/g, '&amp;')
		.replaceAll('<', '&lt;')
		.replaceAll('>', '&gt;');
}

/** Rounded up, so that a file just over a limit doesn't look like one within it. */
export function formatMegabytes(bytes: number): string {
	return `${Math.ceil((bytes / (1024 * 1024)) * 10) / 10} MB`;
}

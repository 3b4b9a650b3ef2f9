/** "1 image", "2 images". */
export function pluralize(count: number, noun: string): string {
	return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** 3686400 as 3,686,400. (The first call of `toLocaleString` takes longer than loading the package.) */
export function formatNumber(number: number): string {
	return String(number).replace(/\B(?=(\d{3})+$)/g, ',');
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

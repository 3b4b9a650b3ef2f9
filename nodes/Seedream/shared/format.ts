/** "1 image", "2 images". */
export function pluralize(count: number, noun: string): string {
	return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** 3686400 as 3,686,400. (The first use of `toLocaleString` would take longer than loading all else.) */
export function formatNumber(number: number): string {
	return String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** For where n8n shows HTML: of what a provider or a user wrote, nothing is markup. */
export function escapeHtml(text: string): string {
	return text
		.replace(/&(?=#?\w+;)/g, '&amp;')
		.replaceAll('<', '&lt;')
		.replaceAll('>', '&gt;');
}

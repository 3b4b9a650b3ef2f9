/** A table in Markdown; its columns are aligned by the formatter. */
export function table(head: readonly string[], rows: readonly string[][]): string {
	const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
	return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export function code(text: string | number): string {
	return `\`${text}\``;
}

export function bold(text: string): string {
	return `**${text}**`;
}

/** Several lines in one cell. */
export function lines(...parts: readonly string[]): string {
	return parts.filter((part) => part !== '').join('<br>');
}

function cell(text: string): string {
	return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

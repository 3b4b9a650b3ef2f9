import type { RawRow } from '../../../../nodes/Seedream/request/checkRequest';

/** A row as n8n hands it over: everything left alone except a prompt and `fields`. */
export function rawRow(fields: Partial<RawRow> = {}): RawRow {
	return {
		model: '',
		customModel: '',
		prompt: 'A quiet lake at sunrise',
		imageUrls: '',
		imageFiles: [],
		width: '',
		height: '',
		parameters: {},
		askForCount: undefined,
		sendBinaryAs: undefined,
		extraBody: undefined,
		...fields,
	};
}

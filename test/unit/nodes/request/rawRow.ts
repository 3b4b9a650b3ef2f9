import { NODE_VERSIONS } from '../../../../nodes/Seedream/providers/provider';
import type { RawRow } from '../../../../nodes/Seedream/request/checkRequest';

/** A row of a new node as n8n provides it: everything has its default except a prompt and `fields`. */
export function rawRow(fields: Partial<RawRow> = {}): RawRow {
	return {
		nodeVersion: NODE_VERSIONS[1],
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
		callbackData: undefined,
		...fields,
	};
}

import { randomUUID } from 'crypto';

import type { FileUpload } from '../images/fileUpload';

/** A multipart body with the part `file`; its length is known before the file is read. */
export function multipart({ fileName, fields = {}, mimeType, bytes, content }: FileUpload) {
	const boundary = `seedream-${randomUUID()}`;
	const texts = Object.entries(fields).map(
		([name, value]) =>
			`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
	);
	const head = Buffer.from(
		`${texts.join('')}--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${fileName}"\r\nContent-Type: ${mimeType}\r\n\r\n`,
	);
	const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
	return {
		body: content.framed(head, tail),
		headers: {
			'Content-Type': `multipart/form-data; boundary=${boundary}`,
			'Content-Length': head.length + bytes + tail.length,
		},
	};
}

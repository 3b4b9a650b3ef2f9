import { Readable } from 'node:stream';

import { createTransparencyCheck } from '../../../../nodes/Seedream/images/checkTransparency';
import type { DownloadStream } from '../../../../nodes/Seedream/images/download';
import type { ImageFile } from '../../../../nodes/Seedream/images/imageFile';
import type { Reference } from '../../../../nodes/Seedream/images/reference';
import { seedream50Flash } from '../../../../nodes/Seedream/providers/evoLinkModels';
import type { LimitName, Model } from '../../../../nodes/Seedream/providers/provider';
import { fileContent, imageFile } from './imageFiles';
import { png } from './pngFiles';

const picture = (alpha: number) =>
	png({ width: 1, height: 1, colorType: 6, bitDepth: 8, pixels: [[1, 2, 3, alpha]] });
const OPAQUE = picture(255);
const TRANSPARENT = picture(0);
const BROKEN = Buffer.from('<!doctype html>');

const LINK: Reference = { kind: 'link', url: 'https://example.com/cat.png' };
const REFUSAL =
	'is "transparent", but the image in "data" has no transparent areas, so the model would reject it. Use another reference, or choose "opaque"';

function file(bytes: Buffer, parts: Partial<ImageFile> = {}): Reference {
	return {
		kind: 'file',
		file: imageFile({ content: async () => fileContent(bytes), ...parts }),
	};
}

interface Row {
	reference: Reference;
	background?: string;
	model?: Model;
	checkReferences?: boolean;
}

function checker(respond: () => DownloadStream<never> = () => linked(OPAQUE)) {
	const opened: Array<{ url: string; timeoutMs?: number }> = [];
	const check = createTransparencyCheck(async (url, { timeoutMs } = {}) => {
		opened.push({ url, timeoutMs });
		return respond();
	});
	const problemOf = async (row: Row) => {
		const { reference, background = 'transparent', model = seedream50Flash } = row;
		const request = { model, values: { background }, references: [reference] };
		return await check(request, row.checkReferences ?? false);
	};
	return { problemOf, opened };
}

let discarded = 0;

function linked(bytes: Buffer, status = 200): DownloadStream<never> {
	return {
		kind: 'opened',
		status,
		body: Readable.from([bytes]),
		store: async () => await Promise.reject(new Error('a checked link must not be stored')),
		discard: () => {
			discarded += 1;
		},
	};
}

beforeEach(() => {
	discarded = 0;
});

it('a reference without transparent areas is refused for a transparent background', async () => {
	expect(await checker().problemOf({ reference: file(OPAQUE) })).toBe(REFUSAL);
});

it.each<[string, Row]>([
	['the reference has transparent areas', { reference: file(TRANSPARENT) }],
	['the reference is no PNG that can be read', { reference: file(BROKEN) }],
	['the background is opaque', { reference: file(OPAQUE), background: 'opaque' }],
	[
		"the model's limits aren't known",
		{
			reference: file(OPAQUE),
			model: { ...seedream50Flash, guesses: new Set<LimitName>(['referenceFiles']) },
		},
	],
	[
		'n8n no longer has the file',
		{
			reference: file(OPAQUE, { content: async () => await Promise.reject(new Error('ENOENT')) }),
		},
	],
])('a row is accepted if %s', async (_what, row) => {
	expect(await checker().problemOf(row)).toBeUndefined();
});

it('the same file of several rows is read once, and closed', async () => {
	let reads = 0;
	let closed = 0;
	const content = async () => {
		reads += 1;
		return { ...fileContent(OPAQUE), discard: () => void (closed += 1) };
	};
	const { problemOf } = checker();
	const rows = ['one', 'one', 'two'].map(async (key) => {
		return await problemOf({ reference: file(OPAQUE, { key, content }) });
	});
	expect(await Promise.all(rows)).toEqual(Array(3).fill(REFUSAL));
	expect([reads, closed]).toEqual([2, 2]);
});

describe('a link', () => {
	it('is not opened unless the references are to be checked', async () => {
		const { problemOf, opened } = checker();
		expect(await problemOf({ reference: LINK })).toBeUndefined();
		expect(opened).toEqual([]);
	});

	it('to an image without transparent areas is refused, after it was opened once', async () => {
		const { problemOf, opened } = checker();
		const row = { reference: LINK, checkReferences: true };
		const problems = await Promise.all([problemOf(row), problemOf(row)]);
		const problem = REFUSAL.replace('the image in "data"', `the image at ${LINK.url}`);
		expect(problems).toEqual([problem, problem]);
		expect(opened).toEqual([{ url: LINK.url, timeoutMs: 30_000 }]);
		expect(discarded).toBe(1);
	});

	it.each<[string, () => DownloadStream<never>]>([
		['to an image with transparent areas', () => linked(TRANSPARENT)],
		['to a page', () => linked(BROKEN)],
		["that can't be opened", () => ({ kind: 'networkError', code: 'ENOTFOUND' })],
		[
			'whose download is interrupted',
			() => ({
				...(linked(OPAQUE) as Extract<DownloadStream<never>, { kind: 'opened' }>),
				body: new Readable({
					read() {
						this.destroy(new Error('aborted'));
					},
				}),
			}),
		],
	])('%s is accepted', async (_what, respond) => {
		const { problemOf } = checker(respond);
		expect(await problemOf({ reference: LINK, checkReferences: true })).toBeUndefined();
	});
});

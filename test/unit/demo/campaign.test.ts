import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';

import { readCampaign, type CampaignRow } from '../../../demo/campaign';
import { liveNotice, openLive } from '../../../demo/providers';
import { UserError } from '../../../demo/userError';

let folder: string;

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), 'seedream-campaign-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(content: string | Buffer): string {
	const path = join(folder, 'rows.csv');
	writeFileSync(path, content);
	return path;
}

const COLUMNS =
	'The columns are name, provider, model, prompt, aspect_ratio, resolution, images, reference_images.';

const HOW_TO_SAVE =
	'Save the table as "CSV UTF-8" in Excel, as "Text CSV" with the character set UTF-8 in LibreOffice, or as "Comma-separated values" in Google Sheets.';

const QUOTATION_MARKS =
	'Put quotation marks around cells that contain a line break or the separator.';

const UTF_16_MARK = '\uFEFF';

function littleEndian(text: string): Buffer {
	return Buffer.from(text, 'utf16le');
}

function bigEndian(text: string): Buffer {
	return littleEndian(text).swap16();
}

function latin1(text: string): Buffer {
	return Buffer.from(text, 'latin1');
}

const LAKE = { name: '1', provider: 'evoLink', prompt: '一片湖 é 🏞' };

function prompts(...texts: string[]) {
	return texts.map((prompt, index) => ({ name: String(index + 1), provider: 'evoLink', prompt }));
}

type Rows = Array<Partial<CampaignRow>>;

const FILES: Array<[kind: string, content: string | Buffer, rows: Rows, warnings?: string[]]> = [
	['UTF-8', 'prompt\n一片湖 é 🏞', [LAKE]],
	['UTF-8 with a byte order mark', '\uFEFFprompt\n一片湖 é 🏞', [LAKE]],
	['a byte order mark before a quotation mark', '\uFEFF"prompt"\n一片湖 é 🏞', [LAKE]],
	['UTF-16, little-endian', littleEndian(`${UTF_16_MARK}prompt\r\n一片湖 é 🏞\r\n`), [LAKE]],
	['UTF-16, big-endian', bigEndian(`${UTF_16_MARK}prompt\r\n一片湖 é 🏞\r\n`), [LAKE]],
	['UTF-16, little-endian, no byte order mark', littleEndian('Prompt\n一片湖 é 🏞'), [LAKE]],
	['UTF-16, big-endian, no byte order mark', bigEndian('PROMPT\n一片湖 é 🏞'), [LAKE]],
	[
		'UTF-16, big-endian, no byte order mark, with more zeros in odd positions',
		bigEndian(`prompt\n${'一'.repeat(99)}`),
		prompts('一'.repeat(99)),
	],
	[
		"Excel's Unicode text: UTF-16 and tabs",
		littleEndian(`${UTF_16_MARK}name\tprompt\r\na\t"A lake, ""blue""; calm"\r\n`),
		[{ name: 'a', provider: 'evoLink', prompt: 'A lake, "blue"; calm' }],
	],
	[
		'commas',
		'name,provider,prompt\na,apiMart,"A lake; calm"\n',
		[{ name: 'a', provider: 'apiMart', prompt: 'A lake; calm' }],
	],
	[
		'semicolons, and commas in the cells',
		'name;provider;prompt\na;apiMart;A lake, calm, blue\n',
		[{ name: 'a', provider: 'apiMart', prompt: 'A lake, calm, blue' }],
	],
	[
		'semicolons and quotation marks everywhere',
		'"name";"prompt"\r\n"a";"A lake; ""calm"", blue"\r\n',
		[{ name: 'a', provider: 'evoLink', prompt: 'A lake; "calm", blue' }],
	],
	[
		'tabs, an empty first cell, and literal quotation marks',
		'name\tprompt\n\t"Hello" on a wall, 12" high\n',
		prompts('"Hello" on a wall, 12" high'),
	],
	[
		'spaces around the cells',
		'name , prompt\n a , "A lake, calm" \n',
		[{ name: 'a', provider: 'evoLink', prompt: 'A lake, calm' }],
	],
	[
		"Excel's separator line",
		'sep=;\r\nprompt;images\r\nA lake;2\r\n',
		[{ name: '1', provider: 'evoLink', prompt: 'A lake', images: '2' }],
	],
	['one column', 'prompt\nA lake\nA panda\n', prompts('A lake', 'A panda')],
	['one column with commas', 'prompt\nA lake, calm; blue\n', prompts('A lake, calm; blue')],
	['one column followed by an empty one', 'prompt,\nA lake,\n', prompts('A lake')],
	[
		'one column followed by several empty ones',
		'prompt,,\r\n"A lake, calm",,\r\n,,\r\n',
		prompts('A lake, calm'),
	],
	['a column in capitals', 'PROMPT\nA lake', prompts('A lake')],
	[
		'spaces and invisible characters around a column',
		'\u200B Prompt\u00A0\u2060\nA lake\u200B',
		prompts('A lake'),
	],
	['an invisible character before a quotation mark', '\u200B"prompt"\nA lake', prompts('A lake')],
	[
		'column names in other spellings and another order',
		'Reference Images,ASPECT-RATIO,Prompt,Name\n,16:9,A lake,a',
		[
			{
				name: 'a',
				provider: 'evoLink',
				prompt: 'A lake',
				aspect_ratio: '16:9',
				reference_images: '',
			},
		],
	],
	['an emoji at the end', 'prompt\nI \u2764\uFE0F\u200B', prompts('I \u2764\uFE0F')],
	['Windows line endings', 'prompt\r\nA lake\r\nA panda\r\n', prompts('A lake', 'A panda')],
	['old Mac line endings', 'prompt\rA lake\rA panda\r', prompts('A lake', 'A panda')],
	['mixed line endings', 'prompt\r\nA lake\nA panda\rTea', prompts('A lake', 'A panda', 'Tea')],
	[
		'line breaks in cells',
		'name,prompt\r\na,"one, ""two""\nthree\r\nfour"\r\n',
		[{ name: 'a', provider: 'evoLink', prompt: 'one, "two"\nthree\r\nfour' }],
	],
	[
		'empty rows anywhere',
		'\n,\nname,prompt\n\n,A lake\n,\n   \n\u200B,\u00A0\n,A panda\n\n,,,\n',
		prompts('A lake', 'A panda'),
	],
	[
		'rows that end early',
		'prompt,images,name\nA lake\nA panda,3',
		[
			{ name: '1', provider: 'evoLink', prompt: 'A lake', images: '' },
			{ name: '2', provider: 'evoLink', prompt: 'A panda', images: '3' },
		],
	],
	[
		'rows with extra empty cells',
		'name,prompt\na,A lake,,\n',
		[{ name: 'a', provider: 'evoLink', prompt: 'A lake' }],
	],
	[
		'a row without a name, provider or prompt',
		'name,provider,prompt\n,apiMart,A lake\na,\u200B,A panda\nb,apiMart,',
		[
			{ name: '1', provider: 'apiMart', prompt: 'A lake' },
			{ name: 'a', provider: 'evoLink', prompt: 'A panda' },
			{ name: 'b', provider: 'apiMart', prompt: '' },
		],
	],
	[
		'providers in other spellings',
		'provider,prompt\nEvoLink,a\nAPIMART,b\napi in one,c\nopenai,d',
		prompts('a', 'b', 'c', 'd').map((row, index) => ({
			...row,
			provider: ['evoLink', 'apiMart', 'apiInOne', 'openai'][index] ?? '',
		})),
	],
	[
		'an unknown column',
		'prompt,notes,aspect,images\nA lake,for Ann,16:9,2',
		[{ name: '1', provider: 'evoLink', prompt: 'A lake', images: '2' }],
		[`ignored the column "notes", the column "aspect". ${COLUMNS}`],
	],
	[
		'a column without a name, as pandas writes one',
		',prompt\n0,A lake',
		prompts('A lake'),
		[`ignored column 1 (no name). ${COLUMNS}`],
	],
	[
		'rows that share a name',
		'name,prompt\na,1\nA,2\na-2,3\na,4\n2,5\n,6\nb/c,7\nb c,8',
		['a', 'A-3', 'a-2', 'a-4', '2', '6', 'b/c', 'b c-2'].map((name, index) => ({
			name,
			provider: 'evoLink',
			prompt: String(index + 1),
		})),
		['added a number to duplicate names: A-3, a-4, b c-2.'],
	],
];

const INVALID: Array<[kind: string, content: string | Buffer, message: string]> = [
	['an empty file', '', ' is empty.'],
	['an empty file with a byte order mark', '\uFEFF\r\n', ' is empty.'],
	['a header without rows', 'name,prompt\n,\n', ' has no rows below its header.'],
	[
		'a table without prompts',
		'name,provider,promt\na,evoLink,x',
		`: the column "promt" isn't recognized, the column "prompt" is missing. ${COLUMNS}`,
	],
	[
		'prompts without a header',
		'A paper coffee cup on a train table; rain\nA panda',
		`: the column "A paper coffee cup on a tra..." isn't recognized, the column "rain" isn't recognized, the column "prompt" is missing. ${COLUMNS}`,
	],
	[
		'two columns with the same name',
		'prompt,Prompt\na,b',
		`: the column "prompt" appears twice. ${COLUMNS}`,
	],
	[
		'a comma in a cell without quotation marks',
		'name,prompt\na,A lake\nb,A panda, asleep',
		`: row 2 has more cells than the header. ${QUOTATION_MARKS}`,
	],
	[
		'a comma in a cell without quotation marks, next to empty columns',
		'name,prompt,,\na,"A lake",,\nb,A panda, asleep,',
		`: row 2 has more cells than the header. ${QUOTATION_MARKS}`,
	],
	[
		'a line break in a cell without quotation marks',
		'name,prompt,images\na,A lake\nat sunrise\nb,A panda,2',
		`: row 2 ends before its prompt. ${QUOTATION_MARKS}`,
	],
	[
		'a row that ends before its prompt',
		'name,provider,prompt\na,evoLink',
		`: row 1 ends before its prompt. ${QUOTATION_MARKS}`,
	],
	[
		'a quotation mark that is never closed',
		'name,prompt\na,A lake\nb,"A panda\nc,Tea',
		" isn't a valid CSV file: in row 2, a cell starts with a quotation mark but doesn't end with one.",
	],
	[
		'a quotation mark that the next row seems to close',
		'name,prompt\na,"A lake\nb,"A panda"',
		" isn't a valid CSV file: in row 1, a cell starts with a quotation mark but doesn't end with one.",
	],
	[
		'Windows-1252',
		latin1('prompt\r\nA lake\r\nA caf\xE9 \x96 at dawn'),
		` isn't saved as UTF-8: line 3 can't be read reliably. ${HOW_TO_SAVE}`,
	],
	[
		'Windows-1252 in the header',
		latin1('gr\xF6\xDFe;prompt\r\n2;A lake'),
		` isn't saved as UTF-8: line 1 can't be read reliably. ${HOW_TO_SAVE}`,
	],
	[
		'GBK',
		Buffer.from('70726f6d70740ad2bbc6acbafe', 'hex'),
		` isn't saved as UTF-8: line 2 can't be read reliably. ${HOW_TO_SAVE}`,
	],
	[
		'a workbook',
		latin1('PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0\xAB[Content_Types].xml'),
		` is an Excel, LibreOffice or Numbers workbook, or a ZIP archive, not a CSV file. ${HOW_TO_SAVE}`,
	],
	[
		'an old workbook',
		latin1('\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0'),
		` is an old or protected Excel workbook, or another Office file, not a CSV file. ${HOW_TO_SAVE}`,
	],
	[
		'a binary PDF',
		latin1('%PDF-1.7\n%\xE2\xE3\xCF\xD3\n\0'),
		` is a PDF, not a CSV file. ${HOW_TO_SAVE}`,
	],
	['a PDF that is plain text', '%PDF-1.4\n1 0 obj\n', ` is a PDF, not a CSV file. ${HOW_TO_SAVE}`],
	[
		'a photo from a phone',
		latin1('\0\0\0\x24ftypheic\0\0\0\0'),
		` is an image or a video, not a CSV file. ${HOW_TO_SAVE}`,
	],
	[
		'a compressed file',
		latin1('\x1F\x8B\x08\0\0\0\0\0'),
		` is a compressed file, not a CSV file. ${HOW_TO_SAVE}`,
	],
	[
		'a text document',
		'{\\rtf1\\ansi prompt}',
		` is a text document, not a CSV file. ${HOW_TO_SAVE}`,
	],
	[
		'a web page',
		'\n<!DOCTYPE html>\n<title>prompt</title>',
		` is a web page or an XML file, not a CSV file. ${HOW_TO_SAVE}`,
	],
	['JSON', '[\n{ "prompt": "A lake" }\n]', ` is a JSON file, not a CSV file. ${HOW_TO_SAVE}`],
	[
		'an executable',
		latin1('\x7FELF\x02\x01\x01\0\0prompt'),
		` is a binary file, not a CSV file. ${HOW_TO_SAVE}`,
	],
	[
		'truncated UTF-16',
		littleEndian(`${UTF_16_MARK}prompt\nA lake`).subarray(0, -1),
		` is a binary file, not a CSV file. ${HOW_TO_SAVE}`,
	],
];

describe('readCampaign', () => {
	it('reads the example file, which covers every version and kind of row', async () => {
		const rows = await readCampaign('examples/campaign.csv');
		expect(rows.length).toBeGreaterThanOrEqual(12);
		expect(new Set(rows.map(({ model }) => model))).toEqual(
			new Set([
				'doubao-seedream-5.0-lite',
				'doubao-seedream-5.0-flash',
				'doubao-seedream-5.0-flash-layerize',
				'seedream-5-0-pro',
				'doubao-seedream-4.5',
				'doubao-seedream-4.0',
				'doubao-seedance-4-5',
				'seedream/4.5-text-to-image',
				'seedream/4.5-edit',
				'auto',
			]),
		);
		expect(rows.some(({ images }) => Number(images) > 1)).toBe(true);
		expect(rows.some(({ reference_images: references }) => references !== '')).toBe(true);
		expect(rows.some(({ prompt }) => /\p{Script=Han}/u.test(prompt ?? ''))).toBe(true);
	});

	it.each(FILES)('reads %s', async (_kind, content, rows, expected = []) => {
		const path = file(content);
		const warnings: string[] = [];
		expect(await readCampaign(path, (message) => warnings.push(message))).toEqual(rows);
		expect(warnings).toEqual(expected.map((warning) => `${path}: ${warning}`));
	});

	it.each(INVALID)('rejects %s and says why', async (_kind, content, message) => {
		const path = file(content);
		await expect(readCampaign(path)).rejects.toEqual(new UserError(`${path}${message}`));
	});

	it('rejects an image and says so', async () => {
		const canvas = { width: 4, height: 3, channels: 3, background: '#385' } as const;
		const path = file(await sharp({ create: canvas }).jpeg().toBuffer());
		await expect(readCampaign(path)).rejects.toEqual(
			new UserError(`${path} is an image, not a CSV file. ${HOW_TO_SAVE}`),
		);
	});

	it('says that a file does not exist', async () => {
		await expect(readCampaign('nowhere.csv')).rejects.toEqual(
			new UserError("Can't read nowhere.csv: the file doesn't exist."),
		);
	});
});

describe('a live demo', () => {
	const rows = [
		{ name: 'a', provider: 'evoLink', images: '3' },
		{ name: 'b', provider: 'apiMart', images: '' },
	];

	it('announces how many images it requests from each provider', () => {
		expect(liveNotice(rows)).toBe(
			"This generates up to 4 images with your own API keys (EvoLink 3, APIMart 1). You'll be charged for them.",
		);
	});

	it('counts as many images for a model that makes layers as it may return', () => {
		const model = 'doubao-seedream-5.0-pro-layerize';
		expect(liveNotice([{ name: 'a', provider: 'evoLink', model, images: '1' }])).toMatch(
			/^This generates up to 17 images with your own API keys \(EvoLink 17\)/,
		);
	});

	it('names the missing API keys of the providers in use', () => {
		expect(() => openLive(rows, {})).toThrow(
			new UserError('--live needs your API keys. Set EVOLINK_API_KEY and APIMART_API_KEY.'),
		);
	});

	it('uses the base URLs of the real providers', () => {
		const keys = { EVOLINK_API_KEY: 'a', APIMART_API_KEY: 'b' };
		expect(openLive(rows, keys).credentials).toEqual({
			evoLinkApi: { apiKey: 'a', baseUrl: 'https://api.evolink.ai' },
			apiMartApi: { apiKey: 'b', baseUrl: 'https://api.apimart.ai' },
		});
	});
});

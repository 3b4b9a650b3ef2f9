import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';

import { readCampaign, type CampaignRow } from '../../../demo/campaign';
import { announcement, openLive } from '../../../demo/providers';
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
	'A cell with a line break in it, or with what separates the cells, needs quotation marks around it.';

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

const FILES: Array<[kind: string, content: string | Buffer, rows: Rows, notes?: string[]]> = [
	['UTF-8', 'prompt\n一片湖 é 🏞', [LAKE]],
	['UTF-8 with its mark', '\uFEFFprompt\n一片湖 é 🏞', [LAKE]],
	['a mark before a quotation mark', '\uFEFF"prompt"\n一片湖 é 🏞', [LAKE]],
	['UTF-16, little-endian', littleEndian(`${UTF_16_MARK}prompt\r\n一片湖 é 🏞\r\n`), [LAKE]],
	['UTF-16, big-endian', bigEndian(`${UTF_16_MARK}prompt\r\n一片湖 é 🏞\r\n`), [LAKE]],
	['UTF-16, little-endian, no mark', littleEndian('Prompt\n一片湖 é 🏞'), [LAKE]],
	['UTF-16, big-endian, no mark', bigEndian('PROMPT\n一片湖 é 🏞'), [LAKE]],
	[
		'UTF-16, big-endian, no mark, and more zeros at the other places',
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
		'semicolons and quotation marks all over',
		'"name";"prompt"\r\n"a";"A lake; ""calm"", blue"\r\n',
		[{ name: 'a', provider: 'evoLink', prompt: 'A lake; "calm", blue' }],
	],
	[
		'tabs, an empty first cell, and quotation marks of its own',
		'name\tprompt\n\t"Hello" on a wall, 12" high\n',
		prompts('"Hello" on a wall, 12" high'),
	],
	[
		'spaces around the cells',
		'name , prompt\n a , "A lake, calm" \n',
		[{ name: 'a', provider: 'evoLink', prompt: 'A lake, calm' }],
	],
	[
		"Excel's line for the separator",
		'sep=;\r\nprompt;images\r\nA lake;2\r\n',
		[{ name: '1', provider: 'evoLink', prompt: 'A lake', images: '2' }],
	],
	['one column', 'prompt\nA lake\nA panda\n', prompts('A lake', 'A panda')],
	['one column with commas', 'prompt\nA lake, calm; blue\n', prompts('A lake, calm; blue')],
	['one column with an empty one', 'prompt,\nA lake,\n', prompts('A lake')],
	[
		'one column and the commas of empty ones',
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
		'columns as people write them, in another order',
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
	['line ends of Windows', 'prompt\r\nA lake\r\nA panda\r\n', prompts('A lake', 'A panda')],
	['line ends of an old Mac', 'prompt\rA lake\rA panda\r', prompts('A lake', 'A panda')],
	['line ends of all kinds', 'prompt\r\nA lake\nA panda\rTea', prompts('A lake', 'A panda', 'Tea')],
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
		'rows that end late, with nothing',
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
		'providers as people write them',
		'provider,prompt\nEvoLink,a\nAPIMART,b\napi in one,c\nopenai,d',
		prompts('a', 'b', 'c', 'd').map((row, index) => ({
			...row,
			provider: ['evoLink', 'apiMart', 'apiInOne', 'openai'][index] ?? '',
		})),
	],
	[
		'a column that is not known',
		'prompt,notes,aspect,images\nA lake,for Ann,16:9,2',
		[{ name: '1', provider: 'evoLink', prompt: 'A lake', images: '2' }],
		[`not known, and passed over: the column "notes", the column "aspect". ${COLUMNS}`],
	],
	[
		'a column without a name, as pandas writes one',
		',prompt\n0,A lake',
		prompts('A lake'),
		[`not known, and passed over: column 1, which has no name. ${COLUMNS}`],
	],
	[
		'rows that share a name',
		'name,prompt\na,1\nA,2\na-2,3\na,4\n2,5\n,6\nb/c,7\nb c,8',
		['a', 'A-3', 'a-2', 'a-4', '2', '6', 'b/c', 'b c-2'].map((name, index) => ({
			name,
			provider: 'evoLink',
			prompt: String(index + 1),
		})),
		['rows with the same name are told apart by a number: A-3, a-4, b c-2.'],
	],
];

const UNUSABLE: Array<[kind: string, content: string | Buffer, words: string]> = [
	['an empty file', '', ' is empty.'],
	['an empty file with its mark', '\uFEFF\r\n', ' is empty.'],
	['a header alone', 'name,prompt\n,\n', ' has no rows below its header.'],
	[
		'a table without prompts',
		'name,provider,promt\na,evoLink,x',
		`: the column "promt" is not known, the column "prompt" is missing. ${COLUMNS}`,
	],
	[
		'prompts without a header',
		'A paper coffee cup on a train table; rain\nA panda',
		`: the column "A paper coffee cup on a tra..." is not known, the column "rain" is not known, the column "prompt" is missing. ${COLUMNS}`,
	],
	[
		'two columns of one name',
		'prompt,Prompt\na,b',
		`: the column "prompt" is there twice. ${COLUMNS}`,
	],
	[
		'a comma in a cell without quotation marks',
		'name,prompt\na,A lake\nb,A panda, asleep',
		`: row 2 has more cells than the header. ${QUOTATION_MARKS}`,
	],
	[
		'a comma in a cell without quotation marks, beside empty columns',
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
		' is not a CSV file that can be read: in row 2, a cell begins with a quotation mark and does not end with one.',
	],
	[
		'a quotation mark that the next row seems to close',
		'name,prompt\na,"A lake\nb,"A panda"',
		' is not a CSV file that can be read: in row 1, a cell begins with a quotation mark and does not end with one.',
	],
	[
		'Windows-1252',
		latin1('prompt\r\nA lake\r\nA caf\xE9 \x96 at dawn'),
		` is not saved as UTF-8, so line 3 could only be guessed. ${HOW_TO_SAVE}`,
	],
	[
		'Windows-1252 in the header',
		latin1('gr\xF6\xDFe;prompt\r\n2;A lake'),
		` is not saved as UTF-8, so line 1 could only be guessed. ${HOW_TO_SAVE}`,
	],
	[
		'GBK',
		Buffer.from('70726f6d70740ad2bbc6acbafe', 'hex'),
		` is not saved as UTF-8, so line 2 could only be guessed. ${HOW_TO_SAVE}`,
	],
	[
		'a workbook',
		latin1('PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0\xAB[Content_Types].xml'),
		` is a workbook of Excel, LibreOffice or Numbers, or another packed file, not a CSV file. ${HOW_TO_SAVE}`,
	],
	[
		'an old workbook',
		latin1('\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0'),
		` is an old or protected workbook of Excel, or another Office file, not a CSV file. ${HOW_TO_SAVE}`,
	],
	[
		'a PDF with bytes',
		latin1('%PDF-1.7\n%\xE2\xE3\xCF\xD3\n\0'),
		` is a PDF, not a CSV file. ${HOW_TO_SAVE}`,
	],
	['a PDF that is all text', '%PDF-1.4\n1 0 obj\n', ` is a PDF, not a CSV file. ${HOW_TO_SAVE}`],
	[
		'a photo of a phone',
		latin1('\0\0\0\x24ftypheic\0\0\0\0'),
		` is a picture or a film, not a CSV file. ${HOW_TO_SAVE}`,
	],
	[
		'a compressed file',
		latin1('\x1F\x8B\x08\0\0\0\0\0'),
		` is a packed file, not a CSV file. ${HOW_TO_SAVE}`,
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
		'a program',
		latin1('\x7FELF\x02\x01\x01\0\0prompt'),
		` is a file of another kind, not a CSV file. ${HOW_TO_SAVE}`,
	],
	[
		'UTF-16 that is cut',
		littleEndian(`${UTF_16_MARK}prompt\nA lake`).subarray(0, -1),
		` is a file of another kind, not a CSV file. ${HOW_TO_SAVE}`,
	],
];

describe('readCampaign', () => {
	it('reads the example: all four systems, and rows that mix everything', async () => {
		const rows = await readCampaign('examples/campaign.csv');
		expect(rows.length).toBeGreaterThanOrEqual(12);
		expect(new Set(rows.map(({ model }) => model))).toEqual(
			new Set([
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

	it.each(FILES)('reads %s', async (_kind, content, rows, notes = []) => {
		const path = file(content);
		const said: string[] = [];
		expect(await readCampaign(path, (note) => said.push(note))).toEqual(rows);
		expect(said).toEqual(notes.map((note) => `${path}: ${note}`));
	});

	it.each(UNUSABLE)('says in a sentence what is wrong with %s', async (_kind, content, words) => {
		const path = file(content);
		await expect(readCampaign(path)).rejects.toEqual(new UserError(`${path}${words}`));
	});

	it('recognises a picture', async () => {
		const canvas = { width: 4, height: 3, channels: 3, background: '#385' } as const;
		const path = file(await sharp({ create: canvas }).jpeg().toBuffer());
		await expect(readCampaign(path)).rejects.toEqual(
			new UserError(`${path} is a picture, not a CSV file. ${HOW_TO_SAVE}`),
		);
	});

	it('says in a sentence that there is no such file', async () => {
		await expect(readCampaign('nowhere.csv')).rejects.toEqual(
			new UserError('nowhere.csv cannot be read: there is no such file.'),
		);
	});
});

describe('a live run', () => {
	const rows = [
		{ name: 'a', provider: 'evoLink', images: '3' },
		{ name: 'b', provider: 'apiMart', images: '' },
	];

	it('says how many images it will make, and where', () => {
		expect(announcement(rows)).toBe(
			'This makes up to 4 images with your own API keys (EvoLink 3, APIMart 1), and costs real money.',
		);
	});

	it('names the keys that are missing, and only those of providers in use', () => {
		expect(() => openLive(rows, {})).toThrow(
			new UserError('--live needs your API keys: please set EVOLINK_API_KEY and APIMART_API_KEY.'),
		);
	});

	it('goes to the real providers', () => {
		const keys = { EVOLINK_API_KEY: 'a', APIMART_API_KEY: 'b' };
		expect(openLive(rows, keys).credentials).toEqual({
			evoLinkApi: { apiKey: 'a', baseUrl: 'https://api.evolink.ai' },
			apiMartApi: { apiKey: 'b', baseUrl: 'https://api.apimart.ai' },
		});
	});
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readCampaign } from '../../../demo/campaign';
import { announcement, openLive } from '../../../demo/gateways';
import { Sentence } from '../../../demo/sentence';

let folder: string;

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), 'seedream-campaign-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(content: string): string {
	const path = join(folder, 'rows.csv');
	writeFileSync(path, content);
	return path;
}

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

	it('reads quotes, line breaks in a cell, a byte order mark and a file with few columns', async () => {
		const path = file('\uFEFFname,provider,prompt\na,evoLink,"one, ""two""\nthree"\n\n');
		expect(await readCampaign(path)).toEqual([
			{ name: 'a', provider: 'evoLink', prompt: 'one, "two"\nthree' },
		]);
	});

	it.each([
		['a,b', 'rows.csv has no rows below its header.'],
		[
			'name,provider,promt\na,evoLink,x',
			'rows.csv: the column "promt" is not known, the column "prompt" is missing. The columns are name, provider, model, prompt, aspect_ratio, resolution, images, reference_images.',
		],
		['name,provider,prompt\n,evoLink,x', 'rows.csv: row 1 has no name.'],
		[
			'name,provider,prompt\na,evoLink,x\nb,evoLink,x\na,evoLink,y',
			'rows.csv: rows 1 and 3 are both called "a".',
		],
		[
			'name,provider,prompt\na,evoLink',
			'rows.csv is not a CSV file that can be read: Invalid Record Length: columns length is 3, got 2 on line 2.',
		],
	])('says in a sentence what is wrong with %j', async (content, words) => {
		const path = file(content);
		await expect(readCampaign(path)).rejects.toEqual(new Sentence(words.replace('rows.csv', path)));
	});

	it('says in a sentence that there is no such file', async () => {
		await expect(readCampaign('nowhere.csv')).rejects.toEqual(
			new Sentence('nowhere.csv cannot be read: there is no such file.'),
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

	it('names the keys that are missing, and only those of gateways in use', () => {
		expect(() => openLive(rows, {})).toThrow(
			new Sentence('--live needs your API keys: please set EVOLINK_API_KEY and APIMART_API_KEY.'),
		);
	});

	it('goes to the real gateways', () => {
		const keys = { EVOLINK_API_KEY: 'a', APIMART_API_KEY: 'b' };
		expect(openLive(rows, keys).credentials).toEqual({
			evoLinkApi: { apiKey: 'a', baseUrl: 'https://api.evolink.ai' },
			apiMartApi: { apiKey: 'b', baseUrl: 'https://api.apimart.ai' },
		});
	});
});

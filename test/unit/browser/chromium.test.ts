import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { UserError } from '../../../demo/userError';
import { findChromium } from '../../browser/chromium';

let folder: string;
let installed: string;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'seedream-chromium-'));
	installed = join(folder, 'google-chrome');
	await writeFile(installed, '');
});

afterAll(async () => await rm(folder, { recursive: true, force: true }));

it('takes the browser that the environment names', () => {
	expect(findChromium({ SEEDREAM_CHROMIUM: installed, PATH: '' }, [])).toBe(installed);
});

it('finds one on the path', () => {
	const path = ['', join(folder, 'not-there'), folder].join(delimiter);
	expect(findChromium({ PATH: path }, [])).toBe(installed);
});

it('finds one in a usual place', () => {
	expect(findChromium({ PATH: '' }, [join(folder, 'not-there'), installed])).toBe(installed);
});

it('says in a sentence that the one in the environment is not there', () => {
	const named = join(folder, 'gone');
	const find = () => findChromium({ SEEDREAM_CHROMIUM: named, PATH: folder }, [installed]);
	expect(find).toThrow(UserError);
	expect(find).toThrow(`SEEDREAM_CHROMIUM names ${named}, which does not exist.`);
});

it('says in a sentence how to get one', () => {
	const find = () => findChromium({ PATH: '' }, []);
	expect(find).toThrow(UserError);
	expect(find).toThrow(/need Chromium or Chrome\. On Debian: apt-get install .*chromium/);
});

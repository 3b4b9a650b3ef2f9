import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';

import { readCampaign, type CampaignRow } from '../../demo/campaign';
import { startSandbox } from '../sandbox/sandbox';

/** The README's first command, run as a new user would, and its output files. */

const PACKAGE = resolve(__dirname, '../..');
const OUTPUT = join(PACKAGE, 'output');

/** The expected images of each row, written by hand from the providers' documentation. */
const SIZES: Record<string, string> = {
	'01-lake-hero': '2848x1600',
	'02-lake-square': '2048x2048',
	'03-spring-poster': '3520x4704',
	'04-banner-exact': '2560x1440',
	'05-coffee-story': '768x1360',
	'07-panda': '2048x2048',
	'08-panda-set': '2496x1664',
	'09-skyline': '3024x1296',
	'10-sneaker': '2304x1728',
	'11-panda-winter': '2304x1728',
	'12-handbag': '3520x4694',
	'14-lantern': '1296x3024',
	'15-night-market': '4096x2304',
	'16-perfume': '1536x1536',
	'17-jazz-poster': '1728x2304',
	'18-panda-layers': '1024x1024',
};
const REJECTED = '13-refused';
/** Seedream 5.0 makes JPEG files unless the request says otherwise. */
const IS_JPEG = /^1[5-8]-/;
/** The base is as the request says, and each layer is a PNG file. */
const LAYERS = ['18-panda-layers-2.png', '18-panda-layers-3.png', '18-panda-layers-4.png'];

function fileOf(name: string, image: number): string {
	return `${name}-${image}.${IS_JPEG.test(name) ? 'jpg' : 'png'}`;
}

jest.setTimeout(120_000);

interface Finished {
	code: number;
	printed: string;
}

async function demo(args: string[], environment: NodeJS.ProcessEnv = {}): Promise<Finished> {
	const options = { cwd: PACKAGE, env: { ...process.env, ...environment } };
	return await new Promise((resolveRun) => {
		const command = ['run', '--silent', 'demo', '--', ...args];
		execFile('npm', command, options, (error, stdout, stderr) => {
			resolveRun({ code: Number(error?.code ?? 0), printed: stdout + stderr });
		});
	});
}

describe('npm run demo', () => {
	let printed: string;
	let rows: CampaignRow[];

	beforeAll(async () => {
		rmSync(OUTPUT, { recursive: true, force: true });
		rows = await readCampaign(join(PACKAGE, 'examples/campaign.csv'));
		({ printed } = await demo([]));
	});

	it('writes every image of every row, in the requested size', async () => {
		const expected = rows
			.filter(({ name }) => name !== REJECTED)
			.flatMap(({ name, images }) =>
				Array.from({ length: Number(images) || 1 }, (_image, index) => fileOf(name, index + 1)),
			);
		expect(readdirSync(OUTPUT).sort()).toEqual([...expected, ...LAYERS, 'index.html'].sort());

		for (const [name, size] of Object.entries(SIZES)) {
			const { width, height } = await sharp(join(OUTPUT, fileOf(name, 1))).metadata();
			expect({ name, size: `${width}x${height}` }).toEqual({ name, size });
		}
	});

	it.each(LAYERS)('writes %s with its transparent pixels', async (name) => {
		expect((await sharp(join(OUTPUT, name)).stats()).isOpaque).toBe(false);
	});

	it('writes a page with every image, and the rejected row with its reason', () => {
		const page = readFileSync(join(OUTPUT, 'index.html'), 'utf8');
		const shown = [...page.matchAll(/<img[^>]* src="([^"]+)"/g)].map(([, link]) => link ?? '');
		expect(shown.length).toBe(readdirSync(OUTPUT).length - 1);
		for (const link of shown) {
			expect(existsSync(join(OUTPUT, decodeURIComponent(link)))).toBe(true);
		}
		expect(page).toContain('EvoLink blocked the image because of its content policy');
	});

	it('prints the number of images and of failed rows', () => {
		expect(printed).toMatch(/ 26\/26 images, /);
	});

	it('prints a summary', () => {
		expect(printed).toMatch(/│ EvoLink +│ +10 │ +15 │ +1 │ +24\.24 │ +0\.36 │/);
		expect(printed).toMatch(/│ APIMart +│ +5 │ +7 │ +0 │ +2\.15 │ +0\.21 │/);
		expect(printed).toMatch(/│ API in One +│ +3 │ +3 │ +0 │ +≈ 36\.00 │ +≈ 0\.36 │/);
		expect(printed).toMatch(/│ Total +│ +18 │ +25 │ +1 │ +│ +≈ 0\.93 │ +\d+\.\d │/);
		expect(printed).toContain('17 of 18 rows finished.');
		expect(printed).toContain('output/index.html');
	});
});

describe('npm run demo -- …', () => {
	it('explains what is wrong with a file', async () => {
		const { code, printed } = await demo(['nowhere.csv']);
		expect(code).toBe(1);
		expect(printed).toContain("Can't read nowhere.csv: the file doesn't exist.\n");
		expect(printed).not.toMatch(/^ +at /m);
	});

	it('accepts a file with nothing but prompts, and names what it ignores', async () => {
		const folder = mkdtempSync(join(tmpdir(), 'seedream-prompts-'));
		const path = join(folder, 'prompts.csv');
		writeFileSync(path, Buffer.from('\uFEFFPrompt\tNotes\r\nA lake, calm\tx\r\n', 'utf16le'));
		const { printed } = await demo([path]);
		rmSync(folder, { recursive: true });

		expect(printed).toContain(`${path}: ignored the column "Notes". `);
		expect(printed).toMatch(/│ EvoLink +│ +1 │ +1 │ +0 │/);
		expect(existsSync(join(OUTPUT, '1-1.jpg'))).toBe(true);
	});

	it('--live uses the API keys of the environment, and shows the cost first', async () => {
		const sandbox = await startSandbox({ taskSeconds: 0.1 });
		const folder = mkdtempSync(join(tmpdir(), 'seedream-live-'));
		const path = join(folder, 'live.csv');
		writeFileSync(path, 'name,provider,prompt\nlive-run,evoLink,A lake\n');
		const { printed } = await demo(['--live', path], {
			EVOLINK_API_KEY: sandbox.keys.evoLink,
			EVOLINK_BASE_URL: sandbox.baseUrls.evoLink,
		});
		await sandbox.close();
		rmSync(folder, { recursive: true });

		expect(printed).toContain('This generates up to 1 image with your own API keys (EvoLink 1)');
		expect(printed).not.toContain(sandbox.keys.evoLink);
		expect(sandbox.tasks()).toHaveLength(1);
		expect(existsSync(join(OUTPUT, 'live-run-1.jpg'))).toBe(true);
	});
});

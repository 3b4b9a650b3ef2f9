import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { providers } from '../../../nodes/Seedream/providers';
import { modelNames } from '../../../scripts/modelNames';
import { translations } from '../../../scripts/pages';
import { N8N_VERSIONS } from '../../server/n8nReleases';

const pages = [
	'README.md',
	...readdirSync('docs')
		.filter((name) => name.endsWith('.md'))
		.map((name) => join('docs', name)),
];
const UNTRANSLATED = 'docs/benchmark.md';
const read = (path: string) => readFileSync(path, 'utf8');
const prose = (path: string) => read(path).replace(/^```.*?^```/gms, '');

describe.each(pages)('%s', (path) => {
	it('leads to files and headings that exist', () => {
		const dead = links(path).filter(
			({ target, anchor }) =>
				!isOutside(target) &&
				(!existsSync(target) || (anchor !== undefined && !anchors(target).includes(anchor))),
		);
		expect(dead).toEqual([]);
	});
});

const examples = readdirSync('examples').map((name) => join('examples', name));

it.each([...pages, ...examples])('%s shows nothing that n8n 3 removes', (path) => {
	expect(read(path)).not.toContain('$getPairedItem');
});

describe.each(translations)('%s and %s', (english, chinese) => {
	it('have the same sections', () => {
		const outline = (path: string) => headings(path).map(({ level }) => level);
		expect(outline(chinese)).toEqual(outline(english));
	});

	it('give the same commands and examples', () => {
		const blocks = (path: string) => read(path).match(/^```.*?^```/gms) ?? [];
		expect(blocks(chinese)).toEqual(blocks(english));
	});

	it('lead to the same places, each in its own language', () => {
		const targets = (path: string) =>
			links(path)
				.map(({ target }) => inEnglish(target))
				.sort();
		expect(targets(chinese)).toEqual(targets(english));
	});

	it('show the same names and values', () => {
		const values = (path: string) =>
			[...new Set([...prose(path).matchAll(/`[^`\n]+`/g)].map(([value]) => value))]
				.filter((value) => /^`[!-~ ]+`$/.test(value) && !value.includes('in this type'))
				.sort();
		expect(values(chinese)).toEqual(values(english));
	});
});

it.each(['docs/versions.md', 'docs/versions.zh-CN.md'])(
	'%s names every version of n8n that is tested',
	(path) => {
		const rows = prose(path).match(/^\| (\d+\.\d+\.\d+) /gm) ?? [];
		expect(rows.map((row) => row.replace(/[| ]/g, ''))).toEqual(N8N_VERSIONS);
	},
);

it.each(translations[0])('%s names every version of n8n that is tested, too', (path) => {
	for (const version of N8N_VERSIONS) expect(prose(path)).toContain(version);
});

it.each(translations[0])('%s names every model of each provider, newest first', (path) => {
	for (const { label, models } of providers) {
		const row = prose(path).match(new RegExp(`^\\| \\[${label}\\].*`, 'm'))?.[0] ?? '';
		const listed = row
			.split('|')[3]
			?.replaceAll(/（[^）]*）/g, '')
			.trim();
		expect(listed?.split(/, |、/)).toEqual(
			modelNames(models).map((name, index) => (index === 0 ? `Seedream ${name}` : name)),
		);
	}
});

it.each(translations[0])('%s has at most 250 lines', (path) => {
	expect(read(path).split('\n').length - 1).toBeLessThanOrEqual(250);
});

it.each(translations[0])('%s links every page of docs/ in its language', (path) => {
	const linked = links(path).map(({ target }) => target);
	const isChinese = (page: string) => page.includes('.zh-CN');
	const wanted = pages.filter(
		(page) =>
			!/README/.test(page) && (page === UNTRANSLATED || isChinese(page) === isChinese(path)),
	);
	expect(wanted.filter((page) => !linked.includes(page))).toEqual([]);
});

it('every page of docs/ but the benchmark is there in both languages', () => {
	const translated: string[] = translations.flat();
	const others = pages.filter((page) => !translated.includes(page));
	expect(others).toEqual([UNTRANSLATED]);
});

it('npm packs the English README alone: it leaves links out, and a second one could become the one it shows', () => {
	const readmes = readdirSync('.').filter((name) => /^readme(\.|$)/i.test(name));
	expect(readmes.filter((name) => !lstatSync(name).isSymbolicLink())).toEqual(['README.md']);
});

it('the Chinese README is found beside the English one', () => {
	expect(readlinkSync('README.zh-CN.md')).toBe('docs/README.zh-CN.md');
});

const isOutside = (target: string) => /^https?:/.test(target);

/** The English page that `target` translates. */
function inEnglish(target: string): string {
	return (
		translations.find(([, translated]) => translated === target)?.[0] ??
		target.replace('.zh-CN', '')
	);
}

/** Where the links and images of a page lead: addresses, or files as seen from the top folder. */
function links(path: string): Array<{ target: string; anchor?: string }> {
	return [...prose(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => {
		const [file = '', anchor] = link.split('#');
		if (isOutside(file)) return { target: file };
		return { target: file === '' ? path : join(dirname(path), file), anchor };
	});
}

function headings(path: string): Array<{ level: number; text: string }> {
	return [...prose(path).matchAll(/^(#+) (.+)$/gm)].map(([, signs = '', text = '']) => ({
		level: signs.length,
		text,
	}));
}

/** As GitHub and npm make them. */
function anchors(path: string): string[] {
	return headings(path).map(({ text }) =>
		text
			.toLowerCase()
			.replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
			.replaceAll(' ', '-'),
	);
}

import {
	DEFAULT_FILE_NAME,
	fileName,
	FILE_NAME_PLACEHOLDERS,
	type FileNameFacts,
} from '../../../../nodes/Seedream/images/fileName';

const FACTS: FileNameFacts = {
	row: 12,
	image: 2,
	number: 31,
	taskId: 'task-unified-1',
	provider: 'evoLink',
	model: 'doubao-seedream-4.5',
	prompt: 'A quiet lake',
	date: new Date('2026-11-20T23:59:59.999Z'),
};

function named(template: string, facts: Partial<FileNameFacts> = {}): string {
	return fileName(template, { ...FACTS, ...facts }, 'png');
}

describe('a file name', () => {
	it.each([
		['{row}', '12.png'],
		['{image}', '2.png'],
		['{taskId}', 'task-unified-1.png'],
		['{provider}', 'evoLink.png'],
		['{model}', 'doubao-seedream-4.5.png'],
		['{prompt}', 'A-quiet-lake.png'],
		['{date}', '2026-11-20.png'],
		['{row}-{prompt}-{image}', '12-A-quiet-lake-2.png'],
		['{image}{image}', '22.png'],
		['{row}.{image}', '12.2.png'],
		['my image', 'my-image.png'],
		['{taskID}', 'taskID.png'],
		['{ row }', 'row.png'],
	])('from the template %s is %s', (template, name) => {
		expect(named(template)).toBe(name);
	});

	it.each(['', '   ', DEFAULT_FILE_NAME])(
		'from the template %j consists of the task and the image',
		(template) => {
			expect(named(template)).toBe('task-unified-1-2.png');
		},
	);

	it('has the extension of its format', () => {
		expect(fileName('{row}', FACTS, 'jpg')).toBe('12.jpg');
	});

	it.each([
		['宁静的湖', '宁静的湖.png'],
		['Ein stiller See, früh', 'Ein-stiller-See-früh.png'],
		['fru\u0308h', 'früh.png'],
		['湖🌅山', '湖-山.png'],
		['дом 7', 'дом-7.png'],
	])('keeps the letters of every script: %s', (prompt, name) => {
		expect(named('{prompt}', { prompt })).toBe(name);
	});

	it.each([
		['../../etc/passwd', 'etc-passwd.png'],
		['..\\..\\windows', 'windows.png'],
		['/absolute', 'absolute.png'],
		['a/b\\c', 'a-b-c.png'],
		['C:\\con*?"<>|', 'C-con.png'],
		['.hidden', 'hidden.png'],
		['ends.', 'ends.png'],
		['line\none\u0000two', 'line-one-two.png'],
		['-rf', 'rf.png'],
		['$& $1 $$', '1.png'],
		['a  --  b', 'a-b.png'],
	])('is never a path, an option or a hidden file: %j', (words, name) => {
		expect(named('{prompt}', { prompt: words })).toBe(name);
		expect(named(words)).toBe(name);
	});

	it.each(['', '...', '///', '🌅', '---'])('is "image" if nothing remains of %j', (prompt) => {
		expect(named('{prompt}', { prompt })).toBe('image.png');
	});

	it("doesn't replace placeholders in the prompt", () => {
		expect(named('{prompt}', { prompt: '{taskId} {date}' })).toBe('taskId-date.png');
	});

	it.each([
		['A serene mountain lake at sunrise, perfect reflections', 'A-serene-mountain-lake-at-sunrise'],
		['A paper coffee cup on a white train table', 'A-paper-coffee-cup-on-a-white-train'],
		['A paper coffee cup on a train, night fog over it', 'A-paper-coffee-cup-on-a-train-night-fog'],
		[
			'A poster: 一片宁静的湖水倒映着夕阳的美景春季新品海报留出标题空间一片宁静的湖水倒映着夕阳',
			'A-poster-一片宁静的湖水倒映着夕阳的美景春季新品海报留出标题空间一片宁',
		],
		['A paper coffee cup on a train, nightly rains', 'A-paper-coffee-cup-on-a-train-nightly'],
	])('contains the beginning of the prompt, in whole words: %s', (prompt, name) => {
		expect(named('{prompt}', { prompt })).toBe(`${name}.png`);
	});

	it('contains the first forty characters of the prompt, and never half of one', () => {
		expect(named('{prompt}', { prompt: 'x'.repeat(41) })).toBe(`${'x'.repeat(40)}.png`);
		expect(named('{prompt}', { prompt: '𠮷'.repeat(41) })).toBe(`${'𠮷'.repeat(40)}.png`);
	});

	it.each(['x', '湖', '𠮷', 'é'])('is no longer than file systems allow: %s', (letter) => {
		const name = named(letter.repeat(500));
		expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
		expect(Buffer.byteLength(name)).toBeGreaterThan(230);
		expect(name).toBe(`${letter.repeat([...name].length - 4)}.png`);
	});
});

it('FILE_NAME_PLACEHOLDERS lists every placeholder', () => {
	const template = FILE_NAME_PLACEHOLDERS.map((name) => `{${name}}`).join('_');
	expect(named(template)).toBe(
		'12_2_31_task-unified-1_evoLink_doubao-seedream-4.5_A-quiet-lake_2026-11-20.png',
	);
});

describe('a placeholder value that is too long', () => {
	it.each([
		[`${'x'.repeat(300)}-{image}`, /^x{200,}-2\.png$/],
		[`${'x'.repeat(300)}{image}`, /^x{200,}2\.png$/],
		[`{row}_${'x'.repeat(300)}_{image}`, /^12_x{200,}_2\.png$/],
		[`{row} - ${'湖'.repeat(300)} - {image}`, /^12-湖{60,}-2\.png$/],
		[`shoes of ${'x'.repeat(300)}`, /^shoes-of-x{200,}\.png$/],
		[`{taskId}-${'x'.repeat(5000)}-{number}`, /^task-unified-1-x{200,}-31\.png$/],
		[`${'x'.repeat(300)}.jpg-{image}`, /^x{200,}-2\.png$/],
	])('is shortened, and the rest is kept: %s', (template, expected) => {
		const name = named(template);
		expect(name).toMatch(expected);
		expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
	});

	it('is shortened first if it is the longest', () => {
		const facts = { prompt: '湖'.repeat(40), model: 'm'.repeat(30) };
		const name = named(`${'y'.repeat(150)}_{prompt}_{model}_{image}`, facts);
		expect(name).toMatch(/^y{50,}_湖{20,}_m{30}_2\.png$/);
	});

	it.each(['{taskId}', '{taskId}-{image}'])(
		'may disappear in favor of what makes names unique: %s',
		(template) => {
			const name = named(template, { taskId: 't'.repeat(400) });
			expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
		},
	);
});

describe('an image extension in the template', () => {
	it.each([
		['shoe.jpg', 'shoe.png'],
		['shoe.JPEG', 'shoe.png'],
		['shoe.webp.png', 'shoe.png'],
		['shoe.heic', 'shoe.png'],
		['shoe.jpg-{image}', 'shoe-2.png'],
		['shoe.jpg {row}_{image}', 'shoe-12_2.png'],
		['{image}-shoe.png', '2-shoe.png'],
		['shoe.v2', 'shoe.v2.png'],
		['shoe.txt', 'shoe.txt.png'],
		['a.jpg and b', 'a.jpg-and-b.png'],
		['png', 'png.png'],
		['.png', 'png.png'],
	])("isn't doubled: %s", (template, name) => {
		expect(named(template)).toBe(name);
	});

	it("isn't doubled if it comes from the prompt", () => {
		expect(named('{prompt}', { prompt: 'shoe.jpg' })).toBe('shoe.png');
	});
});

it.each([
	['CON', 'CON-image.png'],
	['nul', 'nul-image.png'],
	['aux.txt', 'aux-image.txt.png'],
	['PRN.jpg', 'PRN-image.png'],
	['com1', 'com1-image.png'],
	['COM¹', 'COM¹-image.png'],
	['lpt9.tar.gz', 'lpt9-image.tar.gz.png'],
	['CONIN$', 'CONIN-image.png'],
	['con ', 'con-image.png'],
	['console', 'console.png'],
	['com10', 'com10.png'],
	['aux-1', 'aux-1.png'],
	['my.con', 'my.con.png'],
])('no file name is a Windows device: %s', (template, name) => {
	expect(named(template)).toBe(name);
});

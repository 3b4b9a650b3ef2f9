import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { forEachProvider, engine, ONE_PER_PROVIDER, type Fixture } from './fixture';
import { sandboxCredentials, type System } from './systems';

/** Spreadsheet cells as people fill them: what's rejected sends nothing, everything else is sent. */

const A = 'https://a.example/1.png';
const B = 'https://b.example/2.png';

/** With a model that takes references. */
const withReferences = ({ provider }: System): INodeParameters =>
	provider === 'apiInOne' ? { model: 'auto' } : {};

async function generate(
	fixture: Fixture,
	rows: IDataObject[],
	parameters: INodeParameters,
	options: Partial<Parameters<Fixture['generate']>[1]> = {},
) {
	return await fixture.generate([], { ...options, rows, parameters });
}

const bodies = (fixture: Fixture) =>
	fixture.requests('create').map(({ body }) => body as IDataObject);
const referencesSent = (fixture: Fixture) => bodies(fixture).map(({ image_urls: links }) => links);

async function expectRefused(
	fixture: Fixture,
	rows: IDataObject[],
	parameters: INodeParameters,
	problem: RegExp,
): Promise<void> {
	const { error, items } = await generate(fixture, rows, parameters);
	expect(error?.message).toMatch(problem);
	expect(error?.description).toContain("You weren't charged");
	expect(items).toEqual([]);
	expect(fixture.sandbox.requests).toEqual([]);
}

describe('an expression without a value', () => {
	const REQUIRED: Array<[string, INodeParameters, RegExp]> = [
		[
			'a reference',
			{ imageUrls: '={{ $json.foto }}' },
			/^'Reference Image URLs' uses \{\{ \$json\.foto \}\}, which has no value in this row\. .*\{\{ \$json\.foto \?\? '' \}\}/,
		],
		[
			'a reference with a line behind',
			{ imageUrls: '={{ $json.foto }}\n' },
			/\{\{ \$json\.foto \}\}, which has no value/,
		],
		[
			'a reference among others',
			{ imageUrls: `=${A}, {{ $json.foto }}` },
			/\{\{ \$json\.foto \}\}, which has no value/,
		],
		[
			'a reference in a list',
			{ imageUrls: '={{ [$json.prompt, $json.foto] }}' },
			/^'Reference Image URLs' uses .* no value/,
		],
		[
			'a reference of a link',
			{ imageUrls: '=https://cdn.example/{{ $json.file.name }}.png' },
			/has no value in this row/,
		],
		[
			'a file',
			{ imageFields: '={{ $binary.image }}' },
			/^'Reference Image Fields' uses \{\{ \$binary\.image \}\}, which has no value/,
		],
		[
			'a file of another node',
			{ imageFields: "={{ $('Rows').item.binary.data }}" },
			/^'Reference Image Fields' uses .* no value/,
		],
		[
			'files in a list',
			{ imageFields: '={{ [$binary.a, $binary.b] }}' },
			/^'Reference Image Fields' uses .* no value/,
		],
		[
			'the prompt',
			{ prompt: '={{ $json.promt }}' },
			/^'Prompt' uses \{\{ \$json\.promt \}\}, which has no value in this row\. Check the name$/,
		],
		[
			'a part of the prompt',
			{ prompt: '=A {{ $json.color }} lake' },
			/^'Prompt' uses \{\{ \$json\.color \}\}, which has no value/,
		],
		['the provider', { provider: '={{ $json.provider }}' }, /^'Provider' uses .* no value/],
		['the ratio', { aspectRatio: '={{ $json.ratio }}' }, /^'Aspect Ratio' uses .* no value/],
		[
			'the resolution',
			{ resolution: '={{ $json.size }}' },
			/^'(Resolution|Quality)' uses .* no value/,
		],
		[
			'a callback',
			{ additionalFields: { callbackUrl: '={{ $json.hook }}' } },
			/^'Callback URL' uses .* no value/,
		],
		[
			'the extra body',
			{ additionalFields: { extraBody: '={{ $json.more }}' } },
			/^'Extra Body' uses .* no value/,
		],
	];

	forEachProvider('is rejected before anything is sent', async (fixture) => {
		for (const [, parameters, problem] of REQUIRED) {
			const all = { ...withReferences(fixture.system), ...parameters };
			await expectRefused(fixture, [{ prompt: 'A lake' }], all, problem);
		}
	});

	forEachProvider('is not the same as an empty cell, which means no reference', async (fixture) => {
		const rows = [{ prompt: 'one', foto: '' }, { prompt: 'two', foto: null }, { prompt: 'three' }];
		const { items, error } = await generate(fixture, rows, {
			imageUrls: "={{ $json.foto ?? '' }}",
			imageFields: "={{ $binary.image ?? '' }}",
			aspectRatio: "={{ $json.ratio ?? '' }}",
		});
		expect(error).toBeUndefined();
		expect(items).toHaveLength(3);
		expect(referencesSent(fixture)).toEqual([undefined, undefined, undefined]);
	});

	forEachProvider(
		'in a setting counts as an empty cell if other rows have a value',
		async (fixture) => {
			const rows = [
				{ prompt: 'one' },
				{ prompt: 'two', ratio: '16:9' },
				{ prompt: 'three', ratio: '' },
			];
			const { error } = await generate(fixture, rows, {
				aspectRatio: '={{ $json.ratio }}',
				model: '={{ $json.model }}',
			});
			expect(error).toBeUndefined();
			const sent = bodies(fixture).map((body) => [body.prompt, body.size ?? body.aspect_ratio]);
			expect(sent.sort()).toEqual([
				['one', undefined],
				['three', undefined],
				['two', '16:9'],
			]);
		},
	);

	forEachProvider('leaves settings of the execution at their defaults', async (fixture) => {
		const { items, error } = await generate(fixture, [{ prompt: 'A lake' }], {
			options: { timeout: '={{ $json.timeout }}', fileName: '={{ $json.name }}' },
		});
		expect(error).toBeUndefined();
		expect(items[0]?.json.status).toBe('completed');
	});

	forEachProvider('only fails its own row with Continue (regular output)', async (fixture) => {
		const rows = [{ prompt: 'one', foto: A }, { prompt: 'two' }];
		const { items } = await generate(
			fixture,
			rows,
			{ ...withReferences(fixture.system), imageUrls: '={{ $json.foto }}' },
			{ onError: 'continueRegularOutput' },
		);
		expect(items.map(({ json }) => json.status)).toEqual(['completed', 'failed']);
		expect(items[1]?.json.error).toMatchObject({ charged: 'no', code: 'invalid_row' });
		expect(fixture.createdPrompts()).toEqual(['one']);
	});
});

describe('a prompt like null or #N/A', () => {
	const PROMPTS = [
		...['\u200b', '\u2800 \ufe0f', '#N/A', '#REF!', '#BEZUG!', 'Loading...', 'undefined', 'null'],
		...['NaN', '[object Object]', 'A lake with [object Object]', '{{ $json.title }}'],
	];

	forEachProvider(
		'is rejected before anything is sent',
		async (fixture) => {
			for (const prompt of PROMPTS) {
				await expectRefused(
					fixture,
					[{ prompt }],
					{ prompt: '={{ $json.prompt }}', imageUrls: '' },
					/^'Prompt' (is|contains) /,
				);
			}
			await expectRefused(
				fixture,
				[{ prompt: { a: 1 } }],
				{ prompt: '={{ $json.prompt }} lake' },
				/object Object/,
			);
		},
		{},
		ONE_PER_PROVIDER,
	);

	forEachProvider('is different from one that mentions these words', async (fixture) => {
		const prompts = ['A poster that says #N/A', 'null island at dawn', '\ufeffA lake\u200b'];
		const { error } = await fixture.generate(prompts);
		expect(error).toBeUndefined();
		expect(fixture.createdPrompts()).toEqual([
			'A lake',
			'A poster that says #N/A',
			'null island at dawn',
		]);
	});
});

describe('an empty row', () => {
	const PARAMETERS = {
		imageUrls: '={{ $json.foto }}',
		options: { fileName: '={{ $json.name }}-{image}' },
	};

	forEachProvider('is skipped with a hint', async (fixture) => {
		const rows = [
			{ prompt: '', foto: '', name: '' },
			{ prompt: 'one', foto: '', name: '1' },
			{ prompt: ' ', foto: null, name: '' },
			{ prompt: 'two', foto: '', name: '2' },
			{ prompt: '\u3000', foto: '', name: '\u200b' },
			{},
			{ row_number: 7 },
		];
		const { error, items, hints } = await generate(fixture, rows, {
			...withReferences(fixture.system),
			...PARAMETERS,
		});
		expect(error).toBeUndefined();
		expect(items.map(({ json, pairedItem }) => [json.prompt, pairedItem])).toEqual([
			['one', { item: 1 }],
			['two', { item: 3 }],
		]);
		expect(fixture.createdPrompts()).toEqual(['one', 'two']);
		expect(hints[0]?.message).toMatch(/Skipped 5 empty rows: rows 1, 3, 5, 6, 7\./);
	});

	forEachProvider('is not one with a value for any other parameter', async (fixture) => {
		const all = { ...withReferences(fixture.system), ...PARAMETERS };
		await expectRefused(fixture, [{ prompt: '', foto: A, name: '' }], all, /'Prompt' is empty/);
		await expectRefused(
			fixture,
			[{ prompt: '', foto: '', name: 'shoe' }],
			all,
			/'Prompt' is empty/,
		);
		await expectRefused(fixture, [{ name: 'shoe' }], { options: {} }, /'Prompt' uses .* no value/);
		await expectRefused(fixture, [{}], { prompt: "={{ '' }}" }, /'Prompt' is empty/);
	});

	forEachProvider('sends nothing if all rows are empty', async (fixture) => {
		const { error, items, hints } = await fixture.generate(['', '']);
		expect([error, items]).toEqual([undefined, []]);
		expect(hints[0]?.message).toBe('Skipped 2 empty rows: rows 1, 2.');
		expect(fixture.sandbox.requests).toEqual([]);
	});

	forEachProvider('is skipped by Seedream Task Status as well', async (fixture) => {
		const made = await fixture.generate(['one']);
		const run = {
			node: 'seedreamTaskStatus' as const,
			credentials: sandboxCredentials(fixture.sandbox),
			parameters: {
				provider: fixture.system.provider,
				taskId: '={{ $json.taskId }}',
				downloadImages: false,
			},
		};
		const { taskId } = made.items[0]?.json ?? {};
		const { items, error, hints } = await (
			await engine()
		).run({ ...run, rows: [{ taskId: '' }, { taskId }] });
		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json.taskId)).toEqual([taskId]);
		expect(hints[0]?.message).toMatch(/Skipped 1 empty row: row 1\./);
		const wrong = await (await engine()).run({ ...run, rows: [{ id: 'x' }] });
		expect(wrong.error?.message).toMatch(
			/^'Task ID' uses \{\{ \$json\.taskId \}\}, which has no value/,
		);
	});
});

describe('reference links', () => {
	forEachProvider('are separated, repaired and unpacked', async (fixture) => {
		const page = 'https://drive.google.com/file/d/1AbC_d-9/view?usp=sharing';
		const direct = 'https://drive.google.com/uc?export=download&id=1AbC_d-9';
		const cells: Array<[unknown, string[]]> = [
			[`${A};${B}`, [A, B]],
			[`${A}，${B}；`, [A, B]],
			[`${A}; ${B}`, [A, B]],
			[
				[
					{ id: 'att1', url: A },
					{ id: 'att2', url: B },
				],
				[A, B],
			],
			[{ url: A }, [A]],
			[JSON.stringify([{ url: A }]), [A]],
			[`${A}\u200b`, [A]],
			['https://a.example/my photo.png', ['https://a.example/my%20photo.png']],
			[page, [direct]],
		];
		const rows = cells.map(([foto], row) => ({ prompt: `row ${row}`, foto }) as IDataObject);
		const { error } = await generate(fixture, rows, {
			...withReferences(fixture.system),
			imageUrls: '={{ $json.foto }}',
		});
		expect(error).toBeUndefined();
		const sent = Object.fromEntries(
			bodies(fixture).map(({ prompt, image_urls: links }) => [prompt, links]),
		);
		expect(sent).toEqual(Object.fromEntries(cells.map(([, links], row) => [`row ${row}`, links])));
	});

	const PAGES = [
		'file:///home/me/1.png',
		'/files/1.png',
		'https://photos.app.goo.gl/abc',
		'https://we.tl/t-abc',
	];

	forEachProvider('that cannot be images are rejected before anything is sent', async (fixture) => {
		for (const imageUrls of PAGES) {
			await expectRefused(
				fixture,
				[{ prompt: 'A lake' }],
				{ ...withReferences(fixture.system), imageUrls },
				/^'Reference Image URLs' /,
			);
		}
	});

	forEachProvider(
		'into a private network are accepted for a provider that is in it',
		async (fixture) => {
			const link = fixture.sandbox.addFile(Buffer.from('cat'), 'image/png');
			await generate(fixture, [{ prompt: 'A lake' }], {
				...withReferences(fixture.system),
				imageUrls: link,
			});
			expect(referencesSent(fixture)).toEqual([[link]]);
		},
	);

	forEachProvider('into a private network are rejected for any other provider', async (fixture) => {
		const credentials = sandboxCredentials(fixture.sandbox);
		for (const credential of Object.values(credentials))
			credential.baseUrl = 'https://api.example.com';
		for (const imageUrls of [
			'http://localhost/1.png',
			'https://192.168.1.7/1.png',
			'http://nas.local/1.png',
		]) {
			const parameters = { ...withReferences(fixture.system), imageUrls };
			const { error } = await generate(fixture, [{ prompt: 'A lake' }], parameters, {
				credentials,
			});
			expect(error?.message).toMatch(/is in a private network that the provider can't reach/);
		}
		expect(fixture.sandbox.requests).toEqual([]);
	});
});

forEachProvider('parameters are read in the formats of spreadsheets', async (fixture) => {
	const row = {
		prompt: 'A lake',
		provider: fixture.system.provider.toUpperCase(),
		model: 'Seedream 4.5',
		ratio: '16:09:00',
		download: 'FALSE',
		field: 7,
		name: 10452,
		timeout: '',
		nothing: null,
	};
	const { error } = await generate(fixture, [row], {
		provider: '={{ $json.provider }}',
		model: '={{ $json.model }}',
		aspectRatio: '={{ $json.ratio }}',
		resolution: '={{ $json.nothing }}',
		downloadImages: '={{ $json.download }}',
		outputField: '={{ $json.field }}',
		options: {
			fileName: '={{ $json.name }}',
			timeout: '={{ $json.timeout }}',
			concurrency: '={{ $json.nothing }}',
			simplify: 'TRUE',
		},
	});
	expect(error).toBeUndefined();
	const [body = {}] = bodies(fixture);
	expect(body.size ?? body.aspect_ratio).toBe('16:9');
	expect(body.prompt).toBe('A lake');
});

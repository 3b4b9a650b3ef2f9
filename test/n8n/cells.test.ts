import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { atEach, engine, ONE_OF_EACH, type Scene } from './fixture';
import { sandboxCredentials, type System } from './systems';

/** Cells as people have them, in n8n's own engine: what is refused sends nothing, what is read is sent. */

const A = 'https://a.example/1.png';
const B = 'https://b.example/2.png';

/** With a model that takes references. */
const withReferences = ({ provider }: System): INodeParameters =>
	provider === 'apiInOne' ? { model: 'auto' } : {};

async function generate(
	at: Scene,
	rows: IDataObject[],
	parameters: INodeParameters,
	options: Partial<Parameters<Scene['generate']>[1]> = {},
) {
	return await at.generate([], { ...options, rows, parameters });
}

const bodies = (at: Scene) => at.requests('create').map(({ body }) => body as IDataObject);
const referencesSent = (at: Scene) => bodies(at).map(({ image_urls: links }) => links);

async function expectRefused(
	at: Scene,
	rows: IDataObject[],
	parameters: INodeParameters,
	problem: RegExp,
): Promise<void> {
	const { error, items } = await generate(at, rows, parameters);
	expect(error?.message).toMatch(problem);
	expect(error?.description).toContain('Nothing was charged');
	expect(items).toEqual([]);
	expect(at.sandbox.requests).toEqual([]);
}

describe('an expression that found nothing', () => {
	const REQUIRED: Array<[string, INodeParameters, RegExp]> = [
		[
			'a reference',
			{ imageUrls: '={{ $json.foto }}' },
			/^Reference Image URLs: \{\{ \$json\.foto \}\} found nothing in this row\. .*\{\{ \$json\.foto \?\? '' \}\}/,
		],
		[
			'a reference with a line behind',
			{ imageUrls: '={{ $json.foto }}\n' },
			/\{\{ \$json\.foto \}\} found/,
		],
		[
			'a reference among others',
			{ imageUrls: `=${A}, {{ $json.foto }}` },
			/\{\{ \$json\.foto \}\} found/,
		],
		[
			'a reference in a list',
			{ imageUrls: '={{ [$json.prompt, $json.foto] }}' },
			/^Reference Image URLs: .* found/,
		],
		[
			'a reference of a link',
			{ imageUrls: '=https://cdn.example/{{ $json.file.name }}.png' },
			/found nothing/,
		],
		[
			'a file',
			{ imageFields: '={{ $binary.image }}' },
			/^Reference Image Fields: \{\{ \$binary\.image \}\} found/,
		],
		[
			'a file of another node',
			{ imageFields: "={{ $('Rows').item.binary.data }}" },
			/^Reference Image Fields: .* found/,
		],
		[
			'files in a list',
			{ imageFields: '={{ [$binary.a, $binary.b] }}' },
			/^Reference Image Fields: .* found/,
		],
		[
			'the prompt',
			{ prompt: '={{ $json.promt }}' },
			/^Prompt: \{\{ \$json\.promt \}\} found nothing in this row: check the name$/,
		],
		[
			'a part of the prompt',
			{ prompt: '=A {{ $json.color }} lake' },
			/^Prompt: \{\{ \$json\.color \}\} found/,
		],
		['the provider', { provider: '={{ $json.provider }}' }, /^Provider: .* found/],
		['the ratio', { aspectRatio: '={{ $json.ratio }}' }, /^Aspect Ratio: .* found/],
		['the resolution', { resolution: '={{ $json.size }}' }, /^(Resolution|Quality): .* found/],
		[
			'a callback',
			{ additionalFields: { callbackUrl: '={{ $json.hook }}' } },
			/^Callback URL: .* found/,
		],
		[
			'the extra body',
			{ additionalFields: { extraBody: '={{ $json.more }}' } },
			/^Extra Body: .* found/,
		],
	];

	atEach('is refused before anything is sent', async (at) => {
		for (const [, parameters, problem] of REQUIRED) {
			const all = { ...withReferences(at.system), ...parameters };
			await expectRefused(at, [{ prompt: 'A lake' }], all, problem);
		}
	});

	atEach('is no empty cell, which means no reference', async (at) => {
		const rows = [{ prompt: 'one', foto: '' }, { prompt: 'two', foto: null }, { prompt: 'three' }];
		const { items, error } = await generate(at, rows, {
			imageUrls: "={{ $json.foto ?? '' }}",
			imageFields: "={{ $binary.image ?? '' }}",
			aspectRatio: "={{ $json.ratio ?? '' }}",
		});
		expect(error).toBeUndefined();
		expect(items).toHaveLength(3);
		expect(referencesSent(at)).toEqual([undefined, undefined, undefined]);
	});

	atEach('in a setting is an empty cell where other rows have it', async (at) => {
		const rows = [
			{ prompt: 'one' },
			{ prompt: 'two', ratio: '16:9' },
			{ prompt: 'three', ratio: '' },
		];
		const { error } = await generate(at, rows, {
			aspectRatio: '={{ $json.ratio }}',
			model: '={{ $json.model }}',
		});
		expect(error).toBeUndefined();
		const sent = bodies(at).map((body) => [body.prompt, body.size ?? body.aspect_ratio]);
		expect(sent.sort()).toEqual([
			['one', undefined],
			['three', undefined],
			['two', '16:9'],
		]);
	});

	atEach('leaves what only says how to go on to its default', async (at) => {
		const { items, error } = await generate(at, [{ prompt: 'A lake' }], {
			options: { timeout: '={{ $json.timeout }}', fileName: '={{ $json.name }}' },
		});
		expect(error).toBeUndefined();
		expect(items[0]?.json.status).toBe('completed');
	});

	atEach('fails its own row only, where the workflow goes on', async (at) => {
		const rows = [{ prompt: 'one', foto: A }, { prompt: 'two' }];
		const { items } = await generate(
			at,
			rows,
			{ ...withReferences(at.system), imageUrls: '={{ $json.foto }}' },
			{ onError: 'continueRegularOutput' },
		);
		expect(items.map(({ json }) => json.status)).toEqual(['completed', 'failed']);
		expect(items[1]?.json.error).toMatchObject({ charged: 'no', code: 'invalid_row' });
		expect(at.created()).toEqual(['one']);
	});
});

describe('a prompt that says nothing', () => {
	const PROMPTS = [
		...['\u200b', '\u2800 \ufe0f', '#N/A', '#REF!', '#BEZUG!', 'Loading...', 'undefined', 'null'],
		...['NaN', '[object Object]', 'A lake with [object Object]', '{{ $json.title }}'],
	];

	atEach(
		'is refused before anything is sent',
		async (at) => {
			for (const prompt of PROMPTS) {
				await expectRefused(
					at,
					[{ prompt }],
					{ prompt: '={{ $json.prompt }}', imageUrls: '' },
					/^Prompt: (is|holds) /,
				);
			}
			await expectRefused(
				at,
				[{ prompt: { a: 1 } }],
				{ prompt: '={{ $json.prompt }} lake' },
				/object Object/,
			);
		},
		{},
		ONE_OF_EACH,
	);

	atEach('is none that only talks of such words', async (at) => {
		const prompts = ['A poster that says #N/A', 'null island at dawn', '\ufeffA lake\u200b'];
		const { error } = await at.generate(prompts);
		expect(error).toBeUndefined();
		expect(at.created()).toEqual(['A lake', 'A poster that says #N/A', 'null island at dawn']);
	});
});

describe('an empty row', () => {
	const PARAMETERS = {
		imageUrls: '={{ $json.foto }}',
		options: { fileName: '={{ $json.name }}-{image}' },
	};

	atEach('is skipped, and said so', async (at) => {
		const rows = [
			{ prompt: '', foto: '', name: '' },
			{ prompt: 'one', foto: '', name: '1' },
			{ prompt: ' ', foto: null, name: '' },
			{ prompt: 'two', foto: '', name: '2' },
			{ prompt: '\u3000', foto: '', name: '\u200b' },
			{},
			{ row_number: 7 },
		];
		const { error, items, hints } = await generate(at, rows, {
			...withReferences(at.system),
			...PARAMETERS,
		});
		expect(error).toBeUndefined();
		expect(items.map(({ json, pairedItem }) => [json.prompt, pairedItem])).toEqual([
			['one', { item: 1 }],
			['two', { item: 3 }],
		]);
		expect(at.created()).toEqual(['one', 'two']);
		expect(hints[0]?.message).toMatch(/5 empty rows were skipped: rows 1, 3, 5, 6, 7\./);
	});

	atEach('is no row with anything else of ours', async (at) => {
		const all = { ...withReferences(at.system), ...PARAMETERS };
		await expectRefused(at, [{ prompt: '', foto: A, name: '' }], all, /Prompt: is empty/);
		await expectRefused(at, [{ prompt: '', foto: '', name: 'shoe' }], all, /Prompt: is empty/);
		await expectRefused(at, [{ name: 'shoe' }], { options: {} }, /Prompt: .* found nothing/);
		await expectRefused(at, [{}], { prompt: "={{ '' }}" }, /Prompt: is empty/);
	});

	atEach('sends nothing where all of them are', async (at) => {
		const { error, items, hints } = await at.generate(['', '']);
		expect([error, items]).toEqual([undefined, []]);
		expect(hints[0]?.message).toBe('2 empty rows were skipped: rows 1, 2.');
		expect(at.sandbox.requests).toEqual([]);
	});

	atEach('is skipped by Seedream Task Status as well', async (at) => {
		const made = await at.generate(['one']);
		const run = {
			node: 'seedreamTaskStatus' as const,
			credentials: sandboxCredentials(at.sandbox),
			parameters: {
				provider: at.system.provider,
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
		expect(hints[0]?.message).toMatch(/1 empty row was skipped: row 1\./);
		const wrong = await (await engine()).run({ ...run, rows: [{ id: 'x' }] });
		expect(wrong.error?.message).toMatch(/^Task ID: \{\{ \$json\.taskId \}\} found nothing/);
	});
});

describe('links', () => {
	atEach('are told apart, mended and unpacked', async (at) => {
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
		const { error } = await generate(at, rows, {
			...withReferences(at.system),
			imageUrls: '={{ $json.foto }}',
		});
		expect(error).toBeUndefined();
		const sent = Object.fromEntries(
			bodies(at).map(({ prompt, image_urls: links }) => [prompt, links]),
		);
		expect(sent).toEqual(Object.fromEntries(cells.map(([, links], row) => [`row ${row}`, links])));
	});

	const PAGES = [
		'file:///home/me/1.png',
		'/files/1.png',
		'https://photos.app.goo.gl/abc',
		'https://we.tl/t-abc',
	];

	atEach('that lead to no image send nothing', async (at) => {
		for (const imageUrls of PAGES) {
			await expectRefused(
				at,
				[{ prompt: 'A lake' }],
				{ ...withReferences(at.system), imageUrls },
				/^Reference Image URLs: /,
			);
		}
	});

	atEach('into a private network are opened by a provider that is in one', async (at) => {
		const link = at.sandbox.addFile(Buffer.from('cat'), 'image/png');
		await generate(at, [{ prompt: 'A lake' }], { ...withReferences(at.system), imageUrls: link });
		expect(referencesSent(at)).toEqual([[link]]);
	});

	atEach('into a private network are refused for any other', async (at) => {
		const credentials = sandboxCredentials(at.sandbox);
		for (const credential of Object.values(credentials))
			credential.baseUrl = 'https://api.example.com';
		for (const imageUrls of [
			'http://localhost/1.png',
			'https://192.168.1.7/1.png',
			'http://nas.local/1.png',
		]) {
			const parameters = { ...withReferences(at.system), imageUrls };
			const { error } = await generate(at, [{ prompt: 'A lake' }], parameters, { credentials });
			expect(error?.message).toMatch(/is in a private network, and no provider can open it/);
		}
		expect(at.sandbox.requests).toEqual([]);
	});
});

atEach('settings are read as a sheet writes them', async (at) => {
	const row = {
		prompt: 'A lake',
		provider: at.system.provider.toUpperCase(),
		model: 'Seedream 4.5',
		ratio: '16:09:00',
		download: 'FALSE',
		field: 7,
		name: 10452,
		timeout: '',
		nothing: null,
	};
	const { error } = await generate(at, [row], {
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
	const [body = {}] = bodies(at);
	expect(body.size ?? body.aspect_ratio).toBe('16:9');
	expect(body.prompt).toBe('A lake');
});

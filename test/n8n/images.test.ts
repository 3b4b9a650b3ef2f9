import dns from 'node:dns';
import type { IBinaryData, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import sharp from 'sharp';

import type { Fault, SandboxRequest } from '../sandbox/sandbox';
import { answer, atEach, engine, ONE_OF_EACH, type Scene } from './fixture';
import { sandboxCredentials, systems, type System } from './systems';

/** What becomes of finished images: those that come late, in part, under one name, or from elsewhere. */

const SEVERAL: readonly System[] = systems.filter(
	({ title }) => title === 'EvoLink Seedream 4.5' || title === 'APIMart Seedream 4.5',
);
const EVOLINK = ONE_OF_EACH.filter(({ provider }) => provider === 'evoLink');

/** Of each row so many images, downloaded. */
const images = (at: Scene, imageCount: number): INodeParameters => ({
	...at.system.several,
	prompt: '={{ "Generate 5 different images: " + $json.prompt }}',
	imageCount,
	downloadImages: true,
});

/** The index of the image that a link is of, from 0. */
const indexOf = ({ path }: SandboxRequest) => Number(/(\d+)\.png$/.exec(path)?.[1]);

/** What is done to the downloads of some images. */
function spoil(at: Scene, fault: (index: number, request: SandboxRequest) => Fault | undefined) {
	at.sandbox.setIntercept((request) =>
		request.step === 'download' ? fault(indexOf(request), request) : undefined,
	);
}

const GONE = answer(410);
const NO_FILE: IBinaryData = { data: '', mimeType: '' };
const fields = (items: readonly INodeExecutionData[], name: string) =>
	items.map(({ json }) => json[name]);
const names = (items: readonly INodeExecutionData[]) =>
	items.flatMap(({ binary }) => Object.values(binary ?? {}).map(({ fileName }) => fileName));

describe('of several images that were paid', () => {
	atEach(
		'those that came are handed on, and of the others an entry each',
		async (at) => {
			spoil(at, (index) => (index === 2 || index === 4 ? GONE : undefined));
			const { status, items, hints } = await at.generate(['a lake'], {
				parameters: images(at, 5),
			});

			expect(status).toBe('success');
			expect(fields(items, 'status')).toEqual([
				'completed',
				'completed',
				'failed',
				'completed',
				'failed',
			]);
			expect(fields(items, 'imageIndex')).toEqual([0, 1, 2, 3, 4]);
			expect(items.map(({ binary }) => Object.keys(binary ?? {}))).toEqual([
				['data'],
				['data'],
				[],
				['data'],
				[],
			]);
			expect(items.map(({ pairedItem }) => pairedItem)).toEqual(Array(5).fill({ item: 0 }));
			const [task] = at.sandbox.tasks();
			expect(items[2]?.json).toEqual({
				status: 'failed',
				provider: at.system.provider,
				taskId: task?.id,
				imageUrl: task?.images[2],
				imageIndex: 2,
				error: {
					message: `The image was made, but could not be downloaded: the link answered with HTTP 410 [task ${task?.id}]`,
					code: 'download_failed',
					type: 'download_error',
					charged: 'yes',
				},
			});
			expect(hints[0]?.message).toContain(
				'Row 1: Of 5 images, images 3, 5 could not be downloaded, although they were made and charged',
			);
			expect(at.imagesPaid()).toBe(5);
		},
		{},
		SEVERAL,
	);

	atEach(
		'in one item, each file keeps its place, and the entries stand behind',
		async (at) => {
			spoil(at, (index) => (index === 1 ? GONE : undefined));
			const { items } = await at.generate(['a lake', 'a hill'], {
				parameters: { ...images(at, 3), outputItems: 'perTask' },
			});

			expect(fields(items, 'status')).toEqual(['completed', 'failed', 'completed', 'failed']);
			expect(items.map(({ binary }) => Object.keys(binary ?? {}))).toEqual([
				['data', 'data_2'],
				[],
				['data', 'data_2'],
				[],
			]);
			expect(items[0]?.json.warning).toContain('image 2 could not be downloaded');
			expect(fields(items, 'imageIndex')).toEqual([undefined, 1, undefined, 1]);
		},
		{},
		SEVERAL,
	);

	atEach(
		'those that did not come go to the error output',
		async (at) => {
			spoil(at, (index) => (index === 1 ? GONE : undefined));
			const { items, errorItems } = await at.generate(['a lake'], {
				parameters: images(at, 3),
				onError: 'continueErrorOutput',
			});
			expect(fields(items, 'imageIndex')).toEqual([0, 2]);
			expect(fields(errorItems, 'imageIndex')).toEqual([1]);
			expect(errorItems[0]?.json).toMatchObject({ status: 'failed', error: { charged: 'yes' } });
		},
		{},
		SEVERAL,
	);

	atEach(
		'none is a failed row, as ever',
		async (at) => {
			spoil(at, () => GONE);
			const { status, error } = await at.generate(['a lake'], {
				parameters: images(at, 3),
			});
			expect(status).toBe('error');
			expect(error?.message).toMatch(/could not be downloaded: the link answered with HTTP 410/);
		},
		{},
		SEVERAL,
	);

	atEach(
		'a Retry fetches what is missing, and pays for nothing',
		async (at) => {
			let isDown = true;
			at.sandbox.setIntercept((request) => {
				if (request.step === 'query' && request.path.endsWith('/tasks/batch')) return answer(404);
				if (!isDown) return undefined;
				if (request.step === 'download' && indexOf(request) === 1) return GONE;
				const prompt = request.prompt ?? at.promptOf(request.taskId);
				return request.step === 'query' && prompt?.includes('a hill') ? answer(401) : undefined;
			});
			const run = { parameters: images(at, 3) };
			const failed = await at.generate(['a lake', 'a hill'], run);
			expect(failed.error?.message).toMatch(/^Row 2: /);
			isDown = false;
			const before = at.requests('download').length;
			const { items } = await at.generate([], { ...run, retryOf: failed });

			expect(fields(items, 'status')).toEqual(Array(6).fill('completed'));
			expect(names(items)).toHaveLength(6);
			const lake = at.sandbox.tasks().find(({ prompt }) => prompt?.includes('a lake'));
			const again = at.requests('download').slice(before);
			const ofLake = again.filter(({ taskId }) => taskId === lake?.id);
			expect(ofLake.map(indexOf)).toEqual([1]);
			for (const item of items) {
				const file = await (await engine()).readFile(item.binary?.data ?? NO_FILE);
				const answered = await fetch(String(item.json.imageUrl));
				expect(file.equals(Buffer.from(await answered.arrayBuffer()))).toBe(true);
			}
			expect(at.sandbox.tasks()).toHaveLength(2);
			expect(at.imagesPaid()).toBe(6);
		},
		{},
		SEVERAL,
	);

	atEach(
		'Retry On Fail fetches what is missing, where it is the first that n8n sees',
		async (at) => {
			spoil(at, (index, { attempt }) => (index === 0 && attempt <= 8 ? GONE : undefined));
			const { items, calls } = await at.generate(['a lake'], {
				parameters: images(at, 3),
				tries: 5,
			});
			expect(calls).toBeGreaterThan(1);
			expect(fields(items, 'status')).toEqual(Array(3).fill('completed'));
			expect(at.imagesPaid()).toBe(3);
		},
		{},
		SEVERAL,
	);

	atEach(
		'a loop over the error output gets each that is missing by its own, and pays for nothing',
		async (at) => {
			let turns = 0;
			spoil(at, (index) => (turns === 0 && index > 0 ? GONE : undefined));
			const { runs, errorItems } = await at.generate(['a lake'], {
				parameters: images(at, 3),
				onError: 'continueErrorOutput',
				loopErrors: 1,
				onMessage: (message) => {
					if (/0 running/.test(message)) turns += 1;
				},
			});
			expect(runs.map((items) => fields(items, 'imageIndex'))).toEqual([[0], [1, 2]]);
			expect(runs.flat().map(({ binary }) => Object.keys(binary ?? {}))).toEqual(
				Array(3).fill(['data']),
			);
			expect(errorItems).toEqual([]);
			expect(at.created()).toHaveLength(1);
			expect(at.imagesPaid()).toBe(3);
		},
		{},
		SEVERAL,
	);

	atEach(
		'Seedream Task Status hands on those that came as well',
		async (at) => {
			spoil(at, (index) => (index === 1 ? GONE : undefined));
			const submitted = await at.generate(['a lake'], {
				parameters: { ...images(at, 3), continueWhen: 'submitted' },
			});
			const { status, items } = await (
				await engine()
			).run({
				node: 'seedreamTaskStatus',
				parameters: {
					provider: at.system.provider,
					taskId: String(submitted.items[0]?.json.taskId),
					continueWhen: 'finished',
				},
				rows: [{}],
				credentials: sandboxCredentials(at.sandbox),
			});
			expect(status).toBe('success');
			expect(fields(items, 'status')).toEqual(['completed', 'failed', 'completed']);
			expect(names(items)).toHaveLength(2);
		},
		{},
		SEVERAL,
	);
});

describe('a link that does not work yet', () => {
	for (const status of [401, 403, 404, 408, 409, 423, 425]) {
		atEach(
			`is waited for: HTTP ${status}`,
			async (at) => {
				spoil(at, (_index, { attempt }) => (attempt <= 2 ? answer(status) : undefined));
				const { items } = await at.generate(['a lake'], { parameters: { downloadImages: true } });
				expect(names(items)).toHaveLength(1);
				expect(at.requests('query').length).toBeLessThan(4);
				expect(at.requests('download')).toHaveLength(3);
			},
			{},
			status === 404 ? ONE_OF_EACH : EVOLINK,
		);
	}
});

describe('a download in other words than 200', () => {
	for (const [status, headers] of [
		[201, {}],
		[203, {}],
		[206, {}],
		[206, { 'content-range': 'whole' }],
	] as const) {
		atEach(
			`is one: HTTP ${status} ${JSON.stringify(headers)}`,
			async (at) => {
				spoil(at, () => ({
					kind: 'reshape',
					change: (real) => {
						const bytes = (real.body as Buffer).length;
						const range = { 'content-range': `bytes 0-${bytes - 1}/${bytes}` };
						return { ...real, status, headers: 'content-range' in headers ? range : real.headers };
					},
				}));
				const { items } = await at.generate(['a lake'], { parameters: { downloadImages: true } });
				expect(names(items)).toHaveLength(1);
				expect(at.requests('download')).toHaveLength(1);
			},
			{},
			EVOLINK,
		);
	}
});

describe('the names of files', () => {
	const named = (fileName: string) => ({ downloadImages: true, options: { fileName } });

	atEach('are one for each image', async (at) => {
		const prompts = ['a/lake', 'a lake', 'A Lake', 'a hill'];
		const { items } = await at.generate(prompts, { parameters: named('{prompt}') });
		expect(names(items)).toEqual(['a-lake.png', 'a-lake-2.png', 'A-Lake-3.png', 'a-hill.png']);
	});

	atEach(
		'keep what tells images apart',
		async (at) => {
			const { items } = await at.generate(['x'.repeat(300)], {
				parameters: {
					...images(at, 3),
					options: { fileName: '={{ $json.prompt }}-{image}' },
				},
			});
			expect(names(items).map((name) => /x-(\d)\.png$/.exec(name ?? '')?.[1])).toEqual([
				'1',
				'2',
				'3',
			]);
			for (const name of names(items)) expect(Buffer.byteLength(name ?? '')).toBeLessThan(256);
		},
		{},
		SEVERAL,
	);

	atEach(
		'count on over the turns of a loop, and are the same on every try',
		async (at) => {
			at.sandbox.setIntercept(({ step, prompt, attempt }) =>
				step === 'create' && prompt === 'two' && attempt === 1 ? answer(400) : undefined,
			);
			const { runs } = await at.generate(['one', 'two', 'three'], {
				parameters: named('{number}-{row}'),
				onError: 'continueErrorOutput',
				loopErrors: 1,
			});
			expect(runs.map(names)).toEqual([['1-1.png', '3-3.png'], ['4-1.png']]);
		},
		{},
		EVOLINK,
	);
});

/** A name of the internet that leads to the sandbox: what a provider in a private network is not. */
const PUBLIC = 'api.provider.example';
const lookup = dns.lookup;

beforeAll(() => {
	const patched = (host: string, ...rest: unknown[]) =>
		Reflect.apply(lookup, dns, [host === PUBLIC ? '127.0.0.1' : host, ...rest]);
	Object.assign(dns, { lookup: patched });
});

afterAll(() => {
	Object.assign(dns, { lookup });
});

describe('a link into the network of n8n', () => {
	const isPublic = (url: string) => url.replace('127.0.0.1', PUBLIC);
	/** The provider under its public name; `link` makes its links from those of the sandbox. */
	async function withPublicProvider(at: Scene, link: (url: string) => string, location?: string) {
		at.sandbox.setIntercept(({ step, path }): Fault | undefined => {
			if (step === 'download' && location !== undefined && !path.endsWith('?second')) {
				return { kind: 'answer', status: 302, headers: { location }, body: '' };
			}
			if (step !== 'query') return undefined;
			const change = ({ body, ...real }: { status: number; body: unknown }) => ({
				...real,
				body: JSON.parse(JSON.stringify(body).replace(/http:[^"]+\.png/g, link)) as unknown,
			});
			return { kind: 'reshape', change };
		});
		const credentials = sandboxCredentials(at.sandbox);
		const { evoLinkApi } = credentials;
		return await at.generate(['a lake'], {
			parameters: { downloadImages: true },
			credentials: {
				evoLinkApi: { ...evoLinkApi, baseUrl: isPublic(String(evoLinkApi?.baseUrl)) },
			},
			onError: 'continueRegularOutput',
		});
	}
	const onEvoLink = (what: string, play: (at: Scene) => Promise<void>) =>
		atEach(what, play, {}, EVOLINK);

	onEvoLink('is opened where the provider is in it as well, also after a redirect', async (at) => {
		spoil(at, (_index, { path }) =>
			path.endsWith('?second')
				? undefined
				: { kind: 'answer', status: 302, headers: { location: `${path}?second` }, body: '' },
		);
		const { items } = await at.generate(['a lake'], { parameters: { downloadImages: true } });
		expect(names(items)).toHaveLength(1);
		expect(at.requests('download')).toHaveLength(2);
	});

	onEvoLink('is not asked for by a provider on the internet', async (at) => {
		const { items } = await withPublicProvider(at, (url) => url);
		expect(items[0]?.json).toMatchObject({ status: 'failed', error: { charged: 'yes' } });
		expect(JSON.stringify(items[0]?.json)).toContain('private network');
		expect(at.requests('download')).toEqual([]);
	});

	onEvoLink('is not led to by one either', async (at) => {
		const target = `${new URL(at.sandbox.baseUrls.evoLink).origin}/images/secret.png`;
		const { items } = await withPublicProvider(at, isPublic, target);
		expect(JSON.stringify(items[0]?.json)).toContain('private network');
		expect(at.requests('download')).toHaveLength(1);
	});

	onEvoLink('is none where it is a public one that leads to another', async (at) => {
		const { items } = await withPublicProvider(at, isPublic, '?second');
		expect(names(items)).toHaveLength(1);
		expect(at.requests('download')).toHaveLength(2);
	});
});

describe('a reference file that no provider can use', () => {
	const png = sharp({ create: { width: 400, height: 400, channels: 3, background: 'red' } });
	const makers: Array<[string, () => Promise<Buffer>, RegExp]> = [
		['half a JPEG', async () => half(await png.jpeg().toBuffer()), /breaks off before the end/],
		['half a PNG', async () => half(await png.png().toBuffer()), /breaks off before the end/],
		['half a WebP', async () => half(await png.webp().toBuffer()), /breaks off before the end/],
		[
			'a HEIC file named .jpg',
			async () =>
				Buffer.concat([Buffer.from('00000018', 'hex'), Buffer.from('ftypheic\0\0\0\0mif1heic')]),
			/is a HEIC file/,
		],
		['a PDF', async () => Buffer.from('%PDF-1.7 and so on'), /is a PDF document/],
	];
	const half = (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1);

	for (const [what, make, words] of makers) {
		atEach(
			`is refused before anything is sent: ${what}`,
			async (at) => {
				const file = await (await engine()).storeFile(await make(), 'image/jpeg');
				const { error } = await at.generate(['a lake'], {
					parameters: { ...at.system.edit, imageUrls: '', imageFields: 'photo' },
					files: [{ photo: file }],
				});
				expect(error?.message).toMatch(words);
				expect(error?.message).toContain('the image in "photo"');
				expect(at.sandbox.requests).toEqual([]);
			},
			{},
			EVOLINK,
		);
	}
});

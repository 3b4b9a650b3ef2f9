import dns from 'node:dns';
import type { IBinaryData, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import sharp from 'sharp';

import type { Fault, SandboxRequest } from '../sandbox/sandbox';
import {
	CONTINUE,
	engine,
	EVOLINK,
	fieldOf,
	type Fixture,
	forEachProvider,
	respondWith,
} from './fixture';
import { sandboxCredentials, systems, type System } from './systems';

/** Finished images: late or missing ones, their file names, and links into private networks. */

const SEVERAL: readonly System[] = systems.filter(
	({ title }) => title === 'EvoLink Seedream 4.5' || title === 'APIMart Seedream 4.5',
);

/** Several downloaded images for each row. */
const images = (fixture: Fixture, imageCount: number): INodeParameters => ({
	...fixture.system.several,
	prompt: '={{ "Generate 5 different images: " + $json.prompt }}',
	imageCount,
	downloadImages: true,
});

/** The index of the image behind a link, from 0. */
const indexOf = ({ path }: SandboxRequest) => Number(/(\d+)\.png$/.exec(path)?.[1]);

/** Breaks the downloads of some images. */
function breakDownloads(
	fixture: Fixture,
	fault: (index: number, request: SandboxRequest) => Fault | undefined,
) {
	fixture.sandbox.setIntercept((request) =>
		request.step === 'download' ? fault(indexOf(request), request) : undefined,
	);
}

const LINK_GONE = respondWith(410);
const NO_FILE: IBinaryData = { data: '', mimeType: '' };
const names = (items: readonly INodeExecutionData[]) =>
	items.flatMap(({ binary }) => Object.values(binary ?? {}).map(({ fileName }) => fileName));

describe('several images of one task', () => {
	forEachProvider(
		'are returned as far as they could be downloaded, the others as failed items',
		async (fixture) => {
			breakDownloads(fixture, (index) => (index === 2 || index === 4 ? LINK_GONE : undefined));
			const { status, items, hints } = await fixture.generate(['a lake'], {
				parameters: images(fixture, 5),
			});

			expect(status).toBe('success');
			expect(fieldOf(items, 'status')).toEqual([
				'completed',
				'completed',
				'failed',
				'completed',
				'failed',
			]);
			expect(fieldOf(items, 'imageIndex')).toEqual([0, 1, 2, 3, 4]);
			expect(items.map(({ binary }) => Object.keys(binary ?? {}))).toEqual([
				['data'],
				['data'],
				[],
				['data'],
				[],
			]);
			expect(items.map(({ pairedItem }) => pairedItem)).toEqual(Array(5).fill({ item: 0 }));
			const [task] = fixture.sandbox.tasks();
			expect(items[2]?.json).toEqual({
				status: 'failed',
				provider: fixture.system.provider,
				taskId: task?.id,
				imageUrl: task?.images[2],
				imageIndex: 2,
				error: {
					message: `The image was generated, but the node couldn't download it: the link returned HTTP 410 [task ${task?.id}]`,
					code: 'download_failed',
					type: 'download_error',
					charged: 'yes',
				},
			});
			expect(hints[0]?.message).toContain(
				"Row 1: The node couldn't download images 3, 5 of 5, although they were generated and you were charged for them",
			);
			expect(fixture.chargedImages()).toBe(5);
		},
		{},
		SEVERAL,
	);

	forEachProvider(
		'keep their places in one item per task, followed by the failed ones',
		async (fixture) => {
			breakDownloads(fixture, (index) => (index === 1 ? LINK_GONE : undefined));
			const { items } = await fixture.generate(['a lake', 'a hill'], {
				parameters: { ...images(fixture, 3), outputItems: 'perTask' },
			});

			expect(fieldOf(items, 'status')).toEqual(['completed', 'failed', 'completed', 'failed']);
			expect(items.map(({ binary }) => Object.keys(binary ?? {}))).toEqual([
				['data', 'data_2'],
				[],
				['data', 'data_2'],
				[],
			]);
			expect(items[0]?.json.warning).toContain("couldn't download image 2 of ");
			expect(fieldOf(items, 'imageIndex')).toEqual([undefined, 1, undefined, 1]);
		},
		{},
		SEVERAL,
	);

	forEachProvider(
		'go to the error output if they could not be downloaded',
		async (fixture) => {
			breakDownloads(fixture, (index) => (index === 1 ? LINK_GONE : undefined));
			const { items, errorItems } = await fixture.generate(['a lake'], {
				parameters: images(fixture, 3),
				onError: 'continueErrorOutput',
			});
			expect(fieldOf(items, 'imageIndex')).toEqual([0, 2]);
			expect(fieldOf(errorItems, 'imageIndex')).toEqual([1]);
			expect(errorItems[0]?.json).toMatchObject({ status: 'failed', error: { charged: 'yes' } });
		},
		{},
		SEVERAL,
	);

	forEachProvider(
		'are a failed row if none could be downloaded',
		async (fixture) => {
			breakDownloads(fixture, () => LINK_GONE);
			const { status, error } = await fixture.generate(['a lake'], {
				parameters: images(fixture, 3),
			});
			expect(status).toBe('error');
			expect(error?.message).toMatch(/couldn't download it: the link returned HTTP 410/);
		},
		{},
		SEVERAL,
	);

	forEachProvider(
		'are completed by a retry of the execution without new tasks',
		async (fixture) => {
			let isDown = true;
			fixture.sandbox.setIntercept((request) => {
				if (request.step === 'query' && request.path.endsWith('/tasks/batch'))
					return respondWith(404);
				if (!isDown) return undefined;
				if (request.step === 'download' && indexOf(request) === 1) return LINK_GONE;
				const prompt = request.prompt ?? fixture.promptOf(request.taskId);
				return request.step === 'query' && prompt?.includes('a hill')
					? respondWith(401)
					: undefined;
			});
			const run = { parameters: images(fixture, 3) };
			const failed = await fixture.generate(['a lake', 'a hill'], run);
			expect(failed.error?.message).toMatch(/^Row 2: /);
			isDown = false;
			const before = fixture.requests('download').length;
			const { items } = await fixture.generate([], { ...run, retryOf: failed });

			expect(fieldOf(items, 'status')).toEqual(Array(6).fill('completed'));
			expect(names(items)).toHaveLength(6);
			const lake = fixture.sandbox.tasks().find(({ prompt }) => prompt?.includes('a lake'));
			const again = fixture.requests('download').slice(before);
			const ofLake = again.filter(({ taskId }) => taskId === lake?.id);
			expect(ofLake.map(indexOf)).toEqual([1]);
			for (const item of items) {
				const file = await (await engine()).readFile(item.binary?.data ?? NO_FILE);
				const response = await fetch(String(item.json.imageUrl));
				expect(file.equals(Buffer.from(await response.arrayBuffer()))).toBe(true);
			}
			expect(fixture.sandbox.tasks()).toHaveLength(2);
			expect(fixture.chargedImages()).toBe(6);
		},
		{},
		SEVERAL,
	);

	forEachProvider(
		'are completed by Retry On Fail if the first one is missing',
		async (fixture) => {
			breakDownloads(fixture, (index, { attempt }) =>
				index === 0 && attempt <= 8 ? LINK_GONE : undefined,
			);
			const { items, calls } = await fixture.generate(['a lake'], {
				parameters: images(fixture, 3),
				tries: 5,
			});
			expect(calls).toBeGreaterThan(1);
			expect(fieldOf(items, 'status')).toEqual(Array(3).fill('completed'));
			expect(fixture.chargedImages()).toBe(3);
		},
		{},
		SEVERAL,
	);

	forEachProvider(
		'are completed by a loop over the error output without new tasks',
		async (fixture) => {
			let turns = 0;
			breakDownloads(fixture, (index) => (turns === 0 && index > 0 ? LINK_GONE : undefined));
			const { runs, errorItems } = await fixture.generate(['a lake'], {
				parameters: images(fixture, 3),
				onError: 'continueErrorOutput',
				loopErrors: 1,
				onMessage: (message) => {
					if (/0 running/.test(message)) turns += 1;
				},
			});
			expect(runs.map((items) => fieldOf(items, 'imageIndex'))).toEqual([[0], [1, 2]]);
			expect(runs.flat().map(({ binary }) => Object.keys(binary ?? {}))).toEqual(
				Array(3).fill(['data']),
			);
			expect(errorItems).toEqual([]);
			expect(fixture.createdPrompts()).toHaveLength(1);
			expect(fixture.chargedImages()).toBe(3);
		},
		{},
		SEVERAL,
	);

	forEachProvider(
		'are returned by Seedream Task Status as far as they could be downloaded',
		async (fixture) => {
			breakDownloads(fixture, (index) => (index === 1 ? LINK_GONE : undefined));
			const submitted = await fixture.generate(['a lake'], {
				parameters: { ...images(fixture, 3), continueWhen: 'submitted' },
			});
			const { status, items } = await fixture.taskStatus({
				parameters: {
					taskId: String(submitted.items[0]?.json.taskId),
					continueWhen: 'finished',
				},
			});
			expect(status).toBe('success');
			expect(fieldOf(items, 'status')).toEqual(['completed', 'failed', 'completed']);
			expect(names(items)).toHaveLength(2);
		},
		{},
		SEVERAL,
	);
});

/** The prompt of a row is the status its link answers with. */
const statusOf = (fixture: Fixture, { taskId }: SandboxRequest) => Number(fixture.promptOf(taskId));

describe('a link that does not work yet', () => {
	const parameters = { downloadImages: true };

	/** Every link answers with its row's status twice before it works. */
	async function expectRetries(fixture: Fixture, statuses: readonly number[]): Promise<void> {
		breakDownloads(fixture, (_index, request) =>
			request.attempt <= 2 ? respondWith(statusOf(fixture, request)) : undefined,
		);
		const { items } = await fixture.generate(statuses.map(String), { parameters });

		expect(names(items)).toHaveLength(statuses.length);
		for (const { id } of fixture.sandbox.tasks()) {
			const own = (step: 'query' | 'download') =>
				fixture.requests(step).filter(({ taskId }) => taskId === id).length;
			expect(own('query')).toBeLessThan(4);
			expect(own('download')).toBe(3);
		}
	}

	forEachProvider('is tried again after HTTP 404', async (fixture) => {
		await expectRetries(fixture, [404]);
	});

	forEachProvider(
		'is tried again after HTTP 401, 403, 408, 409, 423 and 425',
		async (fixture) => await expectRetries(fixture, [401, 403, 408, 409, 423, 425]),
		{},
		EVOLINK,
	);
});

forEachProvider(
	'a download may have HTTP status 201, 203 or 206, with or without Content-Range',
	async (fixture) => {
		breakDownloads(fixture, (_index, request) => ({
			kind: 'reshape',
			change: (real) => {
				const prompt = fixture.promptOf(request.taskId);
				const bytes = (real.body as Buffer).length;
				const range = { 'content-range': `bytes 0-${bytes - 1}/${bytes}` };
				const headers = prompt === 'range' ? range : real.headers;
				return { ...real, status: prompt === 'range' ? 206 : Number(prompt), headers };
			},
		}));
		const { items } = await fixture.generate(['201', '203', '206', 'range'], {
			parameters: { downloadImages: true },
		});
		expect(names(items)).toHaveLength(4);
		expect(fixture.requests('download')).toHaveLength(4);
	},
	{},
	EVOLINK,
);

describe('file names', () => {
	const named = (fileName: string) => ({ downloadImages: true, options: { fileName } });

	forEachProvider('are unique in a batch', async (fixture) => {
		const prompts = ['a/lake', 'a lake', 'A Lake', 'a hill'];
		const { items } = await fixture.generate(prompts, { parameters: named('{prompt}') });
		expect(names(items)).toEqual(['a-lake.png', 'a-lake-2.png', 'A-Lake-3.png', 'a-hill.png']);
	});

	forEachProvider(
		'keep their ends when they are shortened',
		async (fixture) => {
			const { items } = await fixture.generate(['x'.repeat(300)], {
				parameters: {
					...images(fixture, 3),
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

	forEachProvider(
		'continue their numbers over the turns of a loop',
		async (fixture) => {
			fixture.sandbox.setIntercept(({ step, prompt, attempt }) =>
				step === 'create' && prompt === 'two' && attempt === 1 ? respondWith(400) : undefined,
			);
			const { runs } = await fixture.generate(['one', 'two', 'three'], {
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

/** A public host name that resolves to the sandbox, so that the provider isn't in a private network. */
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

describe("a link into n8n's private network", () => {
	const isPublic = (url: string) => url.replace('127.0.0.1', PUBLIC);
	/** The provider under its public name; `link` turns the sandbox's links into its own. */
	async function withPublicProvider(
		fixture: Fixture,
		link: (url: string) => string,
		location?: string,
	) {
		fixture.sandbox.setIntercept(({ step, path }): Fault | undefined => {
			if (step === 'download' && location !== undefined && !path.endsWith('?second')) {
				return { kind: 'response', status: 302, headers: { location }, body: '' };
			}
			if (step !== 'query') return undefined;
			const change = ({ body, ...real }: { status: number; body: unknown }) => ({
				...real,
				body: JSON.parse(JSON.stringify(body).replace(/http:[^"]+\.png/g, link)) as unknown,
			});
			return { kind: 'reshape', change };
		});
		const credentials = sandboxCredentials(fixture.sandbox);
		const { evoLinkApi } = credentials;
		return await fixture.generate(['a lake'], {
			parameters: { downloadImages: true },
			credentials: {
				evoLinkApi: { ...evoLinkApi, baseUrl: isPublic(String(evoLinkApi?.baseUrl)) },
			},
			...CONTINUE,
		});
	}
	const onEvoLink = (title: string, test: (fixture: Fixture) => Promise<void>) =>
		forEachProvider(title, test, {}, EVOLINK);

	onEvoLink(
		'is opened if the provider is in it as well, also after a redirect',
		async (fixture) => {
			breakDownloads(fixture, (_index, { path }) =>
				path.endsWith('?second')
					? undefined
					: { kind: 'response', status: 302, headers: { location: `${path}?second` }, body: '' },
			);
			const { items } = await fixture.generate(['a lake'], {
				parameters: { downloadImages: true },
			});
			expect(names(items)).toHaveLength(1);
			expect(fixture.requests('download')).toHaveLength(2);
		},
	);

	onEvoLink('is not opened for a public provider', async (fixture) => {
		const { items } = await withPublicProvider(fixture, (url) => url);
		expect(items[0]?.json).toMatchObject({ status: 'failed', error: { charged: 'yes' } });
		expect(JSON.stringify(items[0]?.json)).toContain('private network');
		expect(fixture.requests('download')).toEqual([]);
	});

	onEvoLink('is not opened after a redirect from a public link', async (fixture) => {
		const target = `${new URL(fixture.sandbox.baseUrls.evoLink).origin}/images/secret.png`;
		const { items } = await withPublicProvider(fixture, isPublic, target);
		expect(JSON.stringify(items[0]?.json)).toContain('private network');
		expect(fixture.requests('download')).toHaveLength(1);
	});

	onEvoLink('is distinguished from a public link that redirects to another', async (fixture) => {
		const { items } = await withPublicProvider(fixture, isPublic, '?second');
		expect(names(items)).toHaveLength(1);
		expect(fixture.requests('download')).toHaveLength(2);
	});
});

describe('a damaged or unsupported reference file', () => {
	const png = sharp({ create: { width: 400, height: 400, channels: 3, background: 'red' } });
	const files: Array<[string, () => Promise<Buffer>, RegExp]> = [
		['half a JPEG', async () => half(await png.jpeg().toBuffer()), /which is incomplete/],
		['half a PNG', async () => half(await png.png().toBuffer()), /which is incomplete/],
		['half a WebP', async () => half(await png.webp().toBuffer()), /which is incomplete/],
		[
			'a HEIC file named .jpg',
			async () =>
				Buffer.concat([Buffer.from('00000018', 'hex'), Buffer.from('ftypheic\0\0\0\0mif1heic')]),
			/is a HEIC file/,
		],
		['a PDF', async () => Buffer.from('%PDF-1.7 and so on'), /is a PDF document/],
	];
	const half = (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1);

	for (const [what, create, message] of files) {
		forEachProvider(
			`is rejected before anything is sent: ${what}`,
			async (fixture) => {
				const file = await (await engine()).storeFile(await create(), 'image/jpeg');
				const { error } = await fixture.generate(['a lake'], {
					parameters: { ...fixture.system.edit, imageUrls: '', imageFields: 'photo' },
					files: [{ photo: file }],
				});
				expect(error?.message).toMatch(message);
				expect(error?.message).toContain('the image in "photo"');
				expect(fixture.sandbox.requests).toEqual([]);
			},
			{},
			EVOLINK,
		);
	}
});

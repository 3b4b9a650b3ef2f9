import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { parse as parseCsv } from 'csv-parse/sync';
import sharp from 'sharp';

import { evoLink } from '../../nodes/Seedream/providers/evoLink';
import type { TaskView } from '../sandbox/sandbox';
import { EXAMPLES_FOLDER, readExamples, withCredentials } from './exampleWorkflows';
import { itemsOf, runsOf, type Item } from './executionData';
import { FormJourney } from './formJourney';
import { N8N_VERSIONS } from './n8nReleases';
import type { Execution, WorkflowJson } from './restClient';
import { installRuntime } from './runtime';
import { SeedreamN8n } from './seedreamN8n';
import { post, untilTrue } from './triggerFixture';
import { NodeCatalogue, problemsOf } from './workflowCheck';
import { withField, withNode, withoutGoogle, withParameters, withPinned } from './workflowEdits';

/** The example workflows in a full n8n with its default settings: only ~/.n8n-files is accessible. */

const MINUTE = 60_000;

const PRICE = evoLink.defaultModels[1.1].price?.perImage[0].amount ?? 0;

const examples = readExamples();

const CSV_TO_FILES = 'csv-to-files.json';
const SHEETS_TO_DRIVE = 'google-sheets-to-drive.json';
const SUBMIT_AND_COLLECT = 'submit-now-collect-later.json';
const EDIT_FOLDER = 'edit-images-in-a-folder.json';
const AI_AGENT = 'ai-agent.json';
const PREVIEW_AND_APPROVE = 'preview-approve-generate.json';
const SHEET_BY_CALLBACKS = 'sheet-that-fills-itself.json';
const LARGE_BATCH = 'large-batches.json';

function withoutDocument(node: string): string {
	return `${node}: Parameter "Document" is required.`;
}

/** Only users can fill these in; n8n marks them in red until then. */
const LEFT_TO_THE_USER: Record<string, string[]> = {
	[SHEETS_TO_DRIVE]: [
		'Read sheet',
		'Mark rows as started',
		'Write links to sheet',
		'Write errors to sheet',
	].map(withoutDocument),
	[SHEET_BY_CALLBACKS]: [
		'Read sheet',
		'Mark rows as started',
		'Write task IDs to sheet',
		'Write rejected rows to sheet',
		'Write links to sheet',
		'Write errors to sheet',
	].map(withoutDocument),
};

function example(file: string): WorkflowJson {
	const workflow = examples.get(file);
	if (!workflow) throw new Error(`There is no ${file}`);
	return workflow;
}

describe('the example workflows', () => {
	it('are all listed in the README of the examples', async () => {
		const list = await readFile(join(EXAMPLES_FOLDER, 'README.md'), 'utf8');
		const listed = [...list.matchAll(/\]\(([\w-]+\.json)\)/g)].map((match) => match[1]);
		expect(listed.sort()).toEqual([...examples.keys()].sort());
	});

	it.each([...examples.keys()])('%s contains no data of the n8n it was created in', (file) => {
		const { nodes, ...rest } = example(file);
		expect(nodes.filter((node) => 'credentials' in node)).toEqual([]);
		expect(Object.keys(rest).sort()).toEqual([
			'active',
			'connections',
			'name',
			'pinData',
			'settings',
			'tags',
		]);
	});

	it.each([...examples.keys()])('%s names the list price', (file) => {
		const notes = boxesOf(example(file)).notes.map(({ text }) => text);
		expect(notes.join('\n')).toContain(`${PRICE} EvoLink credits`);
	});

	it.each([...examples.keys()])('%s has sticky notes that cover nothing', (file) => {
		const { notes, nodes } = boxesOf(example(file));
		const covered = notes.flatMap((note) =>
			[...notes, ...nodes].filter(
				(other) => other !== note && overlap(note, other) && !contains(note, other),
			),
		);
		expect(covered).toEqual([]);
	});
});

interface Box {
	name: string;
	left: number;
	top: number;
	right: number;
	bottom: number;
}

/** On the canvas, including the name below a node. */
function boxesOf({ nodes }: WorkflowJson) {
	const boxes = nodes.map(({ name, type, position, parameters }) => {
		const isNote = type.endsWith('.stickyNote');
		const [left, top] = position as [number, number];
		const [width, height] = isNote
			? [Number(parameters.width), Number(parameters.height)]
			: [96, 144];
		const text = String(parameters.content ?? '');
		return { name, text, left, top, right: left + width, bottom: top + height, isNote };
	});
	return {
		notes: boxes.filter(({ isNote }) => isNote),
		nodes: boxes.filter(({ isNote }) => !isNote),
	};
}

function overlap(one: Box, other: Box): boolean {
	return (
		one.left < other.right &&
		other.left < one.right &&
		one.top < other.bottom &&
		other.top < one.bottom
	);
}

function contains(outer: Box, inner: Box): boolean {
	return (
		outer.left <= inner.left &&
		outer.right >= inner.right &&
		outer.top <= inner.top &&
		outer.bottom >= inner.bottom
	);
}

describe.each(N8N_VERSIONS)('in n8n %s', (version) => {
	let n8n: SeedreamN8n;
	let catalogue: NodeCatalogue;
	let folder: string;

	beforeAll(async () => {
		const runtime = await installRuntime(() => undefined, version);
		n8n = await SeedreamN8n.open(runtime, { sandbox: { taskSeconds: 0.3 } });
		catalogue = new NodeCatalogue(await n8n.rest.nodeDescriptions());
	}, 2 * MINUTE);

	afterAll(async () => await n8n?.close());

	beforeEach(async () => {
		await mkdir(n8n.filesFolder, { recursive: true });
		folder = await mkdtemp(join(n8n.filesFolder, 'test-'));
	});

	const start = async (workflow: WorkflowJson, trigger: string): Promise<Execution> => {
		const id = await n8n.rest.createWorkflow(withCredentials(workflow, n8n.credentials));
		return await n8n.rest.waitFor(id, await n8n.rest.run(id, trigger), MINUTE);
	};

	/** The cost since the last call. */
	let paidBefore = 0;
	const paid = () => {
		const { charged } = n8n.sandbox.account('evoLink');
		const since = charged - paidBefore;
		paidBefore = charged;
		return since;
	};

	const filesIn = async (path = folder) => (await readdir(path)).sort();

	/** The rows of the only list in the folder; its name ends in the time. */
	const listOf = async (start: string, path = folder) => {
		const lists = (await filesIn(path)).filter((name) => name.startsWith(start));
		expect(lists).toEqual([expect.stringMatching(/-\d{4}-\d\d-\d\d-\d{6}\.csv$/)]);
		const text = await readFile(join(path, lists[0] ?? ''));
		// The byte order mark tells Excel that it's UTF-8.
		return parseCsv<Record<string, string>>(text, { columns: true, bom: true });
	};

	/** Decodes the file and returns width by height; its extension must match its format. */
	const measure = async (file: string) => {
		const bytes = await readFile(join(folder, file));
		const { info } = await sharp(bytes).toBuffer({ resolveWithObject: true });
		expect(parse(file).ext).toBe(info.format === 'jpeg' ? '.jpg' : `.${info.format}`);
		return info.width / info.height;
	};

	const written = ({ data }: Execution, node: string) =>
		runsOf(data, node).flatMap((task) => itemsOf(task).map(({ json }: Item) => json));

	describe.each([...examples.keys()])('%s', (file) => {
		it('contains nothing this n8n does not know', () => {
			expect(problemsOf(example(file), catalogue)).toEqual(LEFT_TO_THE_USER[file] ?? []);
		});

		it('is imported unchanged', async () => {
			const id = await n8n.rest.createWorkflow(example(file));
			const { nodes, connections } = await n8n.rest.workflow(id);
			expect({ nodes, connections }).toEqual({
				nodes: example(file).nodes,
				connections: example(file).connections,
			});
		});
	});

	describe('the workflow check', () => {
		const original = example(CSV_TO_FILES);
		const generate = 'Generate images';
		const link = (node: string, index = 0) => ({ main: [[{ node, type: 'main', index }]] });
		const linked = (from: string, to: object): WorkflowJson => ({
			...original,
			connections: { ...original.connections, [from]: to },
		});

		it.each<[string, WorkflowJson, string]>([
			[
				'a node of an unknown type',
				withNode(original, generate, (node) => ({ ...node, type: 'n8n-nodes-seedream.painter' })),
				`${generate}: n8n-nodes-seedream.painter is not known`,
			],
			[
				'a version that does not exist',
				withNode(original, generate, (node) => ({ ...node, typeVersion: 9 })),
				`${generate}: n8n-nodes-seedream.seedreamGenerate has no version 9`,
			],
			[
				'an unknown parameter',
				withParameters(original, generate, { colour: 'red' }),
				`${generate}: colour is no parameter, or not shown`,
			],
			[
				'an unknown option',
				withParameters(original, generate, { options: { filename: 'a' } }),
				`${generate}: options.filename is no parameter, or not shown`,
			],
			[
				'a parameter that the others hide',
				withParameters(original, generate, { downloadImages: false, outputField: 'image' }),
				`${generate}: outputField is no parameter, or not shown`,
			],
			[
				'a value that is no choice',
				withParameters(original, generate, { provider: 'nobody' }),
				`${generate}: provider has no choice nobody`,
			],
			[
				'nothing where something is required',
				withParameters(original, generate, { prompt: '' }),
				`${generate}: Parameter "Prompt" is required.`,
			],
			[
				'an expression about a node that does not exist',
				withParameters(original, generate, { prompt: "={{ $('Rows').item.json.prompt }}" }),
				`${generate}: it refers to Rows, which does not exist`,
			],
			[
				'an expression about a node that runs later',
				withParameters(original, generate, { prompt: "={{ $('Save failed rows').item.json.a }}" }),
				`${generate}: it refers to Save failed rows, which does not run before it`,
			],
			[
				'a connection to a node that does not exist',
				linked('Extract rows', link('Nowhere')),
				'Extract rows → Nowhere: Nowhere does not exist',
			],
			[
				'a connection to an input that does not exist',
				linked('Extract rows', link(generate, 1)),
				`Extract rows → ${generate}: ${generate} has no input 1 of type main`,
			],
			[
				'a connection from an output that does not exist',
				withNode(original, generate, ({ onError: _onError, ...node }) => node),
				`${generate} → Format failed rows: ${generate} has no output 1 of type main`,
			],
			[
				'a connection of another kind',
				linked('Extract rows', { ai_tool: link(generate).main }),
				`Extract rows → ${generate}: Extract rows has no output 0 of type ai_tool`,
			],
		])('finds %s', (_what, broken, problem) => {
			expect(problemsOf(broken, catalogue)).toContainEqual(expect.stringContaining(problem));
		});

		it('finds a column that the sheet does not have', () => {
			const { columns } = example(SHEETS_TO_DRIVE).nodes.find(
				({ name }) => name === 'Mark rows as started',
			)?.parameters as { columns: object };
			const broken = withParameters(example(SHEETS_TO_DRIVE), 'Mark rows as started', {
				columns: { ...columns, matchingColumns: ['number'] },
			});
			expect(problemsOf(broken, catalogue)).toContain(
				'Mark rows as started: columns has no column number',
			);
		});
	});

	describe(CSV_TO_FILES, () => {
		const run = async (csv: string) => {
			await writeFile(join(folder, 'prompts.csv'), csv);
			const workflow = withField(example(CSV_TO_FILES), 'Set folder', 'folder', folder);
			expect((await start(workflow, 'Run manually')).status).toBe('success');
		};
		const csvOf = (...rows: string[]) => ['name,prompt,aspect_ratio,images', ...rows].join('\r\n');

		it('saves every image under its name, and a list of the failed rows', async () => {
			paid();
			const csv = csvOf(
				'lake-hero,"A lake, at sunrise",16:9,1',
				'refused,A picture [[fail:content_policy_violation]],1:1,1',
				'茶/道,茶道师在竹林中泡茶,3:4,',
				'ribbon,A ribbon,1:9,1',
				'stickers,A panda as a sticker,,3',
			);
			// As saved by Excel.
			await run(`\uFEFF${csv}\r\n`);

			const images = (await filesIn()).filter((name) => !name.endsWith('.csv'));
			expect(images.map((name) => parse(name).name)).toEqual([
				'lake-hero-1',
				'stickers-1',
				'stickers-2',
				'stickers-3',
				'茶-道-1',
			]);
			const [lake = '', ...others] = images;
			expect(await measure(lake)).toBeCloseTo(16 / 9, 1);
			expect(await measure(others.pop() ?? '')).toBeCloseTo(3 / 4, 1);
			await Promise.all(others.map(measure));
			expect(paid()).toBeCloseTo(5 * PRICE, 6);

			expect(await listOf('failed')).toEqual([
				{
					name: 'refused',
					prompt: 'A picture [[fail:content_policy_violation]]',
					aspect_ratio: '1:1',
					images: '1',
					problem: expect.stringContaining('content policy'),
					charged: 'no',
					task_id: expect.stringMatching(/^task-/),
				},
				{
					name: 'ribbon',
					prompt: 'A ribbon',
					aspect_ratio: '1:9',
					images: '1',
					problem: expect.stringContaining('Aspect Ratio'),
					charged: 'no',
					task_id: '',
				},
			]);
		});

		it('accepts the corrected list of failed rows', async () => {
			await run(csvOf('ribbon,A ribbon,1:9,1'));
			const [list = ''] = await filesIn();
			const corrected = (await readFile(join(folder, list), 'utf8')).replace('1:9', '9:16');
			await rm(join(folder, list));
			await run(corrected);
			expect((await filesIn()).map((name) => parse(name).name)).toEqual(['prompts', 'ribbon-1']);
		});

		it('accepts the CSV file next to it', async () => {
			paid();
			await run(await readFile(join(EXAMPLES_FOLDER, 'prompts.csv'), 'utf8'));
			expect(await filesIn()).toHaveLength(1 + 6);
			expect(paid()).toBeCloseTo(6 * PRICE, 6);
		});
	});

	describe(SUBMIT_AND_COLLECT, () => {
		const submit = 'Run manually';
		const collect = 'Every 10 minutes';

		it(
			'submits all rows and collects finished tasks until all are collected',
			async () => {
				paid();
				const rows = [
					'name,prompt,aspect_ratio,images',
					'lake,A lake,16:9,1',
					'stickers,A panda as a sticker,,2',
					'refused,A picture [[fail:content_policy_violation]],1:1,1',
					'slow,A slow one [[slow:6]],1:1,1',
					'ribbon,A ribbon,1:9,1',
				];
				await writeFile(join(folder, 'prompts.csv'), rows.join('\n'));
				const workflow = submitAndCollect();

				expect((await start(workflow, submit)).status).toBe('success');
				const submitted = await notes();
				expect([...submitted.keys()].sort()).toEqual(['lake', 'refused', 'slow', 'stickers']);
				expect([...submitted.values()].map(({ status }) => status)).toEqual(
					Array(4).fill('submitted'),
				);
				expect(await listOf('not-submitted')).toEqual([
					{
						name: 'ribbon',
						prompt: 'A ribbon',
						aspect_ratio: '1:9',
						images: '1',
						problem: expect.stringContaining('Aspect Ratio'),
						charged: 'no',
					},
				]);

				await settled(['lake', 'panda', 'policy']);
				expect((await start(workflow, collect)).status).toBe('success');
				expect(await images()).toEqual(['lake-1', 'stickers-1', 'stickers-2']);
				const collected = await notes();
				expect(collected.get('lake')).toEqual({
					...submitted.get('lake'),
					status: 'completed',
					problem: '',
				});
				expect(collected.get('refused')).toMatchObject({
					status: 'failed',
					problem: expect.stringContaining('content policy'),
				});
				expect(collected.get('slow')).toEqual(submitted.get('slow'));

				await settled(['slow']);
				await start(workflow, collect);
				expect(await images()).toEqual(['lake-1', 'slow-1', 'stickers-1', 'stickers-2']);
				expect((await notes()).get('slow')?.status).toBe('completed');

				const before = queryCount();
				await start(workflow, collect);
				expect(queryCount()).toBe(before);
				expect(paid()).toBeCloseTo(4 * PRICE, 6);
			},
			2 * MINUTE,
		);

		const submitAndCollect = () =>
			withPinned(
				['Set folder', 'Set folder to collect from'].reduce(
					(edited, node) => withField(edited, node, 'folder', folder),
					example(SUBMIT_AND_COLLECT),
				),
				collect,
				[{}],
			);

		/** The JSON file of each submitted row, by its name. */
		const notes = async () => {
			const files = (await filesIn()).filter((name) => name.startsWith('task-'));
			const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
			const all = texts.map((text) => JSON.parse(text) as Record<string, string>);
			return new Map(all.map((note) => [note.name, note]));
		};
		const images = async () =>
			(await filesIn()).filter((name) => !/\.(?:csv|json)$/.test(name)).map((n) => parse(n).name);
		const queryCount = () => n8n.sandbox.requests.filter(({ step }) => step === 'query').length;

		/** Waits until the tasks with one of these words in their prompts have finished. */
		const settled = async (words: string[]) => {
			const running = () =>
				n8n.sandbox
					.tasks()
					.filter(({ prompt }) => words.some((word) => prompt.includes(word)))
					.filter(({ status }) => status !== 'completed' && status !== 'failed');
			while (running().length > 0) await new Promise((resolve) => setTimeout(resolve, 100));
		};
	});

	describe(EDIT_FOLDER, () => {
		it('edits every image and lists the failed ones', async () => {
			paid();
			await mkdir(join(folder, 'photos'));
			await mkdir(join(folder, 'edited'));
			const picture = sharp({
				create: { width: 640, height: 480, channels: 3, background: '#385' },
			});
			const photos = new Map([
				['shoe.jpg', await picture.clone().jpeg().toBuffer()],
				['hand bag (2).PNG', await picture.clone().png().toBuffer()],
				['broken.jpeg', Buffer.from('this is no picture')],
			]);
			for (const [name, bytes] of photos) await writeFile(join(folder, 'photos', name), bytes);
			const uploadsBefore = n8n.sandbox.uploads().length;

			const workflow = withField(
				example(EDIT_FOLDER),
				'Set folder and instruction',
				'folder',
				folder,
			);
			expect((await start(workflow, 'Run manually')).status).toBe('success');

			const edited = (await filesIn(join(folder, 'edited'))).filter((n) => !n.endsWith('.csv'));
			expect(edited.map((name) => parse(name).name)).toEqual(['hand-bag-2', 'shoe']);
			await Promise.all(edited.map(async (name) => await measure(join('edited', name))));
			const sent = n8n.sandbox.uploads().slice(uploadsBefore);
			expect(sent.map(({ sha256 }) => sha256).sort()).toEqual(
				[photos.get('shoe.jpg'), photos.get('hand bag (2).PNG')]
					.map((bytes) =>
						createHash('sha256')
							.update(bytes ?? '')
							.digest('hex'),
					)
					.sort(),
			);
			expect(await listOf('failed', join(folder, 'edited'))).toEqual([
				{
					picture: 'broken.jpeg',
					problem: expect.stringContaining('Reference Image'),
					charged: 'no',
					task_id: '',
				},
			]);
			expect(paid()).toBeCloseTo(2 * PRICE, 6);
		});
	});

	describe(SHEETS_TO_DRIVE, () => {
		const rows = [
			{ row_number: 2, prompt: 'A lake', aspect_ratio: '16:9', images: 1, status: 'done' },
			{ row_number: 3, prompt: 'A panda', aspect_ratio: '3:4', images: 2, status: '' },
			{ row_number: 4, prompt: 'No [[fail:content_policy_violation]]', images: '', status: '' },
			{ row_number: 5, prompt: '', aspect_ratio: '', images: '', status: '' },
			{ row_number: 6, prompt: 'A ribbon', aspect_ratio: '1:9', images: '', status: '' },
			{ row_number: 7, prompt: 'A shoe', aspect_ratio: '', images: '', status: '' },
		];

		/** Without Google: its nodes are pinned or replaced by ones that output what they would write. */
		const run = async (uploads: Array<Record<string, unknown>>) => {
			const writing = ['Mark rows as started', 'Write links to sheet', 'Write errors to sheet'];
			const pinned = [
				['Every morning at 7', [{}]],
				['Read sheet', rows],
				['Upload to Google Drive', uploads],
			] as const;
			const workflow = pinned.reduce(
				(edited, [node, items]) => withPinned(edited, node, items),
				writing.reduce(withoutGoogle, example(SHEETS_TO_DRIVE)),
			);
			return await start(workflow, 'Every morning at 7');
		};

		it('processes unfinished rows and writes back links and errors', async () => {
			paid();
			const execution = await run([{ id: 'panda-1' }, { id: 'panda-2' }, { id: 'shoe' }]);

			expect(execution.status).toBe('success');
			expect(written(execution, 'Mark rows as started')).toEqual(
				[3, 4, 6, 7].map((row_number) => ({ row_number, status: 'started' })),
			);
			const link = (id: string) => `https://drive.google.com/file/d/${id}/view`;
			expect(written(execution, 'Write links to sheet')).toEqual([
				{
					row_number: 3,
					status: 'done',
					link: `${link('panda-1')}\n${link('panda-2')}`,
					task_id: expect.stringMatching(/^task-/),
					error: '',
				},
				{
					row_number: 7,
					status: 'done',
					link: link('shoe'),
					task_id: expect.stringMatching(/^task-/),
					error: '',
				},
			]);
			expect(written(execution, 'Write errors to sheet')).toEqual([
				{
					row_number: 4,
					status: 'failed',
					task_id: expect.stringMatching(/^task-/),
					error: expect.stringMatching(/content policy.*\(charged: no\)$/),
				},
				{
					row_number: 6,
					status: 'failed',
					task_id: '',
					error: expect.stringMatching(/Aspect Ratio.*\(charged: no\)$/),
				},
			]);
			expect(fileNames(execution)).toEqual([
				expect.stringMatching(/^\d{4}-\d\d-\d\d-row-3-A-panda-1\.\w+$/),
				expect.stringMatching(/^\d{4}-\d\d-\d\d-row-3-A-panda-2\.\w+$/),
				expect.stringMatching(/^\d{4}-\d\d-\d\d-row-7-A-shoe-1\.\w+$/),
			]);
			expect(paid()).toBeCloseTo(3 * PRICE, 6);
		});

		it('writes to the row if an image was charged but not uploaded', async () => {
			const execution = await run([
				{ id: 'panda-1' },
				{ error: 'The quota is used up' },
				{ error: 'The quota is used up' },
			]);
			const notUploaded = {
				status: 'not uploaded',
				task_id: expect.stringMatching(/^task-/),
				error: 'The image was generated and charged, but not uploaded: The quota is used up',
			};
			expect(written(execution, 'Write errors to sheet')).toEqual(
				expect.arrayContaining([
					{ row_number: 3, ...notUploaded },
					{ row_number: 7, ...notUploaded },
				]),
			);
			expect(written(execution, 'Write links to sheet')).toMatchObject([{ row_number: 3 }]);
			// The last write wins.
			expect(startOf(execution, 'Write errors to sheet')).toBeGreaterThan(
				startOf(execution, 'Write links to sheet'),
			);
		});

		const fileNames = ({ data }: Execution) =>
			itemsOf(runsOf(data, 'Generate images')[0]).map(({ binary }) => binary?.data?.fileName);

		const startOf = ({ data }: Execution, node: string) =>
			Math.max(...runsOf(data, node).map(({ startTime }) => startTime));
	});

	describe(SHEET_BY_CALLBACKS, () => {
		const submit = 'Submit tasks';
		const trigger = 'When a task is done';
		const rows = [
			{ row_number: 3, prompt: 'A jade panda', aspect_ratio: '3:4', images: 2, status: '' },
			{ row_number: 4, prompt: 'No jade [[fail:content_policy_violation]]', status: '' },
			{ row_number: 6, prompt: 'A jade ribbon', aspect_ratio: '1:9', status: '' },
			{ row_number: 7, prompt: 'A jade shoe', status: '' },
			{ row_number: 8, prompt: 'A jade lake', status: 'done' },
		];

		/** Without Google, and where the sandbox can't call back: `callBack` does so in its place. */
		const open = async () => {
			const writing = [
				'Mark rows as started',
				'Write task IDs to sheet',
				'Write rejected rows to sheet',
				'Write links to sheet',
				'Write errors to sheet',
			];
			const pinned = [
				['Every morning at 7', [{}]],
				['Read sheet', rows],
			] as const;
			const filledIn = pinned.reduce(
				(edited, [node, items]) => withPinned(edited, node, items),
				writing.reduce(withoutGoogle, example(SHEET_BY_CALLBACKS)),
			);
			const withoutSheet = withNode(filledIn, 'Read sheet', (node) => ({
				...node,
				type: 'n8n-nodes-base.noOp',
				typeVersion: 1,
				parameters: {},
			}));
			const withoutDrive = withNode(withoutSheet, 'Upload to Google Drive', (node) => ({
				...node,
				type: 'n8n-nodes-base.set',
				typeVersion: 3.4,
				parameters: {
					assignments: {
						assignments: [
							{
								id: 'id',
								name: 'id',
								value: '={{ $json.taskId }}-{{ $json.imageIndex }}',
								type: 'string',
							},
						],
					},
					options: {},
				},
			}));
			const webhookId = withoutDrive.nodes.find(({ name }) => name === trigger)?.webhookId;
			const path = `/webhook/${String(webhookId)}/task`;
			const fields = withoutDrive.nodes.find(({ name }) => name === submit)?.parameters;
			const workflow = withParameters(withoutDrive, submit, {
				additionalFields: {
					...(fields?.additionalFields as object),
					callbackUrl: `https://n8n.example.com${path}`,
				},
			});
			const id = await n8n.rest.createWorkflow(withCredentials(workflow, n8n.credentials));
			await n8n.rest.activate(id);
			await untilTrue(async () => (await post(n8n.url + path, { body: '' })) === 200);
			return id;
		};

		const callBack = async ({ id, callbacks }: TaskView) => {
			const { pathname, search } = new URL(callbacks[0]?.url ?? '');
			return await post(n8n.url + pathname + search, { body: { id, status: 'completed' } });
		};

		it(
			'submits new rows, and writes to each row when its task is done',
			async () => {
				paid();
				const id = await open();
				const submitted = await n8n.rest.waitFor(
					id,
					await n8n.rest.run(id, 'Every morning at 7'),
					MINUTE,
				);
				const tasks = () => n8n.sandbox.tasks().filter(({ prompt }) => prompt.includes('jade'));
				await untilTrue(async () => tasks().every(({ callbacks }) => callbacks.length > 0));
				const [panda, refused, shoe] = tasks();
				for (const task of tasks()) expect(await callBack(task)).toBe(200);
				let ids: string[] = [];
				await untilTrue(async () => {
					ids = (await n8n.rest.finishedExecutions(id)) ?? [];
					return ids.length === 4;
				});
				const executions = await Promise.all(ids.map(async (one) => await n8n.rest.execution(one)));
				const all = (node: string) => executions.flatMap((execution) => written(execution, node));

				expect(written(submitted, 'Mark rows as started')).toHaveLength(4);
				expect(written(submitted, 'Write task IDs to sheet')).toEqual([
					{ row_number: 3, task_id: panda?.id },
					{ row_number: 4, task_id: refused?.id },
					{ row_number: 7, task_id: shoe?.id },
				]);
				expect(written(submitted, 'Write rejected rows to sheet')).toEqual([
					{
						row_number: 6,
						status: 'failed',
						task_id: '',
						error: expect.stringMatching(/Aspect Ratio.*\(charged: no\)$/),
					},
				]);
				const link = (file: string) => `https://drive.google.com/file/d/${file}/view`;
				const done = (row_number: number, task_id = '', images = 1) => ({
					row_number,
					status: 'done',
					link: Array.from({ length: images }, (_, n) => link(`${task_id}-${n}`)).join('\n'),
					task_id,
					error: '',
				});
				expect(all('Write links to sheet')).toHaveLength(2);
				expect(all('Write links to sheet')).toEqual(
					expect.arrayContaining([done(3, panda?.id, 2), done(7, shoe?.id)]),
				);
				expect(all('Write errors to sheet')).toEqual([
					{
						row_number: 4,
						status: 'failed',
						task_id: refused?.id,
						error: expect.stringMatching(/content policy.*\(charged: no\)$/),
					},
				]);
				expect(paid()).toBeCloseTo(3 * PRICE, 6);
			},
			2 * MINUTE,
		);
	});

	describe(LARGE_BATCH, () => {
		it(
			'saves each image under the name of its row, and executes again at no cost',
			async () => {
				const rows = [
					'name,prompt,aspect_ratio,images',
					'slow,A slow jar [[slow:2]],16:9,1',
					'stickers,A jar as a sticker,,2',
					'refused,A jar [[fail:content_policy_violation]],1:1,1',
					'ribbon,A jar with a ribbon,1:9,1',
				];
				await writeFile(join(folder, 'prompts.csv'), rows.join('\n'));
				const workflow = withParameters(
					withField(example(LARGE_BATCH), 'Set folder', 'folder', folder),
					'Wait',
					{ amount: 1 },
				);
				const images = async () =>
					(await filesIn()).filter((name) => !name.endsWith('.csv')).map((n) => parse(n).name);
				paid();
				const id = await n8n.rest.createWorkflow(withCredentials(workflow, n8n.credentials));
				const execute = async () => {
					const execution = await n8n.rest.waitFor(
						id,
						await n8n.rest.run(id, 'Run manually'),
						MINUTE,
					);
					expect(execution.status).toBe('success');
				};
				await execute();
				expect(await images()).toEqual(['slow-1', 'stickers-1', 'stickers-2']);
				expect(paid()).toBeCloseTo(3 * PRICE, 6);

				const failed = (await filesIn()).filter((name) => name.startsWith('failed'));
				const problems = await Promise.all(
					failed.map(async (name) => await readFile(join(folder, name), 'utf8')),
				);
				expect(problems.join('\n')).toMatch(/refused,.*content policy/);
				expect(problems.join('\n')).toMatch(/ribbon,.*Aspect Ratio/);

				await execute();
				expect(paid()).toBe(0);
			},
			2 * MINUTE,
		);
	});

	describe(PREVIEW_AND_APPROVE, () => {
		const csv = [
			'name,prompt,aspect_ratio,images',
			'lake,A lake,16:9,1',
			'stickers,A panda as a sticker,,3',
			'refused,A picture [[fail:content_policy_violation]],1:1,1',
			'ribbon,A ribbon,1:9,1',
		].join('\n');
		const usdOf = (images: number) => (images * PRICE) / evoLink.priceList.creditsPerUsd;

		/** Opens the form, up to the page that asks for approval. */
		const openForm = async () => {
			paid();
			await writeFile(join(folder, 'prompts.csv'), csv);
			const workflow = withField(example(PREVIEW_AND_APPROVE), 'Set folder', 'folder', folder);
			const id = await n8n.rest.createWorkflow(withCredentials(workflow, n8n.credentials));
			const trigger = 'Open form';
			await n8n.rest.listen(id, trigger);
			const webhookId = workflow.nodes.find(({ name }) => name === trigger)?.webhookId;
			const form = await FormJourney.start(n8n.url, String(webhookId));
			return { form, approval: await form.nextPage() };
		};

		it('shows the cost and the rows that would be refused, and generates nothing without a yes', async () => {
			const { form, approval } = await openForm();
			expect(approval).toContain(`5 images, about $${usdOf(5).toFixed(2)}`);
			expect(approval).toContain(
				`Maximum cost: $${(Math.ceil(usdOf(5) * 110 + 1) / 100).toFixed(2)}`,
			);
			expect(approval).toMatch(/Row 4 would be refused: .*Aspect Ratio/);

			await form.submit('No');
			expect(await form.nextPage()).toContain('Nothing was generated');
			expect(await filesIn()).toEqual(['prompts.csv']);
			expect(paid()).toBe(0);
		});

		it('saves the images and lists what each row cost, after a yes', async () => {
			const { form } = await openForm();
			await form.submit('Yes');
			expect(await form.nextPage()).toContain(`4 images for $${usdOf(4).toFixed(2)}`);

			const images = (await filesIn()).filter((name) => !name.endsWith('.csv'));
			expect(images.map((name) => parse(name).name)).toEqual([
				'lake-1',
				'stickers-1',
				'stickers-2',
				'stickers-3',
			]);
			await Promise.all(images.map(measure));
			expect(paid()).toBeCloseTo(4 * PRICE, 6);
			const made = (name: string, images: number) => ({
				name,
				images: String(images),
				cost_usd: String(Number(usdOf(images).toFixed(4))),
				charged: 'yes',
				task_id: expect.stringMatching(/^task-/),
				problem: '',
			});
			const failed = { images: '0', cost_usd: '0', charged: 'no' };
			const costs = await listOf('costs');
			expect(costs).toEqual([
				expect.objectContaining(made('lake', 1)),
				expect.objectContaining(made('stickers', 3)),
				expect.objectContaining({ name: 'refused', ...failed }),
				expect.objectContaining({ name: 'ribbon', ...failed, task_id: '' }),
			]);
			expect(costs.map(({ problem }) => problem)).toEqual([
				'',
				'',
				expect.stringContaining('content policy'),
				expect.stringContaining('Aspect Ratio'),
			]);
		});
	});

	it(`${AI_AGENT} lets the agent fill in exactly the prompt, the links and the aspect ratio`, () => {
		const tool = example(AI_AGENT).nodes.find(({ type }) => type.endsWith('Tool'));
		const filledIn = Object.entries(tool?.parameters ?? {}).flatMap(([name, value]) =>
			String(value).includes('$fromAI(') ? [name] : [],
		);
		expect(filledIn).toEqual(['prompt', 'imageUrls', 'aspectRatio']);
	});
});

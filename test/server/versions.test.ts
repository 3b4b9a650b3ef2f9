import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import sharp from 'sharp';

import { PARAMETERS, readCampaign, type CampaignRow } from '../../demo/campaign';
import type { ProviderName } from '../sandbox/sandbox';
import { cacheFolder } from './cacheFolder';
import { itemsOf, runsOf, type Item } from './executionData';
import type { N8nVersion } from './n8nReleases';
import { nodeBinary, type NodeRange } from './nodeBinary';
import {
	fetchFile,
	GENERATE,
	generate,
	inARow,
	readSpreadsheet,
	START,
	TASK_STATUS,
	taskStatus,
	type WorkflowNode,
} from './nodeChains';
import type { Execution } from './restClient';
import { installRuntime } from './runtime';
import { SeedreamN8n } from './seedreamN8n';

/** The same package in every version of n8n that the README names, with both modes for binary data. */

const CAMPAIGN = resolve(__dirname, '../../examples/campaign.csv');
/** The base and the layers that the sandbox makes unless the prompt says otherwise. */
const LAYERS = 4;

interface Installation {
	title: string;
	version: N8nVersion;
	/** Default: the running one, if suitable. */
	onNode?: NodeRange;
	files: 'in its folder' | 'in its memory';
	env?: Record<string, string>;
}

/** Each version with its defaults, and the old one as its Docker image stores many files. */
const installations: Installation[] = [
	{ title: '2.41.1', version: '2.41.1', files: 'in its folder' },
	{ title: '1.123.81', version: '1.123.81', files: 'in its memory' },
	{
		title: '1.123.81 on Node 24',
		version: '1.123.81',
		onNode: { oldest: '24.0' },
		files: 'in its folder',
		env: { N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem', N8N_EXPRESSION_ENGINE: 'vm' },
	},
];

const MINUTE = 60_000;

describe.each(installations)('n8n $title, with files $files', ({ version, onNode, files, env }) => {
	let n8n: SeedreamN8n;

	beforeAll(async () => {
		const runtime = await installRuntime(() => undefined, version);
		const other = onNode && { node: await nodeBinary(onNode) };
		n8n = await SeedreamN8n.open({ ...runtime, ...other }, { env, sandbox: { taskSeconds: 0.3 } });
	}, 3 * MINUTE);

	afterAll(async () => await n8n?.close());

	/** Runs these nodes in a row. */
	async function run(...nodes: WorkflowNode[]): Promise<Execution> {
		const { workflowId, executionId } = await start(...nodes);
		return await n8n.rest.waitFor(workflowId, executionId, MINUTE);
	}

	async function start(
		...nodes: WorkflowNode[]
	): Promise<{ workflowId: string; executionId: string }> {
		const workflowId = await n8n.rest.createWorkflow(inARow('Test', nodes));
		return { workflowId, executionId: await n8n.rest.run(workflowId, START) };
	}

	/** Nodes that output the rows of a CSV file. */
	function spreadsheet(csv: string | Buffer): WorkflowNode[] {
		const url = n8n.sandbox.addFile(Buffer.from(csv), 'text/csv');
		return readSpreadsheet(url);
	}

	const tasksFor = (prompt: string) =>
		n8n.sandbox.tasks().filter((task) => task.prompt.includes(prompt));

	it('has the three nodes, two of them as tools too, and the three credentials', async () => {
		const ours = (names: string[]) => names.filter((name) => /seedream/.test(name)).sort();

		expect(ours(await n8n.rest.nodeTypes())).toEqual([
			'n8n-nodes-seedream.seedreamGenerate',
			'n8n-nodes-seedream.seedreamGenerateTool',
			'n8n-nodes-seedream.seedreamTaskStatus',
			'n8n-nodes-seedream.seedreamTaskStatusTool',
			'n8n-nodes-seedream.seedreamTrigger',
		]);
		expect(await n8n.rest.credentialTypes()).toEqual(
			expect.arrayContaining(['evoLinkApi', 'apiMartApi', 'apiInOneApi']),
		);
	});

	it.each(['evoLink', 'apiMart', 'apiInOne'] as const)(
		'tests the API key of %s',
		async (provider) => {
			const { baseUrls, filesBaseUrl, keys } = n8n.sandbox;
			const type = `${provider}Api` as const;
			const address = { baseUrl: baseUrls[provider], filesBaseUrl };
			const test = async (apiKey: string) =>
				await n8n.rest.testCredential(n8n.credentials[type], type, { ...address, apiKey });

			expect(await test(keys[provider])).toMatchObject({ status: 'OK' });
			expect(await test('not-the-key')).toMatchObject({ status: 'Error' });
			n8n.sandbox.setIntercept(() => ({ kind: 'response', status: 502, body: '<html></html>' }));
			expect(await test(keys[provider])).toMatchObject({ status: 'Error' });
			n8n.sandbox.setIntercept(undefined);
		},
	);

	describe('the spreadsheet workflow', () => {
		let rows: CampaignRow[];
		let items: Item[];
		let execution: Execution;
		let charged: (provider: ProviderName) => number;

		beforeAll(async () => {
			const providers = ['evoLink', 'apiMart', 'apiInOne'] as const;
			const balances = () =>
				new Map(providers.map((name) => [name, n8n.sandbox.account(name).charged]));
			const before = balances();
			rows = await readCampaign(CAMPAIGN);
			execution = await run(
				...spreadsheet(await readFile(CAMPAIGN)),
				generate(PARAMETERS, n8n.credentials, { onError: 'continueRegularOutput' }),
			);
			items = itemsOf(runsOf(execution.data, GENERATE)[0]);
			const after = balances();
			charged = (name) => (after.get(name) ?? NaN) - (before.get(name) ?? NaN);
		}, 2 * MINUTE);

		const itemsOfRow = (index: number) =>
			items.filter(({ pairedItem }) => rowOf(pairedItem) === index);

		it('returns the images of every row, as files', async () => {
			for (const [index, { name, images = '1' }] of rows.entries()) {
				if (name === '13-refused') continue;
				const made = itemsOfRow(index);
				const imageCount = name === '18-panda-layers' ? LAYERS : Number(images);
				expect(made.map(({ json }) => json)).toEqual(
					Array.from({ length: imageCount }, (_, imageIndex) =>
						expect.objectContaining({ status: 'completed', imageIndex, imageCount }),
					),
				);
				for (const [imageIndex, { json, binary }] of made.entries()) {
					const file = binary?.data;
					if (!file) throw new Error(`${name} has no file`);
					expect(file.id === undefined ? 'in its memory' : 'in its folder').toBe(files);
					expect(file.fileName).toMatch(new RegExp(`^${name}-${imageIndex + 1}\\.\\w+$`));
					expect(await sharp(await n8n.rest.bytesOf(file)).stats()).toBeDefined();
					expect(tasksFor(String(json.prompt))).toHaveLength(1);
				}
			}
			expect(execution.status).toBe('success');
		});

		it('returns the rejected row as an item', () => {
			const index = rows.findIndex(({ name }) => name === '13-refused');
			expect(itemsOfRow(index)).toEqual([
				expect.objectContaining({
					json: expect.objectContaining({
						status: 'failed',
						taskId: expect.any(String),
						error: expect.objectContaining({ code: 'content_policy_violation', charged: 'no' }),
					}),
				}),
			]);
			expect(itemsOfRow(index)[0]?.binary).toBeFalsy();
		});

		it('has a hint above the output', () => {
			const hints = runsOf(execution.data, GENERATE)[0]?.hints;
			expect(hints).toEqual([
				expect.objectContaining({
					message: expect.stringMatching(/^\d+ images in .* seconds for /),
				}),
			]);
		});

		it.each(['evoLink', 'apiMart', 'apiInOne'] as const)(
			'costs at %s what its items say',
			(provider) => {
				const own = items.filter(({ json }) => json.provider === provider);
				const cost = own.map(({ json }) => Number(creditsOf(json)));
				expect(charged(provider)).toBeGreaterThan(0);
				expect(cost.reduce((sum, credits) => sum + credits, 0)).toBeCloseTo(charged(provider));
			},
		);
	});

	it('uploads a reference file and returns the edited image', async () => {
		const photo = await sharp({
			create: { width: 640, height: 480, channels: 3, background: 'teal' },
		})
			.jpeg()
			.toBuffer();
		const known = n8n.sandbox.uploads().length;

		const { data } = await run(
			fetchFile(n8n.sandbox.addFile(photo, 'image/jpeg')),
			generate({ prompt: 'Add a boat', imageFields: 'data' }, n8n.credentials),
		);

		const [upload, ...others] = n8n.sandbox.uploads().slice(known);
		const [item] = itemsOf(runsOf(data, GENERATE)[0]);
		expect(others).toEqual([]);
		expect(upload).toMatchObject({ provider: 'evoLink', bytes: photo.length, format: 'jpeg' });
		expect(tasksFor('Add a boat')).toEqual([
			expect.objectContaining({ body: expect.objectContaining({ image_urls: [upload?.url] }) }),
		]);
		expect(item?.json.status).toBe('completed');
		expect(item?.binary?.data?.mimeType).toMatch(/^image\//);
	});

	it('charges once when Retry On Fail runs the node again', async () => {
		const rows = 'prompt\nA kite\nA drum [[http:400x1]]\n';
		const { status, data } = await run(
			...spreadsheet(rows),
			generate({ prompt: '={{ $json.prompt }}' }, n8n.credentials, {
				retryOnFail: true,
				maxTries: 2,
				waitBetweenTries: 0,
			}),
		);

		const items = itemsOf(runsOf(data, GENERATE)[0]);
		expect(status).toBe('success');
		expect(items.map(({ json }) => json.prompt)).toEqual(['A kite', 'A drum [[http:400x1]]']);
		expect(tasksFor('A kite')).toHaveLength(1);
		expect(tasksFor('A drum')).toHaveLength(1);
	});

	it('gets a task by its ID', async () => {
		const { data } = await run(
			generate({ prompt: 'A windmill', continueWhen: 'submitted' }, n8n.credentials),
			taskStatus({ taskId: '={{ $json.taskId }}', continueWhen: 'finished' }, n8n.credentials),
		);

		const [submitted] = itemsOf(runsOf(data, GENERATE)[0]);
		const [fetched] = itemsOf(runsOf(data, TASK_STATUS)[0]);
		expect(submitted?.json).toMatchObject({ status: 'submitted' });
		expect(fetched?.json).toMatchObject({ status: 'completed', taskId: submitted?.json.taskId });
		expect(fetched?.binary?.data?.mimeType).toMatch(/^image\//);
	});

	it('has no warnings about this package in its log', async () => {
		const log = await n8n.readLog();
		// The tests' own folders are named like this, too.
		const lines = log.replaceAll(n8n.userFolder, '').replaceAll(cacheFolder(), '').split('\n');
		expect(lines.filter((line) => /seedream/i.test(line))).toEqual([]);
	});

	it('sends no more requests once the execution is stopped, and logs the task that was charged', async () => {
		const { workflowId, executionId } = await start(
			generate({ prompt: 'A glacier [[slow:60]]' }, n8n.credentials),
		);
		while (tasksFor('A glacier').length === 0) await wait(50);
		await n8n.rest.stop(executionId);
		const { status } = await n8n.rest.waitFor(workflowId, executionId, MINUTE);
		const sent = n8n.sandbox.requests.length;
		await wait(3_000);

		expect(status).toBe('canceled');
		expect(n8n.sandbox.requests).toHaveLength(sent);
		expect(await n8n.readLog()).toContain(tasksFor('A glacier')[0]?.id);
	});
});

function rowOf(pairedItem: Item['pairedItem']): number | undefined {
	if (typeof pairedItem === 'number') return pairedItem;
	return Array.isArray(pairedItem) ? pairedItem[0]?.item : pairedItem?.item;
}

function creditsOf({ cost }: Item['json']): unknown {
	return typeof cost === 'object' && cost !== null && 'credits' in cost ? cost.credits : 0;
}

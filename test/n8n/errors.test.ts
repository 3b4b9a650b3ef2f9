import { HTTP_MESSAGES, TASK_MESSAGES } from '../../nodes/Seedream/errors/errorMessages';
import {
	startSandbox,
	type Fault,
	type ProviderName,
	type Intercept,
	type Sandbox,
} from '../sandbox/sandbox';
import { startEngine, type Engine, type NodeRun } from './engine';
import { sandboxCredentials } from './systems';

/** What a user reads in n8n, message and description, for everything that a provider may answer. */

const LABELS: Record<ProviderName, string> = {
	evoLink: 'EvoLink',
	apiMart: 'APIMart',
	apiInOne: 'API in One',
};
const PROVIDERS: ProviderName[] = ['evoLink', 'apiMart', 'apiInOne'];

const NOTHING = 'Nothing was charged.';
const UNKNOWN = 'Whether it was charged cannot be known from here.';

/** Some are asked again for half a minute, on their own clock, before they are given up. */
jest.setTimeout(120_000);

interface Scene {
	prompt?: string;
	parameters?: NodeRun['parameters'];
	node?: NodeRun['node'];
	intercept?: (sandbox: Sandbox) => Intercept;
}

interface Words {
	message: string;
	description: string;
}

let engine: Engine;

beforeAll(async () => {
	engine = await startEngine();
	for (const provider of PROVIDERS) {
		for (const [name, scene] of Object.entries(scenesAt(provider))) play(provider, name, scene);
	}
});

afterAll(async () => {
	await Promise.allSettled(played.values());
	engine.close();
});

/** What the user reads in each scene. They are all played at once. */
const played = new Map<string, Promise<Words>>();

function play(provider: ProviderName, name: string, scene: Scene): void {
	const words = errorOf(provider, scene);
	words.catch(() => undefined);
	played.set(`${provider} ${name}`, words);
}

async function read(provider: ProviderName, name: string): Promise<Words> {
	const words = await played.get(`${provider} ${name}`);
	if (!words) throw new Error(`There is no scene "${name}"`);
	return words;
}

async function errorOf(
	provider: ProviderName,
	{ prompt = 'A lake', parameters, node = 'seedreamGenerate', intercept }: Scene,
): Promise<Words> {
	const sandbox = await startSandbox({ taskSeconds: 0.01 });
	sandbox.setIntercept(intercept?.(sandbox));
	const { error } = await engine.run({
		node,
		parameters: { provider, model: '', prompt, downloadImages: false, ...parameters },
		rows: [{}],
		credentials: sandboxCredentials(sandbox),
	});
	await sandbox.close();
	if (!error) throw new Error('The run did not fail');
	return { message: error.message, description: String(error.description) };
}

/** Whatever is asked for, the provider answers so. */
const always = (fault: Fault) => () => () => fault;

function scenesAt(provider: ProviderName): Record<string, Scene> {
	return {
		...Object.fromEntries(
			Object.keys(HTTP_MESSAGES).map((code) => [
				`HTTP ${code}`,
				// A limit is waited for as long as the timeout says.
				{ prompt: `A lake [[http:${code}]]`, parameters: { options: { timeout: 10 } } },
			]),
		),
		...Object.fromEntries(
			Object.keys(TASK_MESSAGES).map((code) => [code, { prompt: `A lake [[fail:${code}]]` }]),
		),
		'HTML page': {
			intercept: always({ kind: 'answer', status: 502, body: '<html>Bad Gateway</html>' }),
		},
		'wrong address': {
			intercept: always({ kind: 'answer', status: 404, body: '<html>Not found</html>' }),
		},
		nonsense: { intercept: always({ kind: 'answer', status: 200, body: { hello: 'world' } }) },
		'lost answer': { intercept: always({ kind: 'resetAfter' }) },
		'quoted key': {
			intercept: ({ keys }) =>
				always({
					kind: 'answer',
					status: 401,
					body: {
						error: {
							code: 'unauthorized',
							message: `Incorrect API key: ${keys[provider]}`,
							type: 'x',
						},
					},
				})(),
		},
		'request id': {
			intercept: always({
				kind: 'answer',
				status: 400,
				headers: { 'X-Request-Id': 'req-42' },
				body: { error: { code: 'bad_size', message: 'Bad size', type: 'x' } },
			}),
		},
		'unknown task': { node: 'seedreamTaskStatus', parameters: { taskId: 'task-unknown' } },
		'no image': {
			intercept:
				() =>
				({ step }) =>
					step === 'query'
						? { kind: 'answer', status: 200, body: COMPLETED_EMPTY[provider] }
						: undefined,
		},
	};
}

const COMPLETED_EMPTY: Record<ProviderName, unknown> = {
	evoLink: { id: 'task-1', status: 'completed', results: [] },
	apiMart: { code: 200, data: { id: 'task-1', status: 'completed', result: { images: [] } } },
	apiInOne: { code: 200, data: { task_id: 'task-1', status: 'COMPLETED' } },
};

/** Behind the message of a create that may have been accepted: what to look for, and when. */
const mayExist = (label: string) =>
	`\\. The image may have been made and charged: look in ${label}'s list of tasks for one of \\S+ made (?:at|between) \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC(?: and \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC)?$`;

/** EvoLink makes nothing again under an Idempotency-Key that it knows. */
const AGAIN: Record<ProviderName, string> = {
	evoLink: 'Retry On Fail, or Retry in the list of executions, asks again without paying twice.',
	apiMart:
		'Nothing in this execution sends the row again, because that might pay twice. Retry in the list of executions does, so look first.',
	apiInOne:
		'Nothing in this execution sends the row again, because that might pay twice. Retry in the list of executions does, so look first.',
};

const lookItUp = (provider: ProviderName) =>
	`If ${LABELS[provider]} has the task, Seedream Task Status fetches it by its ID. ${AGAIN[provider]} ${UNKNOWN}`;

/** Statuses below 500 that do not say whether the request was carried out. */
const UNDECIDED = [408, 409];

describe.each(PROVIDERS)('a create at %s', (provider) => {
	const label = LABELS[provider];

	it.each(
		Object.entries(HTTP_MESSAGES)
			.map(([status, advice]) => [Number(status), advice] as const)
			.filter(([status]) => status < 500 && ![404, ...UNDECIDED].includes(status)),
	)('that is answered with HTTP %d', async (status, { message: what, hint: todo }) => {
		const { message, description } = await read(provider, `HTTP ${status}`);

		expect(message).toMatch(new RegExp(`^${label} ${what} \\(.+\\)$`));
		// Whichever comes first at the end of its patience: the last refusal, or a turn that is not taken any more.
		const notSent = 'The row was not sent any more: run it again later.';
		expect(
			[todo, ...(status === 429 ? [notSent] : [])].map((one) => `${one} ${NOTHING}`),
		).toContain(description);
	});

	it.each(
		Object.entries(HTTP_MESSAGES)
			.map(([status, advice]) => [Number(status), advice] as const)
			.filter(([status]) => status >= 500 || UNDECIDED.includes(status)),
	)(
		'that is answered with HTTP %d, and may have been accepted',
		async (status, { message: what }) => {
			const { message, description } = await read(provider, `HTTP ${status}`);

			expect(message).toMatch(new RegExp(`^${label} ${what} \\(.+\\)${mayExist(label)}`));
			expect(description).toBe(lookItUp(provider));
		},
	);

	it('that is answered with an HTML page', async () => {
		const { message, description } = await read(provider, 'HTML page');

		expect(message).toMatch(
			new RegExp(`^${label} cannot reach the service behind it \\(http_502\\)${mayExist(label)}`),
		);
		expect(description).toBe(lookItUp(provider));
	});

	it('whose base URL leads nowhere', async () => {
		const { message, description } = await read(provider, 'wrong address');

		expect(message).toBe(`${label} answered with an error (http_404)`);
		expect(description).toBe(`Check the base URL in the credential. ${NOTHING}`);
	});

	it('that makes no sense', async () => {
		const { message, description } = await read(provider, 'nonsense');

		expect(message).toMatch(
			new RegExp(
				`^${label} gave an answer that this node does not understand \\(.+\\)${mayExist(label)}`,
			),
		);
		// The answer may name a task that was paid for.
		expect(description).toContain('The answer was: {"hello":"world"}');
		expect(description).toContain(lookItUp(provider));
	});

	it('whose answer never came', async () => {
		const { message, description } = await read(provider, 'lost answer');

		expect(message).toMatch(
			new RegExp(
				`^${label} did not answer: the connection broke off \\(ECONNRESET\\)${mayExist(label)}`,
			),
		);
		expect(description).toBe(lookItUp(provider));
	});

	it('never shows the key, even where the provider quotes it', async () => {
		const { message } = await read(provider, 'quoted key');

		expect(message).toBe(
			`${label} did not accept the API key (unauthorized: Incorrect API key: [API key])`,
		);
	});

	it('names the request that support asks for', async () => {
		const { message } = await read(provider, 'request id');

		expect(message).toBe(`${label} refused the request (bad_size: Bad size, request req-42)`);
	});
});

describe.each(PROVIDERS)('a task at %s', (provider) => {
	it.each(Object.entries(TASK_MESSAGES))(
		'that fails with %s',
		async (code, { message: what, hint: todo }) => {
			const { message, description } = await read(provider, code);

			expect(message).toMatch(
				new RegExp(`^${LABELS[provider]} ${what} \\(${code}: .+\\) \\[task \\S+\\]$`),
			);
			const isAssumed = provider === 'apiInOne';
			expect(description).toBe(
				`${todo} ${isAssumed ? 'Not charged, as far as is known.' : NOTHING}`,
			);
		},
	);

	it('that the provider does not know', async () => {
		const { message, description } = await read(provider, 'unknown task');

		expect(message).toMatch(
			new RegExp(`^${LABELS[provider]} does not know this task \\(.+\\) \\[task task-unknown\\]$`),
		);
		expect(description).toBe(
			`Check the task ID, the provider and the account. Providers forget old tasks. ${UNKNOWN}`,
		);
	});

	it('that is completed without an image', async () => {
		const { message, description } = await read(provider, 'no image');

		expect(message).toMatch(/does not understand \(the task is completed, but there is no image/);
		expect(description).toContain(`The answer was: ${JSON.stringify(COMPLETED_EMPTY[provider])}`);
		expect(description).toContain('Seedream Task Status');
	});
});

it('answers of APIMart that only look like something else are taken for what they are', async () => {
	const answers: Array<[number, unknown]> = [
		[200, { success: false, code: 402, message: 'No balance' }],
		[500, { error: { code: 500, message: 'build_request_failed: bad size', type: 'x' } }],
	];
	const errors = await Promise.all(
		answers.map(
			async ([status, body]) =>
				await errorOf('apiMart', { intercept: always({ kind: 'answer', status, body }) }),
		),
	);
	expect(errors).toEqual([
		{
			message: 'APIMart has no credit left on this account (No balance)',
			description: `Top up the account and run again. ${NOTHING}`,
		},
		{
			message: 'APIMart refused the request (build_request_failed: bad size)',
			description: `Change what the message names and run again. ${NOTHING}`,
		},
	]);
});

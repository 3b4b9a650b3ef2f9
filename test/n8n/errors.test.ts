import { HTTP_MESSAGES, TASK_MESSAGES } from '../../nodes/Seedream/errors/errorMessages';
import {
	startSandbox,
	type Fault,
	type ProviderName,
	type Intercept,
	type Sandbox,
} from '../sandbox/sandbox';
import type { ExecutionOptions } from './engine';
import { engine, LABELS, respondWith } from './fixture';
import { sandboxCredentials } from './systems';

/** What a user reads in n8n, message and description, for every error a provider may return. */

const PROVIDERS: ProviderName[] = ['evoLink', 'apiMart', 'apiInOne'];

const NOTHING = "You weren't charged.";
const UNKNOWN = "The node can't tell whether you were charged.";

/** Some requests are retried for half a minute, in real time, before the row fails. */
jest.setTimeout(120_000);

interface ErrorCase {
	prompt?: string;
	parameters?: ExecutionOptions['parameters'];
	node?: ExecutionOptions['node'];
	intercept?: (sandbox: Sandbox) => Intercept;
}

interface UserMessage {
	message: string;
	description: string;
}

beforeAll(() => {
	for (const provider of PROVIDERS) {
		for (const [name, errorCase] of Object.entries(errorCases(provider))) {
			start(provider, name, errorCase);
		}
	}
});

afterAll(async () => await Promise.allSettled(results.values()));

/** All cases run at the same time. */
const results = new Map<string, Promise<UserMessage>>();

function start(provider: ProviderName, name: string, errorCase: ErrorCase): void {
	const userMessage = errorOf(provider, errorCase);
	userMessage.catch(() => undefined);
	results.set(`${provider} ${name}`, userMessage);
}

async function messageOf(provider: ProviderName, name: string): Promise<UserMessage> {
	const result = await results.get(`${provider} ${name}`);
	if (!result) throw new Error(`There is no case "${name}"`);
	return result;
}

async function errorOf(
	provider: ProviderName,
	{ prompt = 'A lake', parameters, node = 'seedreamGenerate', intercept }: ErrorCase,
): Promise<UserMessage> {
	const sandbox = await startSandbox({ taskSeconds: 0.01 });
	sandbox.setIntercept(intercept?.(sandbox));
	const { error } = await (
		await engine()
	).run({
		node,
		parameters: { provider, model: '', prompt, downloadImages: false, ...parameters },
		rows: [{}],
		credentials: sandboxCredentials(sandbox),
	});
	await sandbox.close();
	if (!error) throw new Error('The execution did not fail');
	return { message: error.message, description: String(error.description) };
}

/** Every response. */
const always = (fault: Fault) => () => () => fault;

function errorCases(provider: ProviderName): Record<string, ErrorCase> {
	return {
		...Object.fromEntries(
			Object.keys(HTTP_MESSAGES).map((code) => [
				`HTTP ${code}`,
				// A limit is waited out until the timeout.
				{ prompt: `A lake [[http:${code}]]`, parameters: { options: { timeout: 10 } } },
			]),
		),
		...Object.fromEntries(
			Object.keys(TASK_MESSAGES).map((code) => [code, { prompt: `A lake [[fail:${code}]]` }]),
		),
		'HTML page': {
			intercept: always(respondWith(502, '<html>Bad Gateway</html>')),
		},
		'wrong base URL': {
			intercept: always(respondWith(404, '<html>Not found</html>')),
		},
		'unknown response': {
			intercept: always(respondWith(200, { hello: 'world' })),
		},
		'lost response': { intercept: always({ kind: 'resetAfter' }) },
		'quoted key': {
			intercept: ({ keys }) =>
				always({
					kind: 'response',
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
				kind: 'response',
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
						? { kind: 'response', status: 200, body: COMPLETED_EMPTY[provider] }
						: undefined,
		},
	};
}

const COMPLETED_EMPTY: Record<ProviderName, unknown> = {
	evoLink: { id: 'task-1', status: 'completed', results: [] },
	apiMart: { code: 200, data: { id: 'task-1', status: 'completed', result: { images: [] } } },
	apiInOne: { code: 200, data: { task_id: 'task-1', status: 'COMPLETED' } },
};

/** After the message of a create request that may have been accepted: what to look for, and when. */
const mayExist = (label: string) =>
	`\\. The image may have been generated and you may have been charged\\. Check ${label}'s task list for a \\S+ task created (?:at|between) \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC(?: and \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC)?$`;

/** EvoLink creates nothing again for an Idempotency-Key it already knows. */
const RETRY_HINT: Record<ProviderName, string> = {
	evoLink:
		'Retry On Fail, or Retry on the Executions tab, sends the request again without charging you twice.',
	apiMart:
		"To avoid charging you twice, the node doesn't send this row again in this execution. Retry on the Executions tab does, so check first.",
	apiInOne:
		"To avoid charging you twice, the node doesn't send this row again in this execution. Retry on the Executions tab does, so check first.",
};

const lookItUp = (provider: ProviderName) =>
	`If the task is there, fetch it with the Seedream Task Status node and its task ID. ${RETRY_HINT[provider]} ${UNKNOWN}`;

/** Statuses below 500 after which the task may exist. */
const AMBIGUOUS = [408, 409];

describe.each(PROVIDERS)('the error of a create request at %s', (provider) => {
	const label = LABELS[provider];

	it.each(
		Object.entries(HTTP_MESSAGES)
			.map(([status, texts]) => [Number(status), texts] as const)
			.filter(([status]) => status < 500 && ![404, ...AMBIGUOUS].includes(status)),
	)('explains HTTP %d', async (status, { message: text, hint }) => {
		const { message, description } = await messageOf(provider, `HTTP ${status}`);

		expect(message).toMatch(new RegExp(`^${label} ${text} \\(.+\\)$`));
		// Whichever comes first at the timeout: the last rejection, or a retry that isn't sent any more.
		const notSent = "The node didn't send this row. Run it again later.";
		expect(
			[hint, ...(status === 429 ? [notSent] : [])].map((one) => `${one} ${NOTHING}`),
		).toContain(description);
	});

	it.each(
		Object.entries(HTTP_MESSAGES)
			.map(([status, texts]) => [Number(status), texts] as const)
			.filter(([status]) => status >= 500 || AMBIGUOUS.includes(status)),
	)('says after HTTP %d that the task may exist', async (status, { message: text }) => {
		const { message, description } = await messageOf(provider, `HTTP ${status}`);

		expect(message).toMatch(new RegExp(`^${label} ${text} \\(.+\\)${mayExist(label)}`));
		expect(description).toBe(lookItUp(provider));
	});

	it('does not quote an HTML page', async () => {
		const { message, description } = await messageOf(provider, 'HTML page');

		expect(message).toMatch(
			new RegExp(`^${label} can't reach its upstream service \\(http_502\\)${mayExist(label)}`),
		);
		expect(description).toBe(lookItUp(provider));
	});

	it('suggests to check a wrong base URL', async () => {
		const { message, description } = await messageOf(provider, 'wrong base URL');

		expect(message).toBe(`${label} returned an unexpected response (http_404)`);
		expect(description).toBe(`Check the base URL in the credential. ${NOTHING}`);
	});

	it('quotes an unknown response', async () => {
		const { message, description } = await messageOf(provider, 'unknown response');

		expect(message).toMatch(
			new RegExp(
				`^${label} returned a response that the node doesn't understand \\(.+\\)${mayExist(label)}`,
			),
		);
		// The response may name a task that was charged.
		expect(description).toContain('The response was: {"hello":"world"}');
		expect(description).toContain(lookItUp(provider));
	});

	it('says after a lost response that the task may exist', async () => {
		const { message, description } = await messageOf(provider, 'lost response');

		expect(message).toMatch(
			new RegExp(
				`^${label} didn't respond: the connection was interrupted \\(ECONNRESET\\)${mayExist(label)}`,
			),
		);
		expect(description).toBe(lookItUp(provider));
	});

	it('never shows the API key, even if the provider quotes it', async () => {
		const { message } = await messageOf(provider, 'quoted key');

		expect(message).toBe(
			`${label} didn't accept the API key (unauthorized: Incorrect API key: [API key])`,
		);
	});

	it('names the request ID', async () => {
		const { message } = await messageOf(provider, 'request id');

		expect(message).toBe(`${label} rejected the request (bad_size: Bad size, request ID req-42)`);
	});
});

describe.each(PROVIDERS)('the error of a task at %s', (provider) => {
	it.each(Object.entries(TASK_MESSAGES))(
		'explains the failure %s',
		async (code, { message: text, hint }) => {
			const { message, description } = await messageOf(provider, code);

			expect(message).toMatch(
				new RegExp(`^${LABELS[provider]} ${text} \\(${code}: .+\\) \\[task \\S+\\]$`),
			);
			const isAssumed = provider === 'apiInOne';
			expect(description).toBe(
				`${hint} ${isAssumed ? "As far as is known, you weren't charged." : NOTHING}`,
			);
		},
	);

	it('explains an unknown task ID', async () => {
		const { message, description } = await messageOf(provider, 'unknown task');

		expect(message).toMatch(
			new RegExp(
				`^${LABELS[provider]} doesn't recognize this task \\(.+\\) \\[task task-unknown\\]$`,
			),
		);
		expect(description).toBe(
			`Check the task ID, the provider and the account. Providers don't keep old tasks forever. ${UNKNOWN}`,
		);
	});

	it('explains a completed task without an image', async () => {
		const { message, description } = await messageOf(provider, 'no image');

		expect(message).toMatch(/doesn't understand \(the task is completed but has no images/);
		expect(description).toContain(`The response was: ${JSON.stringify(COMPLETED_EMPTY[provider])}`);
		expect(description).toContain('Seedream Task Status');
	});
});

it('errors of APIMart are recognized whatever their HTTP status', async () => {
	const responses: Array<[number, unknown]> = [
		[200, { success: false, code: 402, message: 'No balance' }],
		[500, { error: { code: 500, message: 'build_request_failed: bad size', type: 'x' } }],
	];
	const errors = await Promise.all(
		responses.map(
			async ([status, body]) =>
				await errorOf('apiMart', { intercept: always({ kind: 'response', status, body }) }),
		),
	);
	expect(errors).toEqual([
		{
			message: 'APIMart reports that this account has no credits left (No balance)',
			description: `Top up the account, then try again. ${NOTHING}`,
		},
		{
			message: 'APIMart rejected the request (build_request_failed: bad size)',
			description: `Change the value that the message names, then try again. ${NOTHING}`,
		},
	]);
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INodeParameters } from 'n8n-workflow';

import { readCallbackData } from '../../nodes/Seedream/request/callbackData';
import type { ProviderName } from '../sandbox/sandbox';
import type { NodeResult } from './engine';
import {
	EVOLINK,
	fieldOf,
	forEachProvider,
	PROMPTS,
	respondWith,
	testNode,
	withFixture,
	WITH_IDEMPOTENCY,
	type Fixture,
} from './fixture';
import { sandboxCredentials } from './systems';

/** 'Callback Data': what a row says about itself, in the address that its provider calls back. */

const HOOK = 'https://n8n.example.com/webhook/1/task';

const withData = (callbackData: string, more: INodeParameters = {}) => ({
	parameters: { additionalFields: { callbackUrl: HOOK, callbackData, ...more } },
});

const PROMPT_AS_DATA = '={{ { about: $json.prompt } }}';
const BY_PROMPT = withData(PROMPT_AS_DATA);

const hintOf = ({ hints }: NodeResult) => hints.map(({ message }) => message).join(' ');

/** The addresses that the provider got, by prompt. */
function addresses({ sandbox }: Fixture, provider?: ProviderName): Map<string, string> {
	const creates = sandbox.requests.filter(
		(request) => request.step === 'create' && (provider ?? request.provider) === request.provider,
	);
	return new Map(
		creates.map(({ prompt = '', body }) => {
			const { callback_url, webhook } = body as { callback_url?: string; webhook?: string };
			return [prompt, callback_url ?? webhook ?? ''];
		}),
	);
}

/** The data in an address, or in the path that was called. */
function dataIn(address: string | undefined, apiKey: string) {
	const { searchParams } = new URL(address ?? '', 'http://localhost');
	return readCallbackData(Object.fromEntries(searchParams), apiKey);
}

const keyOf = ({ sandbox, system }: Fixture) => sandbox.keys[system.provider];

const valid = (data: object) => ({ kind: 'valid', data });

describe('the callback address', () => {
	forEachProvider("has each row's own data, signed with the API key", async (fixture) => {
		const result = await fixture.generate(PROMPTS, BY_PROMPT);

		fixture.expectComplete(result.items, PROMPTS);
		const sent = addresses(fixture);
		for (const prompt of PROMPTS) {
			expect(sent.get(prompt)).toMatch(/^https:\/\/n8n\.example\.com\/webhook\/1\/task\?row=/);
			expect(dataIn(sent.get(prompt), keyOf(fixture))).toEqual(valid({ about: prompt }));
			expect(dataIn(sent.get(prompt), 'another key').kind).toBe('wrongSignature');
		}
	});

	forEachProvider("isn't where the API key gets out", async (fixture) => {
		fixture.failOnce('query', 'two', respondWith(401));
		const result = await fixture.generate(PROMPTS, BY_PROMPT);

		expect(result.error).toBeDefined();
		const { items, error, hints, log, execution } = result;
		const { message, description } = error ?? {};
		const everything = JSON.stringify({ items, message, description, hints, log, execution });
		expect(everything).toContain('two');
		expect(everything).not.toContain(keyOf(fixture));
	});

	forEachProvider('is signed with the key without its white space', async (fixture) => {
		const credentials = sandboxCredentials(fixture.sandbox);
		for (const fields of Object.values(credentials)) fields.apiKey = ` ${String(fields.apiKey)}\n`;
		await fixture.generate(['one'], { ...BY_PROMPT, credentials });

		expect(dataIn(addresses(fixture).get('one'), keyOf(fixture))).toEqual(valid({ about: 'one' }));
	});

	forEachProvider('may be that of the extra body', async (fixture) => {
		const field = fixture.system.provider === 'apiMart' ? 'webhook' : 'callback_url';
		const extraBody = JSON.stringify({ [field]: `${HOOK}?from=extra` });
		await fixture.generate(['one'], withData('{"row": 7}', { extraBody, callbackUrl: '' }));

		const sent = addresses(fixture).get('one');
		expect(sent).toContain('?from=extra&row=');
		expect(dataIn(sent, keyOf(fixture))).toEqual(valid({ row: 7 }));
	});

	forEachProvider('is called with the data', async ({ system }) => {
		const called: string[] = [];
		const server = createServer(({ url = '' }, response) => {
			called.push(url);
			response.end();
		});
		await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
		const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
		const field = system.provider === 'apiMart' ? 'webhook' : 'callback_url';
		const extraBody = JSON.stringify({ [field]: `http://${host}/task` });
		await withFixture(
			{ callbackHosts: [host] },
			async (fixture) => {
				await fixture.generate(['湖 "one"'], withData(PROMPT_AS_DATA, { extraBody }));
				const { sandbox } = fixture;
				while (called.length === 0) await new Promise((done) => setTimeout(done, 20));

				const [path = ''] = called;
				expect(path.endsWith('/callback')).toBe(system.provider === 'apiMart');
				expect(dataIn(path, sandbox.keys[system.provider])).toEqual(valid({ about: '湖 "one"' }));
			},
			system,
		);
		server.close();
	});
});

describe('callback data that cannot be sent', () => {
	const refused: Array<[what: string, parameters: INodeParameters, problem: string]> = [
		['no JSON', { callbackData: '{"row": 7' }, "'Callback Data' must be a JSON object"],
		['a list', { callbackData: '={{ [1] }}' }, "'Callback Data' must be a JSON object"],
		['a number', { callbackData: '={{ 7 }}' }, "'Callback Data' must be a JSON object"],
		[
			'too much',
			{ callbackData: '={{ { text: "x".repeat(1000) } }}' },
			"'Callback Data' is 1,011 characters of JSON (maximum 1,000)",
		],
		[
			'too much for the address',
			{ callbackData: '={{ { text: "湖".repeat(600) } }}' },
			"'Callback Data' makes the callback address 2,4",
		],
		[
			'a name that no row has',
			{ callbackData: '={{ $json.nope }}' },
			"'Callback Data' uses {{ $json.nope }}, which has no value in this row",
		],
		['no callback URL', { callbackUrl: '' }, "'Callback Data' needs 'Callback URL'"],
		['a parameter twice', { callbackUrl: `${HOOK}?row=1` }, "'Callback Data' can't be added"],
	];
	for (const [what, fields, problem] of refused) {
		forEachProvider(`refuse every row before anything is sent: ${what}`, async (fixture) => {
			const { error } = await fixture.generate(PROMPTS, withData('{"row": 7}', fields));

			expect(error?.description).toContain(problem);
			expect(fixture.sandbox.requests).toEqual([]);
		});
	}

	testNode('are the only thing that an empty cell leaves out', async (fixture) => {
		const rows = [{ prompt: 'one', data: '' }, { prompt: 'two', data: null }, { prompt: 'three' }];
		const parameters = withData("={{ $json.data ?? '' }}").parameters;
		const { items } = await fixture.generate([], { parameters, rows });

		fixture.expectComplete(items, PROMPTS);
		expect([...addresses(fixture).values()]).toEqual([HOOK, HOOK, HOOK]);
	});
});

describe('a preview with callback data', () => {
	forEachProvider('needs no API key, so the signature is masked', async (fixture) => {
		const { parameters } = withData('{"row": 7}');
		const result = await fixture.generate(['one'], {
			parameters: { ...parameters, continueWhen: 'preview' },
			credentials: {},
		});

		expect(result.error).toBeUndefined();
		const request = result.items[0]?.json.request as Record<string, unknown>;
		expect(request.callback_url ?? request.webhook).toBe(
			`${HOOK}?row=eyJyb3ciOjd9&sig=**********************`,
		);
		expect(fixture.sandbox.tasks()).toEqual([]);
	});
});

describe('a row with callback data', () => {
	forEachProvider(
		'is sent again with the same body',
		async (fixture) => {
			fixture.sandbox.setIntercept(({ step, attempt }) => {
				if (step !== 'create' || attempt > 2) return undefined;
				return attempt === 1
					? { kind: 'resetAfter' }
					: respondWith(402, { error: { code: 'insufficient_quota' } });
			});
			const { items } = await fixture.generate(['one'], {
				...withData('={{ { try: Math.random() } }}'),
				tries: 2,
			});

			fixture.expectComplete(items, ['one']);
			const bodies = fixture.requests('create').map(({ body }) => JSON.stringify(body));
			expect(bodies).toHaveLength(3);
			expect(new Set(bodies).size).toBe(1);
			expect(fixture.chargedImages()).toBe(1);
		},
		{},
		WITH_IDEMPOTENCY,
	);

	const REUSE = { options: { reuse: 'sameRequest' } };

	forEachProvider(
		'is found by another execution if its data are the same; with other data it is paid again',
		async (fixture) => {
			const execute = async (data: string) =>
				await fixture.generate(['one'], {
					parameters: { ...withData(data).parameters, ...REUSE },
				});
			const first = await execute('{"row": 7}');
			const same = await execute('{"row": 7}');
			const other = await execute('{"row": 8}');

			fixture.expectComplete(other.items, ['one']);
			expect(fieldOf(same.items, 'taskId')).toEqual(fieldOf(first.items, 'taskId'));
			expect(fieldOf(other.items, 'taskId')).not.toEqual(fieldOf(first.items, 'taskId'));
			expect(fixture.chargedImages()).toBe(2);
		},
		{},
		EVOLINK,
	);

	testNode("gets the other provider's signature if it falls back", async (fixture) => {
		const { sandbox } = fixture;
		sandbox.setIntercept(({ step, provider }) =>
			step === 'create' && provider === 'evoLink' ? respondWith(402) : undefined,
		);
		const { items, hints } = await fixture.generate(['one'], {
			parameters: {
				...BY_PROMPT.parameters,
				provider: "={{ 'evoLink' }}",
				options: { fallbacks: ['apiMart'] },
			},
		});

		expect(items[0]?.json).toMatchObject({ provider: 'apiMart', fallbackFrom: 'evoLink' });
		const [evoLink, apiMart] = (['evoLink', 'apiMart'] as const).map((provider) =>
			addresses(fixture, provider).get('one'),
		);
		expect(dataIn(evoLink, sandbox.keys.evoLink)).toEqual(valid({ about: 'one' }));
		expect(dataIn(apiMart, sandbox.keys.apiMart)).toEqual(valid({ about: 'one' }));
		expect(hints).toHaveLength(1);
	});
});

describe('the hint', () => {
	const TWICE = "The provider calls 'Callback URL' as well";

	forEachProvider('says that the images arrive twice', async (fixture) => {
		const { parameters } = withData('');
		expect(hintOf(await fixture.generate(['one'], { parameters }))).toContain(TWICE);
		expect(hintOf(await fixture.generate(['two']))).not.toContain(TWICE);
		const submitted = { ...parameters, continueWhen: 'submitted' };
		expect(hintOf(await fixture.generate(['three'], { parameters: submitted }))).not.toContain(
			TWICE,
		);
	});
});

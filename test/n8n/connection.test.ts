import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import { answer, atEach, LABELS, ONE_OF_EACH, PROMPTS, Scene } from './fixture';
import { sandboxCredentials } from './systems';

/** What stands between n8n and a provider: addresses, credentials, and answers that are none of the provider's. */

const continued = { onError: 'continueRegularOutput' } as const;

const CREDENTIALS = { evoLink: 'evoLinkApi', apiMart: 'apiMartApi', apiInOne: 'apiInOneApi' };

function credentialsWith(
	at: Scene,
	changes: ICredentialDataDecryptedObject,
): Record<string, ICredentialDataDecryptedObject> {
	const credentials = sandboxCredentials(at.sandbox);
	const name = CREDENTIALS[at.system.provider];
	return { ...credentials, [name]: { ...credentials[name], ...changes } };
}

describe('a base URL that is no address', () => {
	const WRONG = [
		'',
		'   ',
		'api.evolink.ai',
		'"https://api.evolink.ai"',
		'https://api.evolink .ai',
		'https://api.evolink.ai:99999',
		'ftp://api.evolink.ai',
		'https://',
		'<https://api.evolink.ai>',
		'file:///etc/hosts',
	];
	for (const baseUrl of WRONG) {
		atEach(`is said before anything is sent: ${JSON.stringify(baseUrl)}`, async (at) => {
			const credentials = credentialsWith(at, { baseUrl });
			const { items, seconds } = await at.generate(PROMPTS, { credentials, ...continued });

			for (const { json } of items) {
				expect(json).toMatchObject({ error: { code: 'invalid_base_url', charged: 'no' } });
				expect((json.error as { message: string }).message).toContain(
					`The base URL in the ${LABELS[at.system.provider]} credential`,
				);
			}
			expect(seconds).toBeLessThan(10);
			expect(at.sandbox.requests).toEqual([]);
		});
	}
});

atEach('a base URL that has moved is named, and nothing was charged', async (at) => {
	const target = at.sandbox.baseUrls[at.system.provider];
	const server = createServer((request, response) => {
		response.writeHead(301, { location: `${target}${request.url}` }).end();
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	const credentials = credentialsWith(at, { baseUrl: `http://127.0.0.1:${port}` });
	const { items } = await at.generate(['one'], { credentials, ...continued });
	server.close();

	expect(items[0]?.json).toMatchObject({
		error: {
			code: 'base_url_redirects',
			charged: 'no',
			message: expect.stringContaining(` credential redirects to ${target}`) as string,
		},
	});
	expect(at.sandbox.tasks()).toEqual([]);
});

atEach('TLS that is not agreed costs nothing', async (at) => {
	const baseUrl = at.sandbox.baseUrls[at.system.provider].replace('http:', 'https:');
	const credentials = credentialsWith(at, { baseUrl });
	const { items } = await at.generate(['one'], { credentials, ...continued });

	expect(items[0]?.json).toMatchObject({ error: { charged: 'no' } });
});

atEach('a credential that cannot be read fails its own rows, and no other', async (at) => {
	const others = ONE_OF_EACH.filter(({ provider }) => provider !== at.system.provider);
	const providers = [at.system, ...others].map(({ provider }) => provider);
	const credentials = sandboxCredentials(at.sandbox);
	// The engine's own stand-in for n8n's store of credentials throws for what it does not have.
	Object.defineProperty(credentials, CREDENTIALS[at.system.provider], {
		enumerable: true,
		get: () => undefined,
	});
	const { items } = await at.generate(providers, {
		parameters: { provider: '={{ $json.prompt }}', model: '' },
		credentials,
		...continued,
	});

	expect(items.map(({ json }) => json.status)).toEqual(['failed', 'completed', 'completed']);
	expect(items[0]?.json).toMatchObject({
		error: { code: 'credential_unreadable', charged: 'no' },
	});
});

describe("the provider's words are shown, in whatever shape", () => {
	const SHAPES: Array<[string, unknown]> = [
		['code and msg', { code: 400, msg: 'The size is odd' }],
		['a detail', { detail: 'The size is odd' }],
		['a list of details', { detail: [{ loc: ['body', 'size'], msg: 'The size is odd' }] }],
		['a list of errors', { errors: [{ message: 'The size is odd' }] }],
		['a list of texts', { errors: ['The size is odd'] }],
		['plain text', 'The size is odd'],
	];
	for (const [what, body] of SHAPES) {
		atEach(what, async (at) => {
			at.sandbox.setIntercept(({ step }) => (step === 'create' ? answer(400, body) : undefined));
			const { items } = await at.generate(['one'], continued);
			expect((items[0]?.json.error as { message: string }).message).toContain('The size is odd');
		});
	}
});

atEach('nothing that a provider writes is markup in the error panel', async (at) => {
	const body = { error: { code: 'bad', message: '<h1>Bad</h1> a &lt; b & <b>c</b>' } };
	at.sandbox.setIntercept(({ step }) => (step === 'create' ? answer(400, body) : undefined));
	const { error } = await at.generate(PROMPTS);

	expect(error?.description).toContain(
		'&lt;h1&gt;Bad&lt;/h1&gt; a &amp;lt; b & &lt;b&gt;c&lt;/b&gt;',
	);
	expect(String(error?.description).replaceAll('<br>', '')).not.toContain('<');
});

atEach('an id of many digits is kept to the last one', async (at) => {
	const id = '1234567890123456789';
	const link = 'https://example.com/image.png';
	const asked: string[] = [];
	at.sandbox.setIntercept(({ step, path }) => {
		if (step === 'create') return answer(200, `{"code":200,"id":${id},"data":{"task_id":${id}}}`);
		if (step !== 'query') return undefined;
		asked.push(path);
		return answer(200, {
			id,
			status: 'completed',
			results: [link],
			data: { status: 'completed', images: [link] },
		});
	});
	const { items } = await at.generate(['one']);

	expect(items[0]?.json.taskId).toBe(id);
	expect(asked.every((path) => path.includes(id) || path.endsWith('/batch'))).toBe(true);
});

describe('a proxy that is no address', () => {
	afterEach(() => {
		delete process.env.HTTPS_PROXY;
	});

	it.each(['http://bad host:99999', 'not an address'])('is said at once: %s', async (proxy) => {
		const [system] = ONE_OF_EACH;
		if (!system) throw new Error('There is no system');
		const at = await Scene.open(system, {});
		process.env.HTTPS_PROXY = proxy;
		const credentials = credentialsWith(at, { baseUrl: 'https://api.example.com' });
		const { items, seconds } = await at.generate(['one'], { credentials, ...continued });
		await at.sandbox.close();

		expect(items[0]?.json).toMatchObject({ error: { code: 'ERR_INVALID_URL', charged: 'no' } });
		expect((items[0]?.json.error as { message: string }).message).toContain('that of a proxy');
		expect(seconds).toBeLessThan(10);
	});
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import {
	CONTINUE,
	Fixture,
	forEachProvider,
	LABELS,
	ONE_PER_PROVIDER,
	PROMPTS,
	respondWith,
} from './fixture';
import { sandboxCredentials } from './systems';

/** Between n8n and a provider: base URLs, credentials, proxies, and responses in unexpected formats. */

const CREDENTIALS = { evoLink: 'evoLinkApi', apiMart: 'apiMartApi', apiInOne: 'apiInOneApi' };

function credentialsWith(
	fixture: Fixture,
	changes: ICredentialDataDecryptedObject,
): Record<string, ICredentialDataDecryptedObject> {
	const credentials = sandboxCredentials(fixture.sandbox);
	const name = CREDENTIALS[fixture.system.provider];
	return { ...credentials, [name]: { ...credentials[name], ...changes } };
}

describe('an invalid base URL', () => {
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
		forEachProvider(
			`is reported before anything is sent: ${JSON.stringify(baseUrl)}`,
			async (fixture) => {
				const credentials = credentialsWith(fixture, { baseUrl });
				const { items, seconds } = await fixture.generate(PROMPTS, { credentials, ...CONTINUE });

				for (const { json } of items) {
					expect(json).toMatchObject({ error: { code: 'invalid_base_url', charged: 'no' } });
					expect((json.error as { message: string }).message).toContain(
						`The 'Base URL' in the ${LABELS[fixture.system.provider]} credential`,
					);
				}
				expect(seconds).toBeLessThan(10);
				expect(fixture.sandbox.requests).toEqual([]);
			},
		);
	}
});

forEachProvider(
	'a redirect of the base URL is reported and nothing is charged',
	async (fixture) => {
		const target = fixture.sandbox.baseUrls[fixture.system.provider];
		const server = createServer((request, response) => {
			response.writeHead(301, { location: `${target}${request.url}` }).end();
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const { port } = server.address() as AddressInfo;
		const credentials = credentialsWith(fixture, { baseUrl: `http://127.0.0.1:${port}` });
		const { items } = await fixture.generate(['one'], { credentials, ...CONTINUE });
		server.close();

		expect(items[0]?.json).toMatchObject({
			error: {
				code: 'base_url_redirects',
				charged: 'no',
				message: expect.stringContaining(` credential redirects to ${target}`) as string,
			},
		});
		expect(fixture.sandbox.tasks()).toEqual([]);
	},
);

forEachProvider('a failed TLS handshake costs nothing', async (fixture) => {
	const baseUrl = fixture.sandbox.baseUrls[fixture.system.provider].replace('http:', 'https:');
	const credentials = credentialsWith(fixture, { baseUrl });
	const { items } = await fixture.generate(['one'], { credentials, ...CONTINUE });

	expect(items[0]?.json).toMatchObject({ error: { charged: 'no' } });
});

forEachProvider('an unreadable credential fails only its own rows', async (fixture) => {
	const others = ONE_PER_PROVIDER.filter(({ provider }) => provider !== fixture.system.provider);
	const providers = [fixture.system, ...others].map(({ provider }) => provider);
	const credentials = sandboxCredentials(fixture.sandbox);
	// The test engine throws for credentials it doesn't have.
	Object.defineProperty(credentials, CREDENTIALS[fixture.system.provider], {
		enumerable: true,
		get: () => undefined,
	});
	const { items } = await fixture.generate(providers, {
		parameters: { provider: '={{ $json.prompt }}', model: '' },
		credentials,
		...CONTINUE,
	});

	expect(items.map(({ json }) => json.status)).toEqual(['failed', 'completed', 'completed']);
	expect(items[0]?.json).toMatchObject({
		error: { code: 'credential_unreadable', charged: 'no' },
	});
});

describe("the provider's error message is shown", () => {
	const SHAPES: Array<[string, unknown]> = [
		['code and msg', { code: 400, msg: 'The size is odd' }],
		['a detail', { detail: 'The size is odd' }],
		['a list of details', { detail: [{ loc: ['body', 'size'], msg: 'The size is odd' }] }],
		['a list of errors', { errors: [{ message: 'The size is odd' }] }],
		['a list of texts', { errors: ['The size is odd'] }],
		['plain text', 'The size is odd'],
	];
	for (const [what, body] of SHAPES) {
		forEachProvider(`as ${what}`, async (fixture) => {
			fixture.sandbox.setIntercept(({ step }) =>
				step === 'create' ? respondWith(400, body) : undefined,
			);
			const { items } = await fixture.generate(['one'], CONTINUE);
			expect((items[0]?.json.error as { message: string }).message).toContain('The size is odd');
		});
	}
});

forEachProvider("HTML in a provider's message is escaped in the error panel", async (fixture) => {
	const body = { error: { code: 'bad', message: '<h1>Bad</h1> a &lt; b & <b>c</b>' } };
	fixture.sandbox.setIntercept(({ step }) =>
		step === 'create' ? respondWith(400, body) : undefined,
	);
	const { error } = await fixture.generate(PROMPTS);

	expect(error?.description).toContain(
		'&lt;h1&gt;Bad&lt;/h1&gt; a &amp;lt; b & &lt;b&gt;c&lt;/b&gt;',
	);
	expect(String(error?.description).replaceAll('<br>', '')).not.toContain('<');
});

forEachProvider('a numeric task ID keeps all its digits', async (fixture) => {
	const id = '1234567890123456789';
	const link = 'https://example.com/image.png';
	const paths: string[] = [];
	fixture.sandbox.setIntercept(({ step, path }) => {
		if (step === 'create')
			return respondWith(200, `{"code":200,"id":${id},"data":{"task_id":${id}}}`);
		if (step !== 'query') return undefined;
		paths.push(path);
		return respondWith(200, {
			id,
			status: 'completed',
			results: [link],
			data: { status: 'completed', images: [link] },
		});
	});
	const { items } = await fixture.generate(['one']);

	expect(items[0]?.json.taskId).toBe(id);
	expect(paths.every((path) => path.includes(id) || path.endsWith('/batch'))).toBe(true);
});

describe('an invalid proxy URL', () => {
	afterEach(() => {
		delete process.env.HTTPS_PROXY;
	});

	it.each(['http://bad host:99999', 'not an address'])(
		'is reported immediately: %s',
		async (proxy) => {
			const [system] = ONE_PER_PROVIDER;
			if (!system) throw new Error('There is no system');
			const fixture = await Fixture.open(system, {});
			process.env.HTTPS_PROXY = proxy;
			const credentials = credentialsWith(fixture, { baseUrl: 'https://api.example.com' });
			const { items, seconds } = await fixture.generate(['one'], { credentials, ...CONTINUE });
			await fixture.sandbox.close();

			expect(items[0]?.json).toMatchObject({ error: { code: 'ERR_INVALID_URL', charged: 'no' } });
			expect((items[0]?.json.error as { message: string }).message).toContain("or a proxy's URL");
			expect(seconds).toBeLessThan(10);
		},
	);
});

import { engine, forEachProvider, respondWith, type Fixture } from './fixture';
import { sandboxCredentials } from './systems';

/** The test behind a credential's form. */

const nameOf = ({ system }: Fixture) => `${system.provider}Api`;

function credentialOf(fixture: Fixture) {
	const data = sandboxCredentials(fixture.sandbox)[nameOf(fixture)];
	if (!data) throw new Error(`The sandbox has no ${nameOf(fixture)}`);
	return data;
}

async function testCredential(fixture: Fixture, changes = {}) {
	const data = { ...credentialOf(fixture), ...changes };
	return await (await engine()).testCredential(nameOf(fixture), data);
}

forEachProvider('the credential test passes with a valid API key', async (fixture) => {
	expect(await testCredential(fixture)).toMatchObject({ passed: true });
});

forEachProvider(
	'the credential test ignores white space around the API key and a slash after the base URL',
	async (fixture) => {
		const { apiKey, baseUrl } = credentialOf(fixture);
		const pasted = { apiKey: ` ${String(apiKey)}\n`, baseUrl: ` ${String(baseUrl)}/ ` };
		expect(await testCredential(fixture, pasted)).toMatchObject({ passed: true });
	},
);

forEachProvider('the credential test fails with an invalid API key', async (fixture) => {
	const invalid = { apiKey: 'not-the-key' };
	expect(await testCredential(fixture, invalid)).toMatchObject({ passed: false });
});

forEachProvider('the credential test reads errors sent with HTTP 200', async (fixture) => {
	fixture.sandbox.setIntercept(() =>
		respondWith(200, { success: false, code: 401, message: 'Invalid token' }),
	);
	const { provider } = fixture.system;
	expect(await testCredential(fixture)).toMatchObject({ passed: provider === 'evoLink' });
});

forEachProvider(
	'the credential test fails if the provider is down or unreachable',
	async (fixture) => {
		fixture.sandbox.setIntercept(() => respondWith(502, '<html>Bad Gateway</html>'));
		const down = await testCredential(fixture);
		const unreachable = await testCredential(fixture, { baseUrl: 'http://127.0.0.1:1' });
		expect([down.passed, unreachable.passed]).toEqual([false, false]);
	},
);

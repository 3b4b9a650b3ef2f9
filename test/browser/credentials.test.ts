import { ApiInOneApi } from '../../credentials/ApiInOneApi.credentials';
import { ApiMartApi } from '../../credentials/ApiMartApi.credentials';
import { EvoLinkApi } from '../../credentials/EvoLinkApi.credentials';
import type { Sandbox } from '../sandbox/sandbox';
import { openEditor, OPEN_TIMEOUT_MS, type EditorFixture } from './fixture';
import { between, saveScreenshot, savesScreenshots, screenshot } from './screenshots';
import { waitUntilEqual } from './settle';

/** Each credential as a user creates it: fill in the form and test the API key. */

jest.setTimeout(60_000);

let fixture: EditorFixture;

beforeAll(async () => {
	fixture = await openEditor();
	// So that n8n doesn't number the new ones.
	const { rest, credentials } = fixture.n8n;
	for (const { id } of Object.values(credentials)) await rest.deleteCredential(id);
}, OPEN_TIMEOUT_MS);

afterAll(async () => await fixture.close());

const GOOD = 'Connection tested successfully Retry';

const bad = (reason: string) => `Couldn’t connect with these settings Retry ${reason}`;

interface Case {
	type: EvoLinkApi | ApiMartApi | ApiInOneApi;
	/** Valid values for the sandbox. */
	good: (sandbox: Sandbox) => Record<string, string>;
	/** The message for an invalid API key. */
	refusal: string;
}

const CASES: Case[] = [
	{
		type: new EvoLinkApi(),
		good: ({ keys, baseUrls, filesBaseUrl }) => ({
			apiKey: keys.evoLink,
			baseUrl: baseUrls.evoLink,
			filesBaseUrl,
		}),
		refusal: "EvoLink didn't accept the API key",
	},
	{
		type: new ApiMartApi(),
		good: ({ keys, baseUrls }) => ({ apiKey: keys.apiMart, baseUrl: baseUrls.apiMart }),
		refusal: "APIMart didn't accept the API key",
	},
	{
		type: new ApiInOneApi(),
		good: ({ keys, baseUrls }) => ({ apiKey: keys.apiInOne, baseUrl: baseUrls.apiInOne }),
		refusal: "API in One didn't accept the API key",
	},
];

it.each(CASES)(
	'$type.displayName: only a valid API key passes',
	async ({ type, good, refusal }) => {
		const { n8n, editor } = fixture;
		const form = await editor.newCredential(type.displayName);
		for (const { displayName, name, default: usual } of type.properties) {
			expect(await form.labels()).toContain(`${displayName} *`);
			expect(await form.valueOf(name)).toBe(usual);
		}

		const fields = good(n8n.sandbox);
		await form.fill({ ...fields, apiKey: 'a-wrong-key' });
		const verdict = async () => await form.verdict();
		await form.save();
		expect(await waitUntilEqual(verdict, bad(refusal))).toBe(bad(refusal));

		await form.fill({ apiKey: `  ${fields.apiKey} ` });
		await form.save();
		expect(await waitUntilEqual(verdict, GOOD)).toBe(GOOD);
		await form.testAgain();
		expect(await waitUntilEqual(verdict, GOOD)).toBe(GOOD);

		if (savesScreenshots && type.name === 'evoLinkApi') {
			await editor.dismissMessages();
			const upToTheKey = await between(form.dialog, form.input('apiKey'));
			await saveScreenshot('credential', await screenshot(editor.page, upToTheKey));
		}
	},
);

it('the credential forms caused no errors in the browser', () => {
	expect(fixture.editor.pageErrors).toEqual([]);
});

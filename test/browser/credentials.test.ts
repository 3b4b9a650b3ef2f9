import { ApiInOneApi } from '../../credentials/ApiInOneApi.credentials';
import { ApiMartApi } from '../../credentials/ApiMartApi.credentials';
import { EvoLinkApi } from '../../credentials/EvoLinkApi.credentials';
import type { Sandbox } from '../sandbox/sandbox';
import { openStage, OPENING_MS, type Stage } from './fixture';
import { between, keepPicture, keepsPictures, view } from './screenshots';
import { settle } from './settle';

/** Each credential, made as a user makes it: the form filled in, and the key tested. */

jest.setTimeout(60_000);

let stage: Stage;

beforeAll(async () => {
	stage = await openStage();
	// A user's first ones, which n8n does not have to number.
	const { rest, credentials } = stage.n8n;
	for (const { id } of Object.values(credentials)) await rest.deleteCredential(id);
}, OPENING_MS);

afterAll(async () => await stage.close());

const GOOD = 'Connection tested successfully Retry';

const bad = (reason: string) => `Couldn’t connect with these settings Retry ${reason}`;

interface Case {
	type: EvoLinkApi | ApiMartApi | ApiInOneApi;
	/** What the sandbox wants in its fields. */
	good: (sandbox: Sandbox) => Record<string, string>;
	/** What the form says of a wrong key. */
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
		refusal: 'EvoLink did not accept the API key',
	},
	{
		type: new ApiMartApi(),
		good: ({ keys, baseUrls }) => ({ apiKey: keys.apiMart, baseUrl: baseUrls.apiMart }),
		refusal: 'APIMart did not accept the API key',
	},
	{
		type: new ApiInOneApi(),
		good: ({ keys, baseUrls }) => ({ apiKey: keys.apiInOne, baseUrl: baseUrls.apiInOne }),
		refusal: 'API in One did not accept the API key',
	},
];

it.each(CASES)('$type.displayName: only a good key passes', async ({ type, good, refusal }) => {
	const { n8n, editor } = stage;
	const form = await editor.newCredential(type.displayName);
	for (const { displayName, name, default: usual } of type.properties) {
		expect(await form.labels()).toContain(`${displayName} *`);
		expect(await form.valueOf(name)).toBe(usual);
	}

	const fields = good(n8n.sandbox);
	await form.fill({ ...fields, apiKey: 'a-wrong-key' });
	const verdict = async () => await form.verdict();
	await form.save();
	expect(await settle(verdict, bad(refusal))).toBe(bad(refusal));

	await form.fill({ apiKey: `  ${fields.apiKey} ` });
	await form.save();
	expect(await settle(verdict, GOOD)).toBe(GOOD);
	await form.testAgain();
	expect(await settle(verdict, GOOD)).toBe(GOOD);

	if (keepsPictures && type.name === 'evoLinkApi') {
		await editor.dismissMessages();
		const upToTheKey = await between(form.dialog, form.input('apiKey'));
		await keepPicture('credential', await view(editor.page, upToTheKey));
	}
});

it('nothing in all of this made the page complain', () => {
	expect(stage.editor.complaints).toEqual([]);
});

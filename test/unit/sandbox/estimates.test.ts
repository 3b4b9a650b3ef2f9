import { startSandbox, type Sandbox, type SandboxOptions } from '../../sandbox/sandbox';
import { MINIMAL_CREATE, send } from './client';

let sandbox: Sandbox;

afterEach(async () => sandbox.close());

async function estimate(options: SandboxOptions, fields: object = {}, headers = {}) {
	sandbox = await startSandbox(options);
	const body = { ...MINIMAL_CREATE.evoLink, ...fields };
	return await send(sandbox, 'evoLink', 'agent-estimates', body, headers);
}

describe("EvoLink's estimates", () => {
	it('an estimate is refused to most keys', async () => {
		const { status, data } = await estimate({});
		expect([status, data.error.code]).toEqual([403, 'model_access_denied']);
		expect(sandbox.requests).toMatchObject([{ step: 'account', authorizationSent: true }]);
	});

	it('an estimate is what the create would cost, and creates nothing', async () => {
		const { status, data } = await estimate({ allowsEstimates: true }, { n: 3 });
		expect([status, data]).toEqual([200, { data: { credits: 6.12, usd: 0.09 } }]);
		expect(sandbox.tasks()).toEqual([]);
		expect(sandbox.account('evoLink').reserved).toBe(0);
	});

	it('an estimate of an invalid create is its error', async () => {
		expect((await estimate({ allowsEstimates: true }, { n: 16 })).status).toBe(400);
	});

	it('an estimate needs a valid key', async () => {
		const headers = { authorization: 'Bearer wrong' };
		expect((await estimate({ allowsEstimates: true }, {}, headers)).status).toBe(401);
	});
});

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { CALLBACK_TIMEOUT_MS, CallbackSender } from '../../sandbox/callbacks';
import { evoLink } from '../../sandbox/providers/evoLink';
import type { CallbackAttempt } from '../../sandbox/tasks';

it('a callback without a response times out, and is sent again', async () => {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	const sender = new CallbackSender(Date.now, 20);
	const attempts: CallbackAttempt[] = [];
	await new Promise<void>((resolve) => {
		sender.schedule({
			url: `http://127.0.0.1:${port}/hook`,
			afterMs: 0,
			body: () => ({}),
			retries: { ...evoLink.callbackRetries, delaysMs: [1, 1, 1] },
			onAttempt: (attempt) => {
				attempts.push(attempt);
				if (attempts.length === 4) resolve();
			},
		});
	});
	sender.close();
	server.closeAllConnections();
	server.close();

	expect(attempts.map(({ status }) => status)).toEqual(Array(4).fill(undefined));
});

it("EvoLink's callbacks time out after 10 seconds, and are sent again after 1, 2 and 4", () => {
	expect(CALLBACK_TIMEOUT_MS).toBe(10_000);
	expect(evoLink.callbackRetries.delaysMs).toEqual([1_000, 2_000, 4_000]);
});

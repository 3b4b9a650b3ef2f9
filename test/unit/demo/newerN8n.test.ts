import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

import { newerN8n } from '../../../demo/newerN8n';

const TIMEOUT_MS = 1_000;

/** What `npm run editor` prints if the registry responds like this. */
async function printed(respond: RequestListener, path = '/'): Promise<string | undefined> {
	const server = createServer(respond).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	try {
		return await newerN8n('2.41.1', `http://127.0.0.1:${port}${path}`, TIMEOUT_MS);
	} finally {
		server.closeAllConnections();
		server.close();
	}
}

const json =
	(body: unknown): RequestListener =>
	(_request, response) =>
		response.end(JSON.stringify(body));

it.each(['2.41.2', '2.100.0', '3.0.0'])('n8n %s is newer than the tested one', async (latest) => {
	expect(await printed(json({ latest }))).toBe(
		`n8n ${latest} is available. The newest version these nodes are tested on is 2.41.1.`,
	);
});

it.each(['2.41.1', '2.9.5', '1.123.81'])(
	'n8n %s is not newer than the tested one',
	async (latest) => {
		expect(await printed(json({ latest }))).toBeUndefined();
	},
);

it.each(['/', '', '/npm/'])("the address of a registry may end in '%s'", async (path) => {
	const paths: Array<string | undefined> = [];
	await printed(({ url }, response) => {
		paths.push(url);
		response.end();
	}, path);
	expect(paths).toEqual([`${path.replace(/\/$/, '')}/-/package/n8n/dist-tags`]);
});

it.each<[string, RequestListener]>([
	['an error', (_request, response) => response.writeHead(404).end('{"error":"not found"}')],
	['something else than JSON', (_request, response) => response.end('<html>')],
	['no version', json({ next: '3.0.0' })],
	['nothing', () => undefined],
	['a broken connection', ({ socket }) => socket.destroy()],
])('the editor says nothing if the registry returns %s', async (_what, respond) => {
	expect(await printed(respond)).toBeUndefined();
});

import { once } from 'node:events';
import { createServer } from 'node:net';

import { UserError } from '../../demo/userError';

export const HOST = '127.0.0.1';

/** Distinct ports nothing listens on. */
export async function freePorts(count: number): Promise<number[]> {
	const servers = await Promise.all(Array.from({ length: count }, () => listen(0)));
	const ports = servers.map((server) => {
		const address = server.address();
		if (address === null || typeof address === 'string') throw new Error('listens on no port');
		return address.port;
	});
	await Promise.all(servers.map(close));
	return ports;
}

/** Reports a port chosen by the user that is already in use. */
export async function requireFreePort(port: number): Promise<void> {
	try {
		await close(await listen(port));
	} catch {
		throw new UserError(
			`Port ${port} is already in use. Stop what uses it, or choose another port (0 for any free one).`,
		);
	}
}

async function listen(port: number) {
	const server = createServer().listen(port, HOST);
	await once(server, 'listening');
	return server;
}

async function close(server: ReturnType<typeof createServer>): Promise<void> {
	server.close();
	await once(server, 'close');
}

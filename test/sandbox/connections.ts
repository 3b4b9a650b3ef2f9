import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { Server as TcpServer, type ListenOptions, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';

type State = 'accepting' | 'refusing' | 'closed';

/** How long a client in another process gets to notice that its idle connection was closed. */
const CLIENT_NOTICE_MS = 20;

/** A client in this process needs turns of the event loop to read the end, close its side and drop the socket. */
const CLIENT_NOTICE_TURNS = 4;

/** Lets a listening server refuse connections for a while, as if nothing listened on the port. */
export class Connections {
	private state: State = 'accepting';

	/** Between two requests. Excludes new connections, whose first request may be on its way. */
	private readonly idleSockets = new Set<Socket>();

	private readonly pendingResponses = new Set<ServerResponse>();

	/** Where the server listened before. */
	private address?: ListenOptions;

	/** Changes run one after another: a server can't be closed between `listen()` and 'listening'. */
	private lastChange: Promise<void> = Promise.resolve();

	constructor(private readonly server: Server) {
		server.on('connection', (socket) =>
			socket.once('close', () => this.idleSockets.delete(socket)),
		);
		// Runs before the request is handled, while headers can still be set.
		server.prependListener('request', ({ socket }, response) => this.track(socket, response));
	}

	/** Resolves once new requests are refused. Pending requests are answered and their connections closed. */
	refuse(): Promise<void> {
		return this.change('accepting', () => this.stopListening());
	}

	/** On the same port as before. */
	accept(): Promise<void> {
		return this.change('refusing', () => this.listenAgain());
	}

	/** Prevents further changes. The caller closes the server. */
	async close(): Promise<void> {
		await this.lastChange;
		this.state = 'closed';
	}

	private change(from: State, step: () => Promise<void>): Promise<void> {
		const done = this.lastChange.then(() => (this.state === from ? step() : undefined));
		this.lastChange = done.catch(() => undefined);
		return done;
	}

	private track(socket: Socket, response: ServerResponse): void {
		this.idleSockets.delete(socket);
		this.pendingResponses.add(response);
		if (this.state === 'refusing') announceClose(response);
		response.once('close', () => {
			this.pendingResponses.delete(response);
			if (this.state === 'refusing') socket.destroySoon();
			else if (!socket.destroyed) this.idleSockets.add(socket);
		});
	}

	private async stopListening(): Promise<void> {
		this.address = addressOf(this.server);
		this.state = 'refusing';
		// The HTTP server's own close() would also destroy connections on which a response is still being sent.
		TcpServer.prototype.close.call(this.server);
		this.pendingResponses.forEach(announceClose);
		this.idleSockets.forEach((socket) => socket.destroy());
		await waitForClients();
	}

	private async listenAgain(): Promise<void> {
		this.server.listen(this.address);
		await once(this.server, 'listening');
		this.state = 'accepting';
	}
}

function addressOf(server: Server): ListenOptions {
	const address = server.address();
	if (address === null || typeof address === 'string')
		throw new Error('The server is not listening on a port');
	return { host: address.address, port: address.port };
}

/** Once a response has started, it can't announce this. Its connection is closed anyway. */
function announceClose(response: ServerResponse): void {
	if (!response.headersSent) response.setHeader('connection', 'close');
}

async function waitForClients(): Promise<void> {
	await wait(CLIENT_NOTICE_MS);
	for (let turn = 0; turn < CLIENT_NOTICE_TURNS; turn += 1) await nextTurn();
}

import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { Server as TcpServer, type ListenOptions, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';

type State = 'accepting' | 'refusing' | 'closed';

/** How long a client in another process gets to see that its idle connection is gone. */
const NOTICE_MS = 20;

/** One in this process needs turns of the event loop: to read the end, to end its side, to let go. */
const NOTICE_TURNS = 4;

/** Lets a listening server refuse connections for a while, as a machine does on which nothing listens. */
export class Connections {
	private state: State = 'accepting';

	/** Between two requests. One that has not sent its first is not among them: that is on its way. */
	private readonly idle = new Set<Socket>();

	private readonly underWay = new Set<ServerResponse>();

	/** Where the server listened before it refused. */
	private address?: ListenOptions;

	/** Changes come one after the other: between `listen` and listening, nothing can be closed. */
	private lastChange: Promise<void> = Promise.resolve();

	constructor(private readonly server: Server) {
		server.on('connection', (socket) => socket.once('close', () => this.idle.delete(socket)));
		// Before the one who answers: afterwards the headers may be gone.
		server.prependListener('request', ({ socket }, response) => this.follow(socket, response));
	}

	/** Resolves when the next request is refused. What is under way is answered, and its connection closed. */
	refuse(): Promise<void> {
		return this.change('accepting', () => this.stopListening());
	}

	/** On the same port as before. */
	accept(): Promise<void> {
		return this.change('refusing', () => this.listenAgain());
	}

	/** Nothing is opened any more; the server is then the caller's to close. */
	async close(): Promise<void> {
		await this.lastChange;
		this.state = 'closed';
	}

	private change(from: State, step: () => Promise<void>): Promise<void> {
		const done = this.lastChange.then(() => (this.state === from ? step() : undefined));
		this.lastChange = done.catch(() => undefined);
		return done;
	}

	private follow(socket: Socket, response: ServerResponse): void {
		this.idle.delete(socket);
		this.underWay.add(response);
		if (this.state === 'refusing') announceClose(response);
		response.once('close', () => {
			this.underWay.delete(response);
			if (this.state === 'refusing') socket.destroySoon();
			else if (!socket.destroyed) this.idle.add(socket);
		});
	}

	private async stopListening(): Promise<void> {
		this.address = addressOf(this.server);
		this.state = 'refusing';
		// The HTTP server's own close() would also destroy connections on which an answer is still flowing.
		TcpServer.prototype.close.call(this.server);
		this.underWay.forEach(announceClose);
		this.idle.forEach((socket) => socket.destroy());
		await letClientsNotice();
	}

	private async listenAgain(): Promise<void> {
		this.server.listen(this.address);
		await once(this.server, 'listening');
		this.state = 'accepting';
	}
}

function addressOf(server: Server): ListenOptions {
	const address = server.address();
	if (address === null || typeof address === 'string') throw new Error('listens on no port');
	return { host: address.address, port: address.port };
}

/** An answer that has begun can no longer say so; its connection is closed all the same. */
function announceClose(response: ServerResponse): void {
	if (!response.headersSent) response.setHeader('connection', 'close');
}

async function letClientsNotice(): Promise<void> {
	await wait(NOTICE_MS);
	for (let turn = 0; turn < NOTICE_TURNS; turn += 1) await nextTurn();
}

import { join } from 'node:path';

import { runCommand } from '../server/commands';
import { freePorts, HOST } from '../server/ports';
import { startServer, type ServerProcess } from '../server/serverProcess';

export interface Redis {
	port: number;
	process: ServerProcess;
}

/** Debian's redis-server. It keeps everything in memory. */
export async function startRedis(folder: string): Promise<Redis> {
	const [port = 0] = await freePorts(1);
	const place = ['--port', String(port), '--bind', HOST, '--dir', folder];
	const process = await startServer({
		name: 'Redis',
		program: 'redis-server',
		args: [...place, '--save', '', '--appendonly', 'no'],
		folder,
		logFile: join(folder, 'redis.log'),
		isReady: async () => {
			const args = ['-h', HOST, '-p', String(port), 'ping'];
			return (await runCommand({ program: 'redis-cli', args, folder })).stdout.trim() === 'PONG';
		},
	});
	return { port, process };
}

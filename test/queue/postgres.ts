import { randomUUID } from 'node:crypto';
import { chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { UserError } from '../../demo/userError';
import { runCommand, type Outcome, type SystemUser } from '../server/commands';
import { lastLines } from '../server/nodeBinary';
import { freePorts, HOST } from '../server/ports';
import { startServer, type ServerProcess } from '../server/serverProcess';

/** Debian's PostgreSQL with an empty database in a folder of its own, until `close`. */
export class Postgres {
	readonly database = 'n8n';

	readonly user = 'n8n';

	readonly password = randomUUID();

	private server: ServerProcess | undefined;

	private constructor(
		readonly port: number,
		private readonly folder: string,
		private readonly programs: string,
		private readonly systemUser?: SystemUser,
	) {}

	static async open(): Promise<Postgres> {
		const [port = 0] = await freePorts(1);
		const folder = await mkdtemp(join(tmpdir(), 'seedream-postgres-'));
		const postgres = new Postgres(port, folder, await programsFolder(), await unprivilegedUser());
		try {
			await postgres.start();
		} catch (error) {
			await postgres.close();
			throw error;
		}
		return postgres;
	}

	async close(): Promise<void> {
		await this.server?.stop();
		await rm(this.folder, { recursive: true, force: true });
	}

	private async start(): Promise<void> {
		const { folder, systemUser, port } = this;
		if (systemUser) await chown(folder, systemUser.uid, systemUser.gid);
		await this.initialize();
		this.server = await startServer({
			name: 'PostgreSQL',
			program: join(this.programs, 'postgres'),
			args: ['-D', join(folder, 'data'), '-p', String(port), '-h', HOST, '-k', folder, ...SETTINGS],
			folder,
			user: systemUser,
			logFile: join(folder, 'postgres.log'),
			isReady: async () => (await this.run('pg_isready', this.address())).code === 0,
		});
		await this.require('createdb', [...this.address(), this.database]);
	}

	private async initialize(): Promise<void> {
		const passwordFile = join(this.folder, 'password');
		await writeFile(passwordFile, this.password);
		const login = ['-U', this.user, '-A', 'scram-sha-256', '--pwfile', passwordFile];
		const data = ['-D', join(this.folder, 'data'), '--encoding', 'UTF8', '--no-sync'];
		await this.require('initdb', [...data, ...login]);
	}

	private address(): string[] {
		return ['-h', HOST, '-p', String(this.port), '-U', this.user];
	}

	private async run(program: string, args: readonly string[]): Promise<Outcome> {
		const { folder, systemUser: user } = this;
		const env = { ...process.env, PGPASSWORD: this.password };
		return await runCommand({ program: join(this.programs, program), args, folder, user, env });
	}

	private async require(program: string, args: readonly string[]): Promise<void> {
		const { code, output } = await this.run(program, args);
		if (code !== 0) throw new UserError(`${program} failed. It said:\n${lastLines(output)}`);
	}
}

/** Each n8n process has a pool of connections. Nothing has to survive a power cut. */
const SETTINGS = ['-c', 'max_connections=200', '-c', 'fsync=off'];

/** Debian keeps a folder per version, and has no links to them in its PATH. */
const DEBIAN = '/usr/lib/postgresql';

async function programsFolder(): Promise<string> {
	const versions = await readdir(DEBIAN).catch(() => []);
	const newest = versions.map(Number).sort((one, other) => other - one)[0];
	if (newest === undefined) {
		throw new UserError(`There is no PostgreSQL in ${DEBIAN}. Install the package postgresql.`);
	}
	return join(DEBIAN, String(newest), 'bin');
}

/** PostgreSQL refuses to run as root. */
async function unprivilegedUser(): Promise<SystemUser | undefined> {
	if (process.getuid?.() !== 0) return undefined;
	const idOf = async (option: string) => {
		const args = [option, 'postgres'];
		return Number((await runCommand({ program: 'id', args, folder: tmpdir() })).stdout);
	};
	return { uid: await idOf('-u'), gid: await idOf('-g') };
}

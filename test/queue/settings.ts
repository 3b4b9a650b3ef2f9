import { HOST } from '../server/ports';

export type Settings = Readonly<Record<string, string>>;

export const QUEUE_SETTINGS = {
	EXECUTIONS_MODE: 'queue',
	OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
	DB_TYPE: 'postgresdb',
};

/** A worker has no other port. */
export const HEALTH_CHECK = { QUEUE_HEALTH_CHECK_ACTIVE: 'true' };

export interface Addresses {
	redisPort: number;
	postgres: { port: number; database: string; user: string; password: string };
	/** Of the webhook process. */
	webhookUrl: string;
}

export function addressSettings({ redisPort, postgres, webhookUrl }: Addresses) {
	return {
		QUEUE_BULL_REDIS_HOST: HOST,
		QUEUE_BULL_REDIS_PORT: String(redisPort),
		DB_POSTGRESDB_HOST: HOST,
		DB_POSTGRESDB_PORT: String(postgres.port),
		DB_POSTGRESDB_DATABASE: postgres.database,
		DB_POSTGRESDB_USER: postgres.user,
		DB_POSTGRESDB_PASSWORD: postgres.password,
		WEBHOOK_URL: `${webhookUrl}/`,
	};
}

/** Keeps binary data in a folder that all processes share, instead of the database. */
export function sharedFolderSettings(folder: string) {
	return { N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem', N8N_STORAGE_PATH: folder };
}

/** The queue of n8n 1 doesn't start an execution again when its worker dies. */
export const NO_RESTARTS = { QUEUE_WORKER_MAX_STALLED_COUNT: '0' };

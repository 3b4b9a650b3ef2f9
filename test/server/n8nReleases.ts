import type { NodeRange } from './nodeBinary';

/** A version of n8n the package is tested on, and how it differs from the others. */
export interface N8nRelease {
	/** As required by its package.json. */
	node: NodeRange;
	/** In addition to what every version gets. */
	env: Readonly<Record<string, string>>;
	/** Its size on disk. */
	gigabytes: number;
	/** Disk space needed during the installation. */
	gigabytesNeeded: number;
	/** How long npm usually takes to install it. */
	installSeconds: number;
}

/** Each has its package.json and lock file in a folder of `runtime/`. */
export const N8N_RELEASES = {
	'2.41.1': {
		node: { oldest: '24.0' },
		env: { N8N_DISABLED_MODULES: 'mcp-registry,instance-ai,insights,chat-hub' },
		gigabytes: 2.6,
		gigabytesNeeded: 4,
		installSeconds: 120,
	},
	'1.123.81': {
		node: { oldest: '20.19', newestMajor: 24 },
		// The default engine is a native module without a build for Node 20.
		env: { N8N_EXPRESSION_ENGINE: 'legacy', N8N_DISABLED_MODULES: 'insights' },
		gigabytes: 1.7,
		gigabytesNeeded: 3,
		installSeconds: 110,
	},
} satisfies Record<string, N8nRelease>;

export type N8nVersion = keyof typeof N8N_RELEASES;

export const NEWEST_N8N: N8nVersion = '2.41.1';

export const N8N_VERSIONS = Object.keys(N8N_RELEASES) as N8nVersion[];

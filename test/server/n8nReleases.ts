import type { NodeRange } from './nodeBinary';

/** One of the versions of n8n that the package is tested on, and in what it differs from the others. */
export interface N8nRelease {
	/** What its own package.json demands. */
	node: NodeRange;
	/** On top of what every version gets. */
	env: Readonly<Record<string, string>>;
	/** Its size on the disk, once it is installed. */
	gigabytes: number;
	/** That, and what npm and the compiler take beside it meanwhile. */
	gigabytesNeeded: number;
	/** What npm usually takes to fetch and unpack it. */
	installSeconds: number;
}

/** Each has its package.json and its lock in a folder of `runtime/`. */
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
		// The default engine is a native module that does not come compiled for Node 20.
		env: { N8N_EXPRESSION_ENGINE: 'legacy', N8N_DISABLED_MODULES: 'insights' },
		gigabytes: 1.7,
		gigabytesNeeded: 3,
		installSeconds: 110,
	},
} satisfies Record<string, N8nRelease>;

export type N8nVersion = keyof typeof N8N_RELEASES;

export const NEWEST_N8N: N8nVersion = '2.41.1';

export const N8N_VERSIONS = Object.keys(N8N_RELEASES) as N8nVersion[];

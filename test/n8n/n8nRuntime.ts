import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type * as BackendCommon from '@n8n/backend-common';
import type * as Di from '@n8n/di';
import type * as N8nCore from 'n8n-core';
import type * as N8nWorkflow from 'n8n-workflow';
import type { INodeType, INodeTypes } from 'n8n-workflow';

import { LogRecorder } from './nodeRecorder';
import { ProcessedItems } from './processedItems';
import { LOOP_TYPE, loopNode, ROWS_TYPE, rowsNode } from './testNodes';

const PACKAGE = resolve(__dirname, '../..');

const TEST_NODES: Record<string, INodeType> = { [ROWS_TYPE]: rowsNode, [LOOP_TYPE]: loopNode };

/** n8n's engine with the built package loaded, as any community package is. */
export interface N8nRuntime {
	core: typeof N8nCore;
	workflow: typeof N8nWorkflow;
	loader: N8nCore.PackageDirectoryLoader;
	binaryData: N8nCore.BinaryDataService;
	logs: LogRecorder;
	nodeTypes: INodeTypes;
	/** Milliseconds n8n took to load the package. */
	loadMs: number;
}

export async function loadN8n(userFolder: string): Promise<N8nRuntime> {
	process.env.N8N_USER_FOLDER = userFolder;
	process.env.N8N_ENCRYPTION_KEY = 'engine';
	process.env.N8N_LOG_LEVEL ??= 'silent';
	process.env.N8N_DEFAULT_BINARY_DATA_MODE = 'filesystem';

	// n8n-core reads the environment when it's loaded, so it can't be a static import.
	const core = await import('n8n-core');
	const workflow = await import('n8n-workflow');
	const requireFromCore = createRequire(require.resolve('n8n-core'));
	const { Container } = requireFromCore('@n8n/di') as typeof Di;
	const { Logger } = requireFromCore('@n8n/backend-common') as typeof BackendCommon;
	const { LoggerProxy } = requireFromCore('n8n-workflow') as typeof N8nWorkflow;
	Container.get(core.InstanceSettings);
	const logs = new LogRecorder();
	const logger = logs.wrap(Container.get(Logger));
	Container.set(Logger, logger);
	LoggerProxy.init(logger);
	const started = performance.now();
	const loader = new core.PackageDirectoryLoader(PACKAGE);
	await loader.loadAll();
	const loadMs = performance.now() - started;
	await importActions();
	const binaryData = Container.get(core.BinaryDataService);
	await binaryData.init();
	await core.DataDeduplicationService.init(new ProcessedItems());
	const nodeTypes = createNodeTypes(loader, workflow);
	return { core, workflow, loader, binaryData, logs, nodeTypes, loadMs };
}

/** The nodes import this on their first execution, which jest doesn't allow in concurrent tests. */
async function importActions(): Promise<void> {
	await import(join(PACKAGE, 'dist/nodes/Seedream/actions.js'));
}

function createNodeTypes(
	loader: N8nCore.PackageDirectoryLoader,
	{ NodeHelpers }: typeof N8nWorkflow,
): INodeTypes {
	const find = (name: string) =>
		TEST_NODES[name] ??
		NodeHelpers.getVersionedNodeType(loader.getNode(name.slice(name.indexOf('.') + 1)).type);
	return { getKnownTypes: () => ({}), getByName: find, getByNameAndVersion: find };
}

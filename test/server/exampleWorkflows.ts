import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { workflowSchema, type WorkflowJson } from './restClient';
import type { ProviderCredentials } from './seedreamN8n';

/** The workflows users import, with the files they read. */
export const EXAMPLES_FOLDER = resolve(__dirname, '../../examples');

/** Where users keep files: the folder of n8n's Docker image. */
const THEIR_FILES = '/home/node/.n8n-files';

const OWN_NODE = /^n8n-nodes-seedream\./;

/** By file name, as users import them. */
export function readExamples(): Map<string, WorkflowJson> {
	const files = readdirSync(EXAMPLES_FOLDER).filter((name) => name.endsWith('.json'));
	return new Map(files.map((file) => [file, readExample(file)]));
}

function readExample(file: string): WorkflowJson {
	return workflowSchema.parse(JSON.parse(readFileSync(join(EXAMPLES_FOLDER, file), 'utf8')));
}

/** As a user does after importing: selects the credentials of our nodes. */
export function withCredentials(
	workflow: WorkflowJson,
	credentials: ProviderCredentials,
): WorkflowJson {
	const nodes = workflow.nodes.map((node) =>
		OWN_NODE.test(node.type) ? { ...node, credentials: { ...credentials } } : node,
	);
	return { ...workflow, nodes };
}

/** As a user does whose n8n has another folder. */
export function withFilesIn(folder: string, workflow: WorkflowJson): WorkflowJson {
	const text = JSON.stringify(workflow).replaceAll(
		JSON.stringify(THEIR_FILES),
		JSON.stringify(folder),
	);
	return workflowSchema.parse(JSON.parse(text));
}

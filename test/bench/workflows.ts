import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { workflowSchema, type WorkflowJson } from '../server/restClient';
import type { Run } from './plan';
import { CREATES_PER_SECOND, promptOf, type Handling, type Approach } from './scenario';

/** Node names in the workflow files. */
export const ROWS = 'Rows';
export const IMAGES = 'Images';

const SEEDREAM = 'Seedream Generate';
const CREATE = 'Create Task';

/** The URL in the files, so that they can be imported unchanged. */
const LIVE_URL = 'https://api.evolink.ai';

/** How a user handles the limit: HTTP Request's own batching. */
const CAREFUL_BATCHING = { batch: { batchSize: CREATES_PER_SECOND, batchInterval: 1000 } };

const RETRY = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1000 };

const RETRIED = /^n8n-nodes-(?:base\.httpRequest|seedream\.)/;

/** Credential IDs by type. */
export type CredentialIds = Readonly<Record<string, string>>;

/** The workflow of an approach, pointed at the sandbox. */
export function workflowFor(
	{ scenario, way, handling, downloads }: Run,
	baseUrl: string,
	credentials: CredentialIds,
): WorkflowJson {
	const workflow = readWorkflow(fileOf(way, handling), baseUrl);
	workflow.pinData = {
		[ROWS]: Array.from({ length: scenario.rows }, (_, row) => ({
			json: { row, prompt: promptOf(row, scenario) },
		})),
	};
	for (const node of workflow.nodes) {
		for (const [type, credential] of Object.entries(node.credentials ?? {})) {
			credential.id = credentials[type] ?? '';
		}
		if (handling === 'retry' && RETRIED.test(node.type)) Object.assign(node, RETRY);
		if (node.name === CREATE && scenario.limited) {
			node.parameters.options = { batching: CAREFUL_BATCHING };
		}
		if (node.name === SEEDREAM) {
			if (handling === 'errorOutputs') node.onError = 'continueErrorOutput';
			if (downloads === false) node.parameters.downloadImages = false;
			node.parameters.options = way === 'seedream' ? { concurrency: scenario.rows } : {};
		}
	}
	return workflow;
}

function readWorkflow(file: string, baseUrl: string): WorkflowJson {
	const text = readFileSync(join(__dirname, 'workflows', file), 'utf8');
	return workflowSchema.parse(JSON.parse(text.replaceAll(LIVE_URL, baseUrl)));
}

function fileOf(way: Approach, handling: Handling): string {
	if (way === 'rowByRow') return 'row-by-row.json';
	if (way !== 'allAtOnce') return 'seedream.json';
	return handling === 'errorOutputs' ? 'all-at-once-error-outputs.json' : 'all-at-once.json';
}

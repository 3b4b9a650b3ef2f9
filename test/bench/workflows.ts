import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { workflowSchema, type WorkflowJson } from '../server/restClient';
import {
	LIMITS,
	limitWindowSeconds,
	promptOf,
	type Approach,
	type Handling,
	type Run,
	type Scenario,
} from './scenario';

/** Node names in the workflow files. */
export const ROWS = 'Rows';
export const IMAGES = 'Images';

const SEEDREAM = 'Seedream Generate';
const CREATE = 'Create Task';

/** The URL in the files, so that they can be imported unchanged. */
const LIVE_URL = 'https://api.evolink.ai';

const RETRY = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1000 };

const RETRIED = /^n8n-nodes-(?:base\.httpRequest|seedream\.)/;

/** Credential IDs by type. */
export type CredentialIds = Readonly<Record<string, string>>;

/** The workflow of an approach, pointed at the sandbox. */
export function workflowFor(run: Run, baseUrl: string, credentials: CredentialIds): WorkflowJson {
	const { scenario, way, handling } = run;
	const workflow = readWorkflow(fileOf(way, handling), baseUrl);
	workflow.pinData = {
		[ROWS]: Array.from({ length: scenario.rows }, (_, row) => ({
			json: { row, prompt: promptOf(row, scenario) },
		})),
	};
	for (const node of workflow.nodes) {
		if (node.name === SEEDREAM) {
			Object.assign(node.parameters, generateParameters(run));
			const type = `${scenario.provider}Api`;
			node.credentials = { [type]: { id: '', name: type } };
			if (handling === 'errorOutputs') node.onError = 'continueErrorOutput';
		}
		for (const [type, credential] of Object.entries(node.credentials ?? {})) {
			credential.id = credentials[type] ?? '';
		}
		if (handling === 'retry' && RETRIED.test(node.type)) Object.assign(node, RETRY);
		if (node.name === CREATE && scenario.limit !== 'none') {
			node.parameters.options = { batching: batchingFor(scenario) };
		}
	}
	return workflow;
}

const MODELS: Record<Scenario['provider'], Record<string, string>> = {
	evoLink: { model: 'doubao-seedream-4.5', resolution: '2K' },
	apiMart: { model: 'doubao-seedance-4-5', resolution: '2K' },
	apiInOne: { model: 'auto', resolution: 'basic' },
};

const PRO_MODEL = 'doubao-seedream-5.0-pro';

function generateParameters({ scenario, way }: Run): Record<string, unknown> {
	const { provider, model, downloads, rows } = scenario;
	return {
		provider,
		...MODELS[provider],
		...(model === '5.0 Pro' && (way === 'before' ? CUSTOM_PRO_MODEL : { model: PRO_MODEL })),
		downloadImages: downloads,
		options: way === 'seedream' ? { concurrency: rows } : {},
	};
}

/** An earlier version may not know the model. */
const CUSTOM_PRO_MODEL = { model: 'custom', customModel: PRO_MODEL };

/** How a user handles the limit: HTTP Request's own batching. */
function batchingFor(scenario: Scenario) {
	const batchInterval = limitWindowSeconds(scenario) * 1000;
	return { batch: { batchSize: LIMITS[scenario.limit].max, batchInterval } };
}

function readWorkflow(file: string, baseUrl: string): WorkflowJson {
	const text = readFileSync(join(__dirname, 'workflows', file), 'utf8');
	return workflowSchema.parse(JSON.parse(text.replaceAll(LIVE_URL, baseUrl)));
}

function fileOf(way: Approach, handling: Handling): string {
	switch (way) {
		case 'rowByRow':
			return 'row-by-row.json';
		case 'retried':
			return 'batching-and-retries.json';
		case 'allAtOnce':
			return handling === 'errorOutputs' ? 'all-at-once-error-outputs.json' : 'all-at-once.json';
		default:
			return 'seedream.json';
	}
}

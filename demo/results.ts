import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { INodeExecutionData } from 'n8n-workflow';
import sharp from 'sharp';
import { z } from 'zod';

import type { Cost } from '../nodes/Seedream/shared/cost';
import type { Engine } from '../test/n8n/engine';
import type { CampaignRow } from './campaign';

export interface MadeImage {
	kind: 'image';
	row: CampaignRow;
	fileName: string;
	provider: string;
	model: string;
	taskId: string;
	prompt: string;
	width: number;
	height: number;
	/** If the model splits a picture. */
	layer?: string;
	/** Undefined if the provider neither reports nor publishes a price. */
	cost?: Cost;
	seconds: number;
}

export interface FailedRow {
	kind: 'failure';
	row: CampaignRow;
	provider: string;
	taskId?: string;
	reason: string;
}

const imageJson = z.object({
	status: z.literal('completed'),
	provider: z.string(),
	model: z.string(),
	taskId: z.string(),
	prompt: z.string(),
	layer: z
		.object({ index: z.number(), name: z.string().optional() })
		.transform(({ index, name }) => name ?? String(index))
		.optional(),
	cost: z
		.object({
			credits: z.number().optional(),
			usd: z.number().optional(),
			estimated: z.boolean().optional(),
		})
		.optional(),
	seconds: z.number(),
});

const failureJson = z.object({
	provider: z.string().default('?'),
	taskId: z.string().optional(),
	error: z.object({ message: z.string() }),
});

const pairing = z.object({ item: z.number() });

/** Saves the images from the node's output in `folder`, and returns the result of each row. */
export async function saveResults(
	items: readonly INodeExecutionData[],
	rows: readonly CampaignRow[],
	engine: Pick<Engine, 'readFile'>,
	folder: string,
): Promise<Array<MadeImage | FailedRow>> {
	await mkdir(folder, { recursive: true });
	const results: Array<MadeImage | FailedRow> = [];
	for (const item of items) {
		const row = rows[pairing.parse(item.pairedItem).item];
		if (!row) throw new Error('An output item belongs to no row');
		results.push(
			item.json.status === 'completed'
				? await saveImage(item, row, engine, folder)
				: failedRow(item, row),
		);
	}
	return results;
}

async function saveImage(
	{ json, binary }: INodeExecutionData,
	row: CampaignRow,
	engine: Pick<Engine, 'readFile'>,
	folder: string,
): Promise<MadeImage> {
	const image = imageJson.parse(json);
	const file = binary?.data;
	if (!file?.fileName) throw new Error(`The item of task ${image.taskId} has no file`);
	const content = await engine.readFile(file);
	await writeFile(join(folder, file.fileName), content);
	const { width, height } = await sharp(content).metadata();
	return { ...image, kind: 'image', row, fileName: file.fileName, width, height };
}

function failedRow({ json }: INodeExecutionData, row: CampaignRow): FailedRow {
	const { provider, taskId, error } = failureJson.parse(json);
	return { kind: 'failure', row, provider, taskId, reason: error.message };
}

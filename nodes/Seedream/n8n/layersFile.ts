import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';

import { measureImage } from '../images/measureImage';
import { isBase, layersContent, type LayersContent, type LayersFile } from '../output/layersFile';
import type { Layer } from '../providers/provider';
import { openContent } from './readImages';

/** A layer, and its file if it was downloaded. */
export interface LayerImage {
	layer: Layer;
	url: string;
	file?: IBinaryData;
}

/** Describes the layers in a file of their own. Undefined if n8n can't store it: they're paid for. */
export async function storeLayersFile(
	context: IExecuteFunctions,
	images: readonly LayerImage[],
	name: string,
): Promise<LayersFile<IBinaryData> | undefined> {
	const base = images.find(({ layer }) => isBase(layer))?.file;
	const content = layersContent(
		images.map(({ layer, url, file }) => ({ layer, url, file: file?.fileName })),
		base && (await sizeOf(context, base)),
	);
	const bytes = Buffer.from(JSON.stringify(content, null, 2));
	try {
		const file = await context.helpers.prepareBinaryData(bytes, name, 'application/json');
		return { file, name, content };
	} catch (error) {
		context.logger.warn(`n8n couldn't store ${name}: ${String(error)}`);
		return undefined;
	}
}

/** Undefined if n8n no longer has the file. */
async function sizeOf(
	context: IExecuteFunctions,
	file: IBinaryData,
): Promise<LayersContent['canvas']> {
	try {
		const measured = await measureImage((await openContent(context, file)).chunks);
		return measured && { width: measured.width, height: measured.height };
	} catch {
		return undefined;
	}
}

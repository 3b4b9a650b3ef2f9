import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { ImageRequest, Provider } from '../../../../nodes/Seedream/providers/provider';
import { askedFor } from '../../../../nodes/Seedream/request/asked';
import { imageFile } from '../images/imageFiles';

const LINK = { kind: 'link' as const, url: 'https://example.com/cat.png' };
const DOG = { kind: 'link' as const, url: 'https://example.com/dog.png' };
const FILE = { kind: 'file' as const, file: imageFile() };

const REQUEST: ImageRequest = {
	model: evoLink.models[0],
	modelId: 'doubao-seedream-4.5',
	prompt: 'A cat',
	promptSent: 'A cat',
	references: [LINK, DOG, FILE],
	sendBinaryAs: 'upload',
	values: { aspectRatio: '1:1', imageCount: 2 },
	extraBody: { seed: 7 },
};

/** As the ledger sees it. */
const asked = (changes: Partial<ImageRequest> = {}, provider: Provider = evoLink) =>
	JSON.stringify(askedFor(provider, { ...REQUEST, ...changes }));

it.each<[string, string]>([
	['prompt', asked({ promptSent: 'A dog' })],
	['model', asked({ modelId: 'doubao-seedream-5.0-lite' })],
	['value', asked({ values: { ...REQUEST.values, aspectRatio: '16:9' } })],
	['number of images', asked({ values: { ...REQUEST.values, imageCount: 3 } })],
	['set of values', asked({ values: { aspectRatio: '1:1' } })],
	['reference', asked({ references: [LINK, LINK, FILE] })],
	['number of references', asked({ references: [LINK, DOG] })],
	['order of the references', asked({ references: [DOG, LINK, FILE] })],
	[
		'file',
		asked({ references: [LINK, DOG, { kind: 'file', file: imageFile({ key: 'file-2' }) }] }),
	],
	['addition to the body', asked({ extraBody: { seed: 8 } })],
	['set of additions', asked({ extraBody: {} })],
	['provider', asked({}, apiMart)],
])('is another for another %s', (_what, other) => {
	expect(other).not.toBe(asked());
});

it.each<[string, string]>([
	['row that asks for the same', asked({ values: { ...REQUEST.values } })],
	['link that the same file gets', asked({ references: [LINK, DOG, otherLink()] })],
	['file of the same content', asked({ references: [LINK, DOG, readAnew()] })],
	[
		'address that is told of the end',
		asked({ values: { ...REQUEST.values, callbackUrl: 'https://n8n.example.com/resume/43' } }),
	],
	[
		'address in the additions to the body',
		asked({ extraBody: { seed: 7, callback_url: 'https://n8n.example.com/resume/43' } }),
	],
	['way to bring files to the gateway', asked({ sendBinaryAs: 'dataUri' })],
])('is the same for another %s', (_what, same) => {
	expect(same).toBe(asked());
});

it('what the task is made of is kept beside it, as the user wrote it', () => {
	const request = { ...REQUEST, promptSent: 'A cat. Generate 2 different images.' };
	expect(askedFor(evoLink, request).order).toEqual({
		provider: 'evoLink',
		model: 'doubao-seedream-4.5',
		prompt: 'A cat',
		images: 2,
	});
	expect(askedFor(evoLink, { ...request, values: {} }).order.images).toBe(1);
});

function readAnew() {
	return { kind: 'file' as const, file: imageFile({ key: 'file-1-again', hash: 'file-1' }) };
}

function otherLink() {
	const signedLink = () => 'https://n8n.example.com/rest/binary-data/signed?token=2';
	return { kind: 'file' as const, file: imageFile({ signedLink, label: 'the image in "photo"' }) };
}

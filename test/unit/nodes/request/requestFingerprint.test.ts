import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { seedream45 } from '../../../../nodes/Seedream/providers/evoLinkModels';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import type { ImageRequest } from '../../../../nodes/Seedream/request/imageRequest';
import { requestFingerprint } from '../../../../nodes/Seedream/request/requestFingerprint';
import { imageFile } from '../images/imageFiles';

const LINK = { kind: 'link' as const, url: 'https://example.com/cat.png' };
const DOG = { kind: 'link' as const, url: 'https://example.com/dog.png' };
const FILE = { kind: 'file' as const, file: imageFile() };

const REQUEST: ImageRequest = {
	model: seedream45,
	modelId: 'doubao-seedream-4.5',
	prompt: 'A cat',
	promptSent: 'A cat',
	references: [LINK, DOG, FILE],
	sendBinaryAs: 'upload',
	values: { aspectRatio: '1:1', imageCount: 2 },
	extraBody: { seed: 7 },
};

/** As the ledger sees it. */
const fingerprint = (changes: Partial<ImageRequest> = {}, provider: Provider = evoLink) =>
	JSON.stringify(requestFingerprint(provider, { ...REQUEST, ...changes }));

it.each<[string, string]>([
	['prompt', fingerprint({ promptSent: 'A dog' })],
	['model', fingerprint({ modelId: 'doubao-seedream-5.0-lite' })],
	['value', fingerprint({ values: { ...REQUEST.values, aspectRatio: '16:9' } })],
	['number of images', fingerprint({ values: { ...REQUEST.values, imageCount: 3 } })],
	['set of values', fingerprint({ values: { aspectRatio: '1:1' } })],
	['reference', fingerprint({ references: [LINK, LINK, FILE] })],
	['number of references', fingerprint({ references: [LINK, DOG] })],
	['order of the references', fingerprint({ references: [DOG, LINK, FILE] })],
	[
		'file',
		fingerprint({ references: [LINK, DOG, { kind: 'file', file: imageFile({ key: 'file-2' }) }] }),
	],
	['addition to the body', fingerprint({ extraBody: { seed: 8 } })],
	['set of additions', fingerprint({ extraBody: {} })],
	['provider', fingerprint({}, apiMart)],
])('the row request differs for another %s', (_what, other) => {
	expect(other).not.toBe(fingerprint());
});

it.each<[string, string]>([
	['row that asks for the same', fingerprint({ values: { ...REQUEST.values } })],
	['link that the same file gets', fingerprint({ references: [LINK, DOG, otherLink()] })],
	['file of the same content', fingerprint({ references: [LINK, DOG, readAnew()] })],
	[
		'address that is told of the end',
		fingerprint({
			values: { ...REQUEST.values, callbackUrl: 'https://n8n.example.com/resume/43' },
		}),
	],
	[
		'address in the additions to the body',
		fingerprint({ extraBody: { seed: 7, callback_url: 'https://n8n.example.com/resume/43' } }),
	],
	['data for the callback', fingerprint({ callbackData: '{"sku":"A-7"}' })],
	['way to bring files to the provider', fingerprint({ sendBinaryAs: 'dataUri' })],
])('the row request is the same for another %s', (_what, same) => {
	expect(same).toBe(fingerprint());
});

it('the row request keeps the input as the user wrote it', () => {
	const request = { ...REQUEST, promptSent: 'A cat. Generate 2 different images.' };
	expect(requestFingerprint(evoLink, request).input).toEqual({
		provider: 'evoLink',
		model: 'doubao-seedream-4.5',
		prompt: 'A cat',
		images: 2,
		price: { perTask: 0, perImage: 2.04, maxPerImage: 2.25 },
		maxUsd: 0.066176,
	});
	expect(requestFingerprint(evoLink, { ...request, values: {} }).input.images).toBe(1);
});

function readAnew() {
	return { kind: 'file' as const, file: imageFile({ key: 'file-1-again', hash: 'file-1' }) };
}

function otherLink() {
	const signedLink = () => 'https://n8n.example.com/rest/binary-data/signed?token=2';
	return { kind: 'file' as const, file: imageFile({ signedLink, label: 'the image in "photo"' }) };
}

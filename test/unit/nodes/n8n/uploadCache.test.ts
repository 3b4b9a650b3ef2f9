import type { IDataObject } from 'n8n-workflow';

import { createUploadCache } from '../../../../nodes/Seedream/n8n/uploadCache';
import { fakeContext } from '../fakeContext';

const UPLOAD = { url: 'https://files.example.com/1', until: 1_790_000_000_000, hash: 'cat' };

function memoryOf(nodeContext: IDataObject) {
	return createUploadCache(fakeContext({ nodeContext }));
}

it('knows nothing at first', () => {
	expect(memoryOf({}).find('evoLink/file-1')).toBeUndefined();
});

it('finds what it keeps', () => {
	const memory = memoryOf({});
	memory.keep('evoLink/file-1', UPLOAD);
	expect(memory.find('evoLink/file-1')).toEqual(UPLOAD);
	expect(memory.find('apiMart/file-1')).toBeUndefined();
});

it('knows what a link shows', () => {
	const memory = memoryOf({});
	memory.keep('evoLink/file-1', UPLOAD);
	expect(memory.contentOf(UPLOAD.url)).toBe('cat');
	expect(memory.contentOf('https://files.example.com/2')).toBeUndefined();
});

it('keeps it for the next try of the node, which n8n starts from saved data', () => {
	const nodeContext: IDataObject = { other: 7 };
	memoryOf(nodeContext).keep('evoLink/file-1', UPLOAD);
	const saved: IDataObject = JSON.parse(JSON.stringify(nodeContext));
	expect(saved.other).toBe(7);
	expect(memoryOf(saved).find('evoLink/file-1')).toEqual(UPLOAD);
});

it('adds to what an earlier try kept', () => {
	const nodeContext: IDataObject = {};
	memoryOf(nodeContext).keep('evoLink/file-1', UPLOAD);
	memoryOf(nodeContext).keep('evoLink/file-2', UPLOAD);
	expect(memoryOf(nodeContext).find('evoLink/file-1')).toEqual(UPLOAD);
	expect(memoryOf(nodeContext).find('evoLink/file-2')).toEqual(UPLOAD);
});

it('keeps nothing for another execution', () => {
	memoryOf({}).keep('evoLink/secret', UPLOAD);
	const other: IDataObject = {};
	expect(memoryOf(other).find('evoLink/secret')).toBeUndefined();
	expect(JSON.stringify(other)).not.toContain('secret');
});

it.each<[string, IDataObject['x']]>([
	['a text', 'uploads'],
	['a list', [1]],
	['entries of another shape', { 'evoLink/file-1': { link: 'https://a.example' } }],
	['entries without their content', { 'evoLink/file-1': { url: 'https://a.example', until: 7 } }],
	['null', null],
])('starts afresh where it finds %s', (_what, uploads) => {
	const memory = memoryOf({ uploads });
	expect(memory.find('evoLink/file-1')).toBeUndefined();
	memory.keep('evoLink/file-1', UPLOAD);
	expect(memory.find('evoLink/file-1')).toEqual(UPLOAD);
});

import type { IDataObject } from 'n8n-workflow';

import { createUploadCache } from '../../../../nodes/Seedream/n8n/uploadCache';
import { fakeContext } from '../fakeContext';

const UPLOAD = { url: 'https://files.example.com/1', until: 1_790_000_000_000, hash: 'cat' };

function cacheIn(nodeContext: IDataObject) {
	return createUploadCache(fakeContext({ nodeContext }));
}

it('the upload cache is empty at first', () => {
	expect(cacheIn({}).find('evoLink/file-1')).toBeUndefined();
});

it('the upload cache finds an upload by its key', () => {
	const cache = cacheIn({});
	cache.keep('evoLink/file-1', UPLOAD);
	expect(cache.find('evoLink/file-1')).toEqual(UPLOAD);
	expect(cache.find('apiMart/file-1')).toBeUndefined();
});

it('the upload cache knows the content behind a link', () => {
	const cache = cacheIn({});
	cache.keep('evoLink/file-1', UPLOAD);
	expect(cache.contentOf(UPLOAD.url)).toBe('cat');
	expect(cache.contentOf('https://files.example.com/2')).toBeUndefined();
});

it('the upload cache survives a retry that n8n starts from saved data', () => {
	const nodeContext: IDataObject = { other: 7 };
	cacheIn(nodeContext).keep('evoLink/file-1', UPLOAD);
	const saved: IDataObject = JSON.parse(JSON.stringify(nodeContext));
	expect(saved.other).toBe(7);
	expect(cacheIn(saved).find('evoLink/file-1')).toEqual(UPLOAD);
});

it('the upload cache adds to what an earlier attempt stored', () => {
	const nodeContext: IDataObject = {};
	cacheIn(nodeContext).keep('evoLink/file-1', UPLOAD);
	cacheIn(nodeContext).keep('evoLink/file-2', UPLOAD);
	expect(cacheIn(nodeContext).find('evoLink/file-1')).toEqual(UPLOAD);
	expect(cacheIn(nodeContext).find('evoLink/file-2')).toEqual(UPLOAD);
});

it("the upload cache isn't shared with another execution", () => {
	cacheIn({}).keep('evoLink/secret', UPLOAD);
	const other: IDataObject = {};
	expect(cacheIn(other).find('evoLink/secret')).toBeUndefined();
	expect(JSON.stringify(other)).not.toContain('secret');
});

it.each<[string, IDataObject['x']]>([
	['a string', 'uploads'],
	['a list', [1]],
	['entries in another format', { 'evoLink/file-1': { link: 'https://a.example' } }],
	['entries without a content hash', { 'evoLink/file-1': { url: 'https://a.example', until: 7 } }],
	['null', null],
])('the upload cache starts empty where the saved data is %s', (_what, uploads) => {
	const cache = cacheIn({ uploads });
	expect(cache.find('evoLink/file-1')).toBeUndefined();
	cache.keep('evoLink/file-1', UPLOAD);
	expect(cache.find('evoLink/file-1')).toEqual(UPLOAD);
});

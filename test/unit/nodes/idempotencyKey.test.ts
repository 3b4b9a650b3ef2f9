import { idempotencyKey } from '../../../nodes/Seedream/idempotencyKey';
import { fakeContext, type FakeContext } from './fakeContext';

const BODY = { model: 'doubao-seedream-4.5', prompt: 'A lake' };

const keyOf = (context: FakeContext = {}, itemIndex = 0, body: object = BODY) =>
	idempotencyKey(fakeContext(context), itemIndex, { ...body });

it('is the same on every try of the same row', () => {
	expect(keyOf()).toBe(keyOf());
	expect(keyOf()).toMatch(/^[\da-f]{64}$/);
});

it.each([
	['row', keyOf({}, 1)],
	['execution', keyOf({ executionId: '43' })],
	['turn of a loop', keyOf({ runIndex: 1 })],
	['node', keyOf({ node: { id: 'node-2' } })],
	['request', keyOf({}, 0, { ...BODY, n: 2 })],
])('is another for another %s', (_what, key) => {
	expect(key).not.toBe(keyOf());
});

it('is never the same where n8n has no id for the execution', () => {
	expect(keyOf({ executionId: '' })).not.toBe(keyOf({ executionId: '' }));
});

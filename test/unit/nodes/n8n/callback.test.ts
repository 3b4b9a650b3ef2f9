import type { IWebhookFunctions } from 'n8n-workflow';

import { calledBackTasks, readCallback, respond } from '../../../../nodes/Seedream/n8n/callback';

function posted(body: string | Buffer | Error) {
	const request = {
		rawBody: undefined as unknown,
		readRawBody: async () => {
			if (body instanceof Error) throw body;
			request.rawBody = Buffer.from(body);
		},
	};
	return { getRequestObject: () => request } as unknown as IWebhookFunctions;
}

const NO_ID = { kind: 'invalid', reason: 'The body has no task ID' };
const NO_JSON = { kind: 'invalid', reason: "The body isn't JSON" };
const TOO_LARGE = { kind: 'invalid', reason: 'The body is too large' };

describe('readCallback', () => {
	it.each<[string, string | Buffer | Error, object]>([
		['a task', '{"id":"task-1","status":"completed"}', { kind: 'task', taskId: 'task-1' }],
		[
			'a long number',
			'{"task_id":12345678901234567890}',
			{ kind: 'task', taskId: '12345678901234567890' },
		],
		['no body', '', { kind: 'empty' }],
		['text', 'done', NO_JSON],
		['bytes', Buffer.from([0xff, 0xfe, 0]), NO_JSON],
		['JSON without an ID', '[]', NO_ID],
		['an ID that leads elsewhere', '{"id":"../credits"}', NO_ID],
		['an ID of dots', '{"id":".."}', NO_ID],
		['half a character', '{"id":"\\ud800"}', NO_ID],
		['a long ID', JSON.stringify({ id: 'x'.repeat(201) }), NO_ID],
		['a large body', JSON.stringify({ id: 'task-1', x: 'x'.repeat(1024 * 1024) }), TOO_LARGE],
		[
			'a broken connection',
			new Error('aborted'),
			{ kind: 'invalid', reason: "The body can't be read" },
		],
	])('reads %s', async (_title, body, expected) => {
		expect(await readCallback(posted(body))).toEqual(expected);
	});
});

it('respond() answers a callback itself, and starts nothing', () => {
	const json = jest.fn();
	const status = jest.fn(() => ({ json }));
	const context = { getResponseObject: () => ({ status }) } as unknown as IWebhookFunctions;
	expect(respond(context, 400, 'No')).toEqual({ noWebhookResponse: true });
	expect(status).toHaveBeenCalledWith(400);
	expect(json).toHaveBeenCalledWith({ message: 'No' });
});

it('calledBackTasks() is the same for the webhook and the executions of a trigger', () => {
	const trigger = (workflow: string, node: string) =>
		calledBackTasks({
			getWorkflow: () => ({ id: workflow }),
			getNode: () => ({ id: node }),
		} as unknown as IWebhookFunctions);
	expect(trigger('1', 'a')).toBe(trigger('1', 'a'));
	expect(trigger('1', 'a')).not.toBe(trigger('1', 'b'));
	expect(trigger('1', 'a')).not.toBe(trigger('2', 'a'));
});

import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { Gateway } from '../../../../nodes/Seedream/tasks/gateway';
import type { FileUpload, HttpAnswer } from '../../../../nodes/Seedream/tasks/ports';
import { fileContent } from '../images/imageFiles';
import { noReply, reply } from './scriptedGateway';

const URL = 'https://files.example.com/cat.png';

const UPLOAD: FileUpload = {
	baseUrl: 'filesBaseUrl',
	path: '/files',
	fileName: 'reference.png',
	mimeType: 'image/png',
	bytes: 5,
	content: fileContent(Buffer.from('image')),
};

async function upload(provider: Provider, answer: HttpAnswer) {
	const { fileReferences } = provider;
	if (fileReferences.kind !== 'upload') throw new Error('takes no files');
	const uploads: FileUpload[] = [];
	const gateway = new Gateway(provider, {
		send: async () => {
			throw new Error('an upload is no call');
		},
		upload: async (given) => {
			uploads.push(given);
			return answer;
		},
	});
	return { result: await gateway.upload(UPLOAD, fileReferences.readUploaded), uploads };
}

describe('an upload', () => {
	it.each<[string, Provider, HttpAnswer]>([
		['EvoLink', evoLink, reply(200, { success: true, data: { file_url: URL, file_id: 'f' } })],
		['EvoLink, with 201', evoLink, reply(201, { data: { file_url: URL } })],
		['APIMart', apiMart, reply(200, { url: URL, filename: 'cat.png', bytes: 5 })],
	])('at %s yields the link', async (_label, provider, answer) => {
		const { result, uploads } = await upload(provider, answer);
		expect(result).toEqual({ ok: true, value: URL });
		expect(uploads).toEqual([UPLOAD]);
	});

	it.each<[string, HttpAnswer]>([
		['no link', reply(200, { data: {} })],
		['an empty link', reply(200, { url: '', data: { file_url: '' } })],
		['something that is no link', reply(200, { url: 'cat.png', data: { file_url: 'cat.png' } })],
		['a number', reply(200, { url: 7, data: { file_url: 7 } })],
		['no object', reply(200, '<html>Hello</html>')],
		['a redirect', reply(302, '')],
	])(
		'answered with %s is not understood, costs nothing and may be repeated',
		async (_what, answer) => {
			for (const provider of [evoLink, apiMart]) {
				const { result } = await upload(provider, answer);
				expect(result).toMatchObject({
					ok: false,
					failure: {
						message: expect.stringMatching(
							`^A reference image could not be uploaded: ${provider.label} gave an answer that this node does not understand`,
						),
						code: 'answer_not_understood',
						charged: 'no',
						retry: {},
					},
				});
			}
		},
	);

	it.each<[string, HttpAnswer, object | undefined]>([
		['429', reply(429, {}, { 'retry-after': '5' }), { afterSeconds: 5 }],
		['500', reply(500, {}), {}],
		['503', reply(503, '<html></html>'), {}],
		['a refused connection', noReply('ECONNREFUSED', false), {}],
		['a broken connection', noReply('ECONNRESET', true), {}],
		['400', reply(400, { error: { message: 'Bad file.' } }), undefined],
		['401', reply(401, {}), undefined],
		['413', reply(413, ''), undefined],
	])(
		'that failed with %s costs nothing; whether to repeat it is known',
		async (_what, answer, retry) => {
			for (const provider of [evoLink, apiMart]) {
				const { result } = await upload(provider, answer);
				expect(result).toMatchObject({
					ok: false,
					failure: {
						message: expect.stringMatching(/^A reference image could not be uploaded: /),
						description: expect.stringMatching(/Nothing was charged\.$/),
						charged: 'no',
						status: 'failed',
						provider: provider.id,
					},
				});
				expect(result.ok ? undefined : result.failure.retry).toEqual(retry);
			}
		},
	);

	it('that APIMart refuses with HTTP 200 has failed', async () => {
		const refusal = { success: false, code: 401, message: 'Bad key.', url: URL };
		const { result } = await upload(apiMart, reply(200, refusal));
		expect(result).toMatchObject({
			ok: false,
			failure: { message: expect.stringContaining('Bad key.'), charged: 'no' },
		});
	});
});

import {
	isTaskId,
	parseTaskIds,
	parseLinks,
	parseFieldNames,
} from '../../../../nodes/Seedream/request/lists';

const A = 'https://a.example/1.png';
const B = 'https://b.example/2.png';
const DATA = 'data:image/png;base64,iVBORw0KGgo=';

describe('a list of links', () => {
	it.each<[string, unknown, string[]]>([
		['one link', A, [A]],
		['white space around a link', ` ${A}\n`, [A]],
		['links separated by a comma', `${A},${B}`, [A, B]],
		['links separated by a comma and a space', `${A}, ${B}`, [A, B]],
		['links separated by a space', `${A} ${B}`, [A, B]],
		['links on lines of their own', `${A}\n${B}`, [A, B]],
		['links on lines written by Windows', `${A}\r\n${B}\r\n`, [A, B]],
		['empty lines between links', `\n${A}\n\n\n${B}\n`, [A, B]],
		['lines that end in a comma', `${A},\n${B},`, [A, B]],
		['lines that end in a space and a comma', `${A} ,\n${B} , `, [A, B]],
		['several commas', `${A},,${B},,,`, [A, B]],
		[
			'schemes in capitals',
			'HTTPS://A.EXAMPLE/1.PNG, HTTP://b.example/2.png',
			['HTTPS://A.EXAMPLE/1.PNG', 'HTTP://b.example/2.png'],
		],
		['a JSON array', JSON.stringify([A, B]), [A, B]],
		['a JSON array over several lines', JSON.stringify([A, B], null, 2), [A, B]],
		['an empty JSON array', '[]', []],
		['an array', [A, B], [A, B]],
		['an array in an array', [[A], [B]], [A, B]],
		['an array whose entries hold several', [`${A}, ${B}`, DATA], [A, B, DATA]],
		['an array with holes, which show', [A, null, '', undefined, B], [A, '', '', '', B]],
		['an array of nothing but holes', [null, '', undefined], []],
		['a data URI', DATA, [DATA]],
		['a data URI between links', `${A}, ${DATA}, ${B}`, [A, DATA, B]],
		['data URIs on lines of their own', `${DATA}\n${DATA}`, [DATA, DATA]],
		['links separated by a semicolon', `${A};${B}`, [A, B]],
		['links separated by a semicolon and a space', `${A}; ${B}`, [A, B]],
		['links separated by a full-width comma', `${A}，${B}`, [A, B]],
		['links separated by a full-width semicolon', `${A}；${B}`, [A, B]],
		['links separated by a Chinese enumeration comma', `${A}、${B}`, [A, B]],
		['links separated by an Arabic comma', `${A}، ${B}`, [A, B]],
		['links separated by a bar', `${A}|${B}`, [A, B]],
		['links separated by a spaced bar', `${A} | ${B}`, [A, B]],
		['links separated by a tab', `${A}\t${B}`, [A, B]],
		['links separated by a mixture', `; ${A} ;,\u200b${B}；`, [A, B]],
		['links separated by a line separator', `${A}\u2028${B}\u0085${A}`, [A, B, A]],
		['links separated by an invisible character', `${A}\u200b${B}`, [A, B]],
		['separators around a link', ` ;,|${A}；，、; `, [A]],
		['links in quotes', `"${A}", "${B}"`, [A, B]],
		['links in single quotes', `'${A}';'${B}'`, [A, B]],
		['links in angle brackets', `<${A}>, <${B}>`, [A, B]],
		["another language's list", `['${A}', '${B}']`, [A, B]],
		['links in square brackets', `[${A}, ${B}]`, [A, B]],
		['a list with bullets', `- ${A}\n• ${B}`, [A, B]],
		['a list with numbers', `1. ${A}\n2) ${B}`, [A, B]],
		['invisible ends', `\ufeff${A}\u200b`, [A]],
		[
			'an attachment',
			{ id: 'att1', url: A, filename: '1.png', thumbnails: { small: { url: B } } },
			[A],
		],
		['attachments', [{ url: A }, { url: B }], [A, B]],
		['attachments as JSON', JSON.stringify([{ url: A }, { url: B }]), [A, B]],
		['an attachment as JSON', JSON.stringify({ url: A }), [A]],
		['attachments without brackets', `{"url":"${A}"},{"url":"${B}"}`, [A, B]],
		['a file of Notion', [{ name: '1', type: 'file', file: { url: A, expiry_time: 'x' } }], [A]],
		['a link of Notion', [{ name: '1', type: 'external', external: { url: A } }], [A]],
		['an item of this node', { imageUrl: A, status: 'completed' }, [A]],
		['an item with several images', { imageUrls: [A, B] }, [A, B]],
		['an item as n8n has it', [{ json: { imageUrl: A } }], [A]],
		[
			'pictures of a shop',
			[
				{ id: 1, src: A },
				{ id: 2, src: B },
			],
			[A, B],
		],
		['a hyperlink of a sheet', { text: 'cat', hyperlink: A }, [A]],
		['an attachment whose link holds several', { url: `${A}; ${B}` }, [A, B]],
		[
			'an attachment without its link, which shows',
			[{ url: A }, { url: null }, { url: '' }],
			[A, '', ''],
		],
		['an empty attachment', { url: '' }, []],
		['JSON in JSON', JSON.stringify(JSON.stringify([A, B])), [A, B]],
		['a data URI in lines', 'data:image/png;base64,iVBO\nRw0K\r\n Ggo=', [DATA]],
		['data URIs in lines', `data:image/png;base64,iVBO\nRw0KGgo=\n${DATA}\n${A}`, [DATA, DATA, A]],
		['nothing', undefined, []],
		['null', null, []],
		['an empty text', '', []],
		['white space', ' \n ', []],
		['a lone comma', ',', []],
	])('is parsed from %s', (_what, value, links) => {
		expect(parseLinks(value)).toEqual(links);
	});

	it.each([
		'https://cdn.example/c_fill,w_100,h_200/1.png',
		'https://cdn.example/1.png?size=10,20&crop=1,2',
		'https://cdn.example/a, b.png',
		'https://cdn.example/fit,crop:center/1.png',
		'https://cdn.example/1.png;v=2',
		'https://cdn.example/1.png;jsessionid=1;x=2',
		'https://cdn.example/a|b.png',
		'https://cdn.example/猫，狗、鸟.png',
		'https://cdn.example/?q=a; b',
		'https://cdn.example/my photo.png',
		'https://cdn.example/?u=https://a.example/1.png',
	])('is not split at a comma inside %s', (link) => {
		expect(parseLinks(link)).toEqual([link]);
		expect(parseLinks(`${link}, ${A}`)).toEqual([link, A]);
	});

	it.each<[string, unknown, string[]]>([
		['words', 'cat.png', ['cat.png']],
		['broken JSON', '["https://a.example/1.png"', ['["https://a.example/1.png"']],
		['a number', 7, ['7']],
		['an object without a link', { id: 'att1' }, ['{"id":"att1"}']],
		['a text of several lines', 'cat.png\ndog.png', ['cat.png', 'dog.png']],
		['another scheme', `ftp://a.example/1.png, ${A}`, ['ftp://a.example/1.png', A]],
	])('keeps %s, so that the message can quote it', (_what, value, links) => {
		expect(parseLinks(value)).toEqual(links);
	});
});

describe('a list of task IDs', () => {
	it.each<[string, unknown, string[]]>([
		['one id', 'task-1', ['task-1']],
		['ids separated by commas', 'task-1,task-2, task-3', ['task-1', 'task-2', 'task-3']],
		['ids separated by white space', ' task-1 task-2\r\ntask-3\t', ['task-1', 'task-2', 'task-3']],
		['a JSON array', '["task-1","task-2"]', ['task-1', 'task-2']],
		['an array', ['task-1', ' task-2 '], ['task-1', 'task-2']],
		['a number', 17, ['17']],
		['commas alone', ', ,', []],
		['ids separated by semicolons', 'task-1;task-2； task-3', ['task-1', 'task-2', 'task-3']],
		[
			'ids separated by other marks',
			'task-1|task-2，task-3、task-4',
			['task-1', 'task-2', 'task-3', 'task-4'],
		],
		['invisible characters', '\ufefftask-1\u200b, task\u00ad-2', ['task-1', 'task-2']],
		['ids in quotes', '"task-1", \'task-2\'', ['task-1', 'task-2']],
		['an item of this node', { taskId: 'task-1', status: 'submitted' }, ['task-1']],
		[
			'items of this node',
			[{ taskId: 'task-1' }, { json: { taskId: 'task-2' } }],
			['task-1', 'task-2'],
		],
		['items as JSON', '[{"taskId":"task-1"},{"taskId":"task-2"}]', ['task-1', 'task-2']],
		['the answer of a provider', { task_id: 'task-1' }, ['task-1']],
		['a task of a provider', { id: 'task-1', status: 'pending' }, ['task-1']],
		['nothing', undefined, []],
		['null', null, []],
	])('is parsed from %s', (_what, value, ids) => {
		expect(parseTaskIds(value)).toEqual(ids);
	});
});

describe('a task ID', () => {
	it.each([
		'task-unified-1757165031-seedream4d',
		'task_01K8SGYNNNVBQTXNR4MM964S7K',
		'n30.a:b_seed',
	])('can be %s', (id) => {
		expect(isTaskId(id)).toBe(true);
	});

	it.each([
		['nothing', ''],
		['a space', 'task 1'],
		['a comma', 'task-1,task-2'],
		['a quote', '"task-1"'],
		['a template', '{{ taskId }}'],
		['a path', '../v1/credits'],
		['a Windows path', '..\\credits'],
		['dots', '..'],
		['half a character', 'task-\ud800'],
		['an invisible character', 'task-\u200b1'],
		['a missing value', 'undefined'],
		['more than 200 characters', 'x'.repeat(201)],
	])("can't be %s", (_what, id) => {
		expect(isTaskId(id)).toBe(false);
	});
});

describe('a list of field names', () => {
	it.each<[string, unknown, unknown[]]>([
		['commas', 'front, back', ['front', 'back']],
		['semicolons', 'front;back；side', ['front', 'back', 'side']],
		['other marks', 'front、back，side|top', ['front', 'back', 'side', 'top']],
		['lines', 'front\nback', ['front', 'back']],
		['spaces inside a name', ' my cow ', ['my cow']],
		['invisible ends', '\u200bfront\u2060,back\ufeff', ['front', 'back']],
		['JSON', '["front", "back"]', ['front', 'back']],
		['what is no text', [{ mimeType: 'image/png' }, 'front'], [{ mimeType: 'image/png' }, 'front']],
		['nothing', '\u200b', []],
	])('is parsed from %s', (_what, value, names) => {
		expect(parseFieldNames(value)).toEqual(names);
	});
});

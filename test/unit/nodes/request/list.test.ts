import { idList, linkList } from '../../../../nodes/Seedream/request/list';

const A = 'https://a.example/1.png';
const B = 'https://b.example/2.png';
const DATA = 'data:image/png;base64,iVBORw0KGgo=';

describe('linkList', () => {
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
		['nothing', undefined, []],
		['null', null, []],
		['an empty text', '', []],
		['white space', ' \n ', []],
		['a lone comma', ',', []],
	])('reads %s', (_what, value, links) => {
		expect(linkList(value)).toEqual(links);
	});

	it.each([
		'https://cdn.example/c_fill,w_100,h_200/1.png',
		'https://cdn.example/1.png?size=10,20&crop=1,2',
		'https://cdn.example/a, b.png',
		'https://cdn.example/fit,crop:center/1.png',
	])('leaves a comma inside %s alone', (link) => {
		expect(linkList(link)).toEqual([link]);
		expect(linkList(`${link}, ${A}`)).toEqual([link, A]);
	});

	it.each<[string, unknown, string[]]>([
		['words', 'cat.png', ['cat.png']],
		['broken JSON', '["https://a.example/1.png"', ['["https://a.example/1.png"']],
		['a number', 7, ['7']],
		['another scheme', `ftp://a.example/1.png, ${A}`, ['ftp://a.example/1.png', A]],
	])('keeps %s, so that the check can name it', (_what, value, links) => {
		expect(linkList(value)).toEqual(links);
	});
});

describe('idList', () => {
	it.each<[string, unknown, string[]]>([
		['one id', 'task-1', ['task-1']],
		['ids separated by commas', 'task-1,task-2, task-3', ['task-1', 'task-2', 'task-3']],
		['ids separated by white space', ' task-1 task-2\r\ntask-3\t', ['task-1', 'task-2', 'task-3']],
		['a JSON array', '["task-1","task-2"]', ['task-1', 'task-2']],
		['an array', ['task-1', ' task-2 '], ['task-1', 'task-2']],
		['a number', 17, ['17']],
		['commas alone', ', ,', []],
		['nothing', undefined, []],
		['null', null, []],
	])('reads %s', (_what, value, ids) => {
		expect(idList(value)).toEqual(ids);
	});
});

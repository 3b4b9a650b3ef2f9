import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { checkRequest } from '../../../../nodes/Seedream/request/checkRequest';
import { promptProblem } from '../../../../nodes/Seedream/request/promptProblem';
import { rawRow } from './rawRow';

const problemOf = (prompt: unknown) => {
	const checked = checkRequest(evoLink, rawRow({ prompt }));
	return checked.ok ? undefined : checked.problems.join('; ');
};

it.each([
	'\u200b',
	' \u2060 ',
	'\u00ad\u00ad',
	'\u3164',
	'\u2800\u2800',
	'\ufe0f',
	'\u0000',
	'\ufeff\u200d',
])('nobody can see the prompt %j', (prompt) => {
	expect(problemOf(prompt)).toMatch(
		/^Prompt: (is empty|holds nothing but characters that cannot be seen)$/,
	);
});

it.each([
	...['#N/A', '#REF!', '#VALUE!', '#DIV/0!', '#NAME?', '#NUM!', '#NULL!', '#ERROR!', '#SPILL!'],
	...[
		'#CALC!',
		'#GETTING_DATA',
		'#N/A!',
		'#REF',
		'#ref!',
		' #REF! ',
		'＃ＲＥＦ！',
		'"#N/A"',
		'Err:502',
	],
	...['#NV', '#BEZUG!', '#WERT!', '#ÜBERLAUF!', '#NOM?', '#VALEUR!', '#¡REF!', '#¿NOMBRE?', '#N/D'],
	...['#RIF!', '#NOME?', '#WAARDE!', '#DEEL/0!', '#ADR!', '#SAKNAS!', '#PUUTTUU!', '#ССЫЛКА!'],
	...['#ЗНАЧ!', '#YOK', '#BAŞV!', '#HODNOTA!', '#ÉRTÉK!', '#REF!\u200b'],
])('%s is the error of a spreadsheet', (prompt) => {
	expect(problemOf(prompt)).toMatch(/^Prompt: is the spreadsheet's error /);
});

it.each([
	'Loading...',
	'Loading…',
	'loading',
	'Wird geladen...',
	'加载中...',
	'読み込んでいます...',
])('%s is what a sheet shows while it works', (prompt) => {
	expect(problemOf(prompt)).toMatch(/^Prompt: is ".+": the spreadsheet was still at work/);
});

it.each<[unknown]>(
	[
		...['undefined', 'null', 'NaN', 'None', 'NULL', ' Undefined ', '"null"', "'None'", '(null)'],
		...['<null>', 'n/a', 'N/A', '\\N', 'undefined undefined', 'null, null', 'nan\u200b', 'nil'],
		NaN,
	].map((prompt): [unknown] => [prompt]),
)('%j is a value that was not there', (prompt) => {
	expect(problemOf(prompt)).toMatch(
		/^Prompt: is ".+": there was no value where the prompt should be/,
	);
});

it.each(['[object Object]', 'A lake, [object Object], at dawn', '[object Array] lake'])(
	'%s holds an object',
	(prompt) => {
		expect(problemOf(prompt)).toMatch(/^Prompt: holds "\[object \w+\]": /);
	},
);

it.each([
	'{{ $json.title }}',
	'A photo of {{ $json.title }}, 4K',
	'{{title}}',
	'A {{\n$json.a\n}} b',
	'={{ $json.x }}',
])('%s was not filled in', (prompt) => {
	expect(problemOf(prompt)).toMatch(/^Prompt: holds \{\{[^]+\}\}, which was not filled in: /);
});

it.each([
	'A poster that says #N/A',
	'#REF! as graffiti on a wall',
	'Loading... screen of a video game',
	'The word undefined in neon',
	'null island, seen from above',
	'None of the birds look up',
	'Nanna in her garden',
	'Nil, a river',
	'#sunset',
	'#LOVE!',
	'{ "scene": { "place": "lake" } }',
	'a set { x | x > 0 }',
	'brackets [object]',
	'zero',
	'value',
	'name?',
	'1984',
	'?',
	'🌅',
	'湖',
])('%s is a prompt', (prompt) => {
	expect(promptProblem(prompt)).toBeUndefined();
	expect(problemOf(prompt)).toBeUndefined();
});

it('is refused for a model typed by hand as well', () => {
	const raw = rawRow({ model: 'custom', customModel: 'x', prompt: '#REF!' });
	expect(checkRequest(evoLink, raw).ok).toBe(false);
});

it('is sent without what is invisible around it', () => {
	const checked = checkRequest(evoLink, rawRow({ prompt: '\ufeff A lake \u200b' }));
	expect(checked).toMatchObject({
		ok: true,
		value: { prompt: ' A lake ', promptSent: ' A lake ' },
	});
});

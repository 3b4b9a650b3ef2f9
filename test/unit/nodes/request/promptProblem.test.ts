import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { checkRequest } from '../../../../nodes/Seedream/request/checkRequest';
import { promptProblem } from '../../../../nodes/Seedream/request/promptProblem';
import { rawRow } from './rawRow';

const problemOf = (prompt: unknown) => {
	const checked = checkRequest(evoLink, rawRow({ prompt }));
	return checked.ok ? undefined : checked.problems.join('. ');
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
])('the invisible prompt %j is rejected', (prompt) => {
	expect(problemOf(prompt)).toMatch(/^'Prompt' (is empty|contains only invisible characters)$/);
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
])('the prompt %s is rejected as an error value of a spreadsheet', (prompt) => {
	expect(problemOf(prompt)).toMatch(/^'Prompt' is the spreadsheet message /);
});

it.each([
	'Loading...',
	'Loading…',
	'loading',
	'Wird geladen...',
	'加载中...',
	'読み込んでいます...',
])('the prompt %s is rejected because the sheet is still calculating', (prompt) => {
	expect(problemOf(prompt)).toMatch(
		/^'Prompt' is ".+" because the spreadsheet was still calculating/,
	);
});

it.each<[unknown]>(
	[
		...['undefined', 'null', 'NaN', 'None', 'NULL', ' Undefined ', '"null"', "'None'", '(null)'],
		...['<null>', 'n/a', 'N/A', '\\N', 'undefined undefined', 'null, null', 'nan\u200b', 'nil'],
		NaN,
	].map((prompt): [unknown] => [prompt]),
)('the prompt %j is rejected as a missing value', (prompt) => {
	expect(problemOf(prompt)).toMatch(/^'Prompt' is ".+", so a value is missing/);
});

it.each(['[object Object]', 'A lake, [object Object], at dawn', '[object Array] lake'])(
	'the prompt %s is rejected because it contains a stringified object',
	(prompt) => {
		expect(problemOf(prompt)).toMatch(/^'Prompt' contains "\[object \w+\]" because /);
	},
);

it.each([
	'{{ $json.title }}',
	'A photo of {{ $json.title }}, 4K',
	'{{title}}',
	'A {{\n$json.a\n}} b',
	'={{ $json.x }}',
])('the prompt %s is rejected because of an unresolved template', (prompt) => {
	expect(problemOf(prompt)).toMatch(/^'Prompt' contains the unresolved template \{\{[^]+\}\}\. /);
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
])('the prompt %s is accepted', (prompt) => {
	expect(promptProblem(prompt)).toBeUndefined();
	expect(problemOf(prompt)).toBeUndefined();
});

it('a useless prompt is rejected for a custom model too', () => {
	const raw = rawRow({ model: 'custom', customModel: 'x', prompt: '#REF!' });
	expect(checkRequest(evoLink, raw).ok).toBe(false);
});

it('a prompt is sent without invisible characters at its ends', () => {
	const checked = checkRequest(evoLink, rawRow({ prompt: '\ufeff A lake \u200b' }));
	expect(checked).toMatchObject({
		ok: true,
		value: { prompt: ' A lake ', promptSent: ' A lake ' },
	});
});

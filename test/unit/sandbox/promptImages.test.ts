import { drawImage } from '../../sandbox/promptImages';
import { TASK } from './task';

it.each([
	'\u200b',
	'\u0000',
	'&<>"',
	'\ud83d',
	'😀',
	'x'.repeat(2000),
	'湖'.repeat(2000),
	'a\nb\u2028c',
])('draws an image with the prompt %j', async (prompt) => {
	expect((await drawImage({ ...TASK, prompt }, 0)).length).toBeGreaterThan(1000);
});

import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { customModel } from '../../../../nodes/Seedream/providers/customModel';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { askForCount } from '../../../../nodes/Seedream/request/askForCount';

const [model] = evoLink.models;

it.each<[string, number, string]>([
	['A quiet lake', 3, 'A quiet lake\nGenerate 3 different images.'],
	['A quiet lake.', 15, 'A quiet lake.\nGenerate 15 different images.'],
	['  A quiet lake  \n\n', 2, '  A quiet lake\nGenerate 2 different images.'],
	['Un lac tranquille à l’aube', 2, 'Un lac tranquille à l’aube\nGenerate 2 different images.'],
	['🌅', 4, '🌅\nGenerate 4 different images.'],
	['日出时的宁静湖泊', 3, '日出时的宁静湖泊\n请生成3张不同的图片。'],
	[
		'日出时的宁静湖泊，4K, photorealistic',
		5,
		'日出时的宁静湖泊，4K, photorealistic\n请生成5张不同的图片。',
	],
])('%j asks for %i images in its own language', (prompt, imageCount, asking) => {
	expect(askForCount(prompt, model, { imageCount })).toEqual({ prompt: asking });
});

it('asks for nothing where the number was left alone', () => {
	expect(askForCount('A quiet lake ', model, {})).toEqual({ prompt: 'A quiet lake ' });
});

it.each([
	['x', '\nGenerate 3 different images.'],
	['湖', '\n请生成3张不同的图片。'],
	['🌅', '\nGenerate 3 different images.'],
])('counts the characters of %s as a person does', (letter, sentence) => {
	const most = letter.repeat(2000 - sentence.length);
	expect(askForCount(most, model, { imageCount: 3 })).toEqual({ prompt: most + sentence });
	expect(askForCount(most + letter, model, { imageCount: 3 }).problem).toEqual({
		field: 'askForCount',
		message: 'with the sentence it adds, the prompt has 2001 characters, the most is 2000',
	});
});

it('has no length to keep for a model typed by hand', () => {
	const prompt = 'x'.repeat(10_000);
	expect(askForCount(prompt, customModel(evoLink, 'x'), { imageCount: 3 })).toEqual({
		prompt: `${prompt}\nGenerate 3 different images.`,
	});
});

it.each([...apiMart.models, ...apiInOne.models])(
	'$label does not take the number for a bound, and so needs no sentence',
	(other) => {
		expect(askForCount('A quiet lake', other, { imageCount: 3 }).problem).toEqual({
			field: 'askForCount',
			message: `${other.label} does not have this setting`,
		});
	},
);

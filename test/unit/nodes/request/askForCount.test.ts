import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { customModel } from '../../../../nodes/Seedream/providers/customModel';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { seedream45 } from '../../../../nodes/Seedream/providers/evoLinkModels';
import { askForCount } from '../../../../nodes/Seedream/request/askForCount';

it.each<[string, number, string]>([
	['A quiet lake', 3, 'A quiet lake\nGenerate 3 different images.'],
	['A quiet lake.', 15, 'A quiet lake.\nGenerate 15 different images.'],
	['  A quiet lake  \n\n', 2, '  A quiet lake\nGenerate 2 different images.'],
	['Un lac tranquille à l’aube', 2, 'Un lac tranquille à l’aube\nGenerate 2 different images.'],
	['🌅', 4, '🌅\nGenerate 4 different images.'],
	['日出时的宁静湖泊', 3, '日出时的宁静湖泊\n请生成3张不同的图片。'],
	['日出时的宁静湖泊，晨雾，4K, HDR', 5, '日出时的宁静湖泊，晨雾，4K, HDR\n请生成5张不同的图片。'],
	// More of it is English than Chinese.
	['日出时的湖，photorealistic', 5, '日出时的湖，photorealistic\nGenerate 5 different images.'],
	['A bowl of 茶 on a table', 2, 'A bowl of 茶 on a table\nGenerate 2 different images.'],
	['湖の朝、写真のように', 2, '湖の朝、写真のように\nGenerate 2 different images.'],
	['東京タワー', 2, '東京タワー\nGenerate 2 different images.'],
	['富士山ﾌｼﾞ', 2, '富士山ﾌｼﾞ\nGenerate 2 different images.'],
	['호수의 朝', 2, '호수의 朝\nGenerate 2 different images.'],
	['湖 lake', 2, '湖 lake\nGenerate 2 different images.'],
	['山水 AB', 2, '山水 AB\nGenerate 2 different images.'],
	['山水画 ＡＢ', 2, '山水画 ＡＢ\n请生成2张不同的图片。'],
	['臺北的夜市，霓虹燈', 2, '臺北的夜市，霓虹燈\n请生成2张不同的图片。'],
	['Озеро на рассвете 湖', 2, 'Озеро на рассвете 湖\nGenerate 2 different images.'],
])(
	'the prompt %j gets a sentence for %i images in its own language',
	(prompt, imageCount, promptWithCount) => {
		expect(askForCount(prompt, seedream45, { imageCount })).toEqual({ prompt: promptWithCount });
	},
);

it('the prompt gets no sentence if the number of images is not set', () => {
	expect(askForCount('A quiet lake ', seedream45, {})).toEqual({ prompt: 'A quiet lake ' });
});

it.each([
	['x', '\nGenerate 3 different images.'],
	['湖', '\n请生成3张不同的图片。'],
	['🌅', '\nGenerate 3 different images.'],
])('the prompt length with the sentence is counted in code points: %s', (letter, sentence) => {
	const longest = letter.repeat(2000 - sentence.length);
	expect(askForCount(longest, seedream45, { imageCount: 3 })).toEqual({
		prompt: longest + sentence,
	});
	expect(askForCount(longest + letter, seedream45, { imageCount: 3 }).problem).toEqual({
		field: 'askForCount',
		message: 'makes the prompt 2,001 characters long (maximum 2,000). Shorten the prompt',
	});
});

it('the prompt of a custom model can have any length with the sentence', () => {
	const prompt = 'x'.repeat(10_000);
	expect(askForCount(prompt, customModel(evoLink, 'x'), { imageCount: 3 })).toEqual({
		prompt: `${prompt}\nGenerate 3 different images.`,
	});
});

it.each([
	...evoLink.models.filter(({ parameters }) => !parameters.imageCount),
	...apiMart.models,
	...apiInOne.models,
])('$label needs no sentence, because its number of images is not an upper limit', (other) => {
	expect(askForCount('A quiet lake', other, { imageCount: 3 }).problem).toEqual({
		field: 'askForCount',
		message: `isn't available for ${other.label}`,
	});
});

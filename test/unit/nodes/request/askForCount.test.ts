import { askForCount } from '../../../../nodes/Seedream/request/askForCount';

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
])('%j asks for %i images in its own language', (prompt, count, asking) => {
	expect(askForCount(prompt, count)).toBe(asking);
});

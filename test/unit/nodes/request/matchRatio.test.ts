import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { customModel } from '../../../../nodes/Seedream/providers/customModel';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { checkRequest } from '../../../../nodes/Seedream/request/checkRequest';
import { rawRow } from './rawRow';

const read = (aspectRatio: unknown, provider = evoLink) => {
	const checked = checkRequest(provider, rawRow({ parameters: { aspectRatio } }));
	return checked.ok ? checked.value.values.aspectRatio : checked.problems.join();
};

it.each([
	...['16:09', '16:09:00', '16:09:00.000', ' 16 : 09 ', '4:09:00 PM', '04:09 p.m.'].map((cell) => [
		cell,
		'16:9',
	]),
	...[
		'16/9',
		'16-9',
		'16∶9',
		'16：9',
		'16 / 9',
		'16–9',
		'16−9',
		'16⁄9',
		'16x9',
		'16×9',
		'１６／９',
	].map((cell) => [cell, '16:9']),
	...['4:03', '4:03:00', '04:03', '4:03 AM', '4/3', '4:3\u200b'].map((cell) => [cell, '4:3']),
	...['21:09', '9:09:00 PM'].map((cell) => [cell, '21:9']),
	...['1:01', '1/1', '01:01:00'].map((cell) => [cell, '1:1']),
	...['9:16', '09:16:00', '9:16 AM'].map((cell) => [cell, '9:16']),
	['3:04', '3:4'],
	['5-4', '5:4'],
])('the ratio %j is read as %s', (cell, ratio) => {
	expect(read(cell)).toBe(ratio);
});

it.each([
	...['16:10', '16:90', '16:09:30', '00:16:09', '4:03 PM', '25:61', '2026-04-03', '16-Sep', '7/3'],
	...['0.672916667', '1.7777', '13:09 PM', '16::9', '16:9:1', '32:18', '16', '/9', '1920:1080'],
])('the ratio %j is rejected because it is ambiguous', (cell) => {
	expect(read(cell)).toMatch(/^'Aspect Ratio' is ".+" but must be one of /);
});

it('a ratio only matches the options of the model', () => {
	expect(read('9:21', apiInOne)).toMatch(/must be one of/);
	expect(read('21-9', apiInOne)).toBe('21:9');
});

it('the ratio can also be a size in pixels', () => {
	expect(read('2048x2048')).toBe('2048x2048');
	expect(read('15x9')).toMatch(/\(135 pixels\)/);
});

it('an unknown ratio is passed through to a custom model', () => {
	const { id } = customModel(evoLink, 'seedream-9');
	const raw = (aspectRatio: string) =>
		checkRequest(
			evoLink,
			rawRow({ model: 'custom', customModel: id, parameters: { aspectRatio } }),
		);
	expect(raw('16/9')).toMatchObject({ ok: true, value: { values: { aspectRatio: '16:9' } } });
	expect(raw('16:10')).toMatchObject({ ok: true, value: { values: { aspectRatio: '16:10' } } });
});

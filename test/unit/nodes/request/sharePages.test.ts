import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { checkRequest } from '../../../../nodes/Seedream/request/checkRequest';
import type { Reach } from '../../../../nodes/Seedream/request/referenceProblems';
import { rawRow } from './rawRow';

const read = (imageUrls: unknown, reach?: Reach) => {
	const checked = checkRequest(evoLink, rawRow({ imageUrls }), reach);
	return checked.ok
		? checked.value.references.map((one) => (one.kind === 'link' ? one.url : ''))
		: checked.problems.join('. ');
};

const DRIVE = 'https://drive.google.com/uc?export=download&id=1AbC_d-9';

it.each([
	['https://drive.google.com/file/d/1AbC_d-9/view?usp=sharing', DRIVE],
	['https://drive.google.com/file/d/1AbC_d-9/view', DRIVE],
	['https://drive.google.com/file/d/1AbC_d-9/preview', DRIVE],
	['https://drive.google.com/file/d/1AbC_d-9', DRIVE],
	['https://drive.google.com/file/u/0/d/1AbC_d-9/edit', DRIVE],
	['https://drive.google.com/open?id=1AbC_d-9&usp=drive_copy', DRIVE],
	['https://drive.google.com/uc?id=1AbC_d-9', DRIVE],
	['https://drive.google.com/file/d/1AbC_d-9/view?resourcekey=0-x', `${DRIVE}&resourcekey=0-x`],
	['https://www.dropbox.com/s/abc/cat.png?dl=0', 'https://www.dropbox.com/s/abc/cat.png?dl=1'],
	['https://www.dropbox.com/s/abc/cat.png', 'https://www.dropbox.com/s/abc/cat.png?dl=1'],
	[
		'https://www.dropbox.com/scl/fi/abc/cat.png?rlkey=k1&st=s2&dl=0',
		'https://www.dropbox.com/scl/fi/abc/cat.png?rlkey=k1&st=s2&dl=1',
	],
	[
		'https://www.dropbox.com/scl/fi/abc/cat.png?dl=0&rlkey=k1',
		'https://www.dropbox.com/scl/fi/abc/cat.png?rlkey=k1&dl=1',
	],
	['https://github.com/o/r/blob/main/a/cat.png', 'https://github.com/o/r/raw/main/a/cat.png'],
	['https://gitlab.com/o/r/-/blob/main/cat.png', 'https://gitlab.com/o/r/-/raw/main/cat.png'],
	[
		'https://commons.wikimedia.org/wiki/File:Cat.jpg',
		'https://commons.wikimedia.org/wiki/Special:FilePath/Cat.jpg',
	],
])('the share page %s is replaced with the link to its image', (page, link) => {
	expect(read(page)).toEqual([link]);
});

it.each([
	'https://drive.google.com/drive/folders/1AbC_d-9',
	'https://docs.google.com/document/d/1AbC_d-9/edit',
	'https://photos.app.goo.gl/abc',
	'https://photos.google.com/share/abc',
	'https://www.dropbox.com/sh/abc/def?dl=0',
	'https://www.dropbox.com/scl/fo/abc/def?rlkey=k&dl=0',
	'https://www.dropbox.com/home/cat.png',
	'https://1drv.ms/i/s!abc',
	'https://onedrive.live.com/?id=abc',
	'https://firma-my.sharepoint.com/:i:/g/personal/a/abc?e=def',
	'https://we.tl/t-abc',
	'https://wetransfer.com/downloads/abc',
	'https://firma.wetransfer.com/downloads/abc',
	'https://www.icloud.com/iclouddrive/abc#cat.png',
	'https://share.icloud.com/photos/abc',
	'https://imgur.com/abc',
	'https://imgur.com/a/abc',
	'https://imgur.com/gallery/abc',
	'https://ibb.co/abc',
	'https://postimg.cc/abc',
	'https://app.box.com/s/abc',
	'https://mega.nz/file/abc#key',
	'https://www.pinterest.de/pin/123/',
	'https://www.instagram.com/p/abc/',
	'https://unsplash.com/photos/a-lake-abc',
	'https://www.figma.com/design/abc/Name',
	'https://www.notion.so/Page-abc',
])('the share page %s is rejected because it is no image', (page) => {
	expect(read(page)).toMatch(
		/^'Reference Image URLs' contains ".+", which is an? .+ page, not an image\. Use the direct link to the image, or download the file in n8n and use 'Reference Image Fields'$/,
	);
});

it.each([
	'https://drive.google.com/uc?export=download&id=1AbC_d-9',
	'https://drive.google.com/uc?export=view&id=1AbC_d-9',
	'https://drive.google.com/thumbnail?id=1AbC_d-9&sz=w1000',
	'https://lh3.googleusercontent.com/d/1AbC_d-9',
	'https://www.dropbox.com/s/abc/cat.png?dl=1',
	'https://www.dropbox.com/s/abc/cat.png?raw=1',
	'https://dl.dropboxusercontent.com/s/abc/cat.png',
	'https://firma.sharepoint.com/:i:/g/abc?e=def&download=1',
	'https://i.imgur.com/abc.png',
	'https://i.ibb.co/abc/cat.png',
	'https://i.postimg.cc/abc/cat.png',
	'https://images.unsplash.com/photo-1?w=100',
	'https://raw.githubusercontent.com/o/r/main/cat.png',
	'https://github.com/o/r/raw/main/cat.png',
	'https://github.com/o/r/blob/main/cat.png?raw=true',
	'https://upload.wikimedia.org/wikipedia/commons/a/cat.jpg',
	'https://drive.google.com.example.com/file/d/1AbC_d-9/view',
	'https://example.com/?u=https%3A%2F%2Fimgur.com%2Fabc',
])('the link %s stays as it is', (link) => {
	expect(read(link)).toEqual([link]);
});

const INTERNAL = [
	'http://localhost/cat.png',
	'http://LOCALHOST:5678/cat.png',
	'https://127.0.0.1/cat.png',
	'https://127.1/cat.png',
	'https://192.168.1.7/cat.png',
	'https://10.0.0.7:8443/cat.png',
	'https://172.20.0.2/cat.png',
	'https://169.254.169.254/latest',
	'https://[::1]/cat.png',
	'https://[fe80::1]/cat.png',
	'https://[::ffff:192.168.0.1]/cat.png',
	'https://nas.local/cat.png',
	'https://minio:9000/cat.png',
	'https://files.internal/cat.png',
	'https://localhost\u200b/cat.png',
];

it.each(INTERNAL)(
	'the internal link %s is rejected unless the provider is in a private network too',
	(link) => {
		expect(read(link)).toMatch(
			/^'Reference Image URLs' contains ".+", which is in a private network that the provider can't reach/,
		);
		expect(read(link, 'network')).toHaveLength(1);
	},
);

it.each([
	'file:///home/me/cat.png',
	'ftp://a.example/cat.png',
	'blob:https://a.example/1',
	'/files/cat.png',
	'cat.png',
	'C:\\cat.png',
	'\\\\nas\\cat.png',
	'www.example.com/cat.png',
])('%s is rejected because it is not a web link, wherever the provider is', (text) => {
	for (const reach of ['internet', 'network'] as const) {
		expect(read(text, reach)).toMatch(/isn't a link that starts with http:\/\/ or https:\/\/$/);
	}
});

it.each([
	'https://cdn.example/{{ $json.file }}.png',
	'https://cdn.example/[object Object]',
	'{{ $json.foto }}',
	'https://cdn.example/undefined',
])('the link %s is rejected because of an unresolved template or a missing value', (link) => {
	expect(read(link)).toMatch(/, which contains /);
});

it('several share pages of one image count as a duplicate', () => {
	const file = 'https://drive.google.com/file/d/1AbC_d-9';
	expect(read([`${file}/view`, `${file}/edit`])).toMatch(/contains ".+" twice/);
});

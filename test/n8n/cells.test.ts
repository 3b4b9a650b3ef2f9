import { atEach, WITH_KEYS, Scene, engine } from './scene';
import { sandboxCredentials } from './systems';
atEach(
	'probe',
	async (at: Scene) => {
		const out: unknown[] = [];
		for (const e of [
			'=x{{ $json.nope }}y',
			'={{ $json.nope }}\n',
			'={{ [$json.nope, $json.a] }}',
			"={{ $('Rows').item.binary.data }}",
			'={{ $json.nope.deeper }}',
			"={{ $json.nope ?? '' }}",
			'={{ $binary.image }}',
			'={{ $json.o }} z',
			'={{ {a:1, b:$json.nope} }}',
			'={{ $json.n }}',
			'={{ null }} b',
			"={{ $('Nope').item.json.x }}",
			'={{ $json.nope }} {{ $json.a }}',
			'=  {{ $json.nope }}',
			'={{ $json.n + $json.nope }}',
			'={{ $json.nope.trim() }}',
			'={{ $json.nope + "" }}',
			'=plain',
		]) {
			const r = await (
				await engine()
			).run({
				node: 'seedreamGenerate',
				parameters: {
					...at.system.parameters,
					prompt: 'A lake',
					downloadImages: false,
					imageUrls: e,
					options: { fileName: e, timeout: e },
				},
				rows: [{ a: 'A', o: { q: 1 }, n: null }],
				credentials: sandboxCredentials(at.sandbox),
			});
			out.push([e, r.error?.message, at.requests('create').at(-1)?.body]);
		}
		console.log(JSON.stringify(out, null, 1));
	},
	{},
	WITH_KEYS.slice(0, 1),
);

/** How many random cases to run: `npm run test:unit` takes a quarter, `npm test` all of them. */
export function randomCases(all: number): number {
	return process.env.QUICK ? all / 4 : all;
}

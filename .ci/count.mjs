// Adds up jest's results. Missing results, for example after a failed build, count as one failure.
import { existsSync, readFileSync } from 'node:fs';

let passed = 0;
let failed = 0;
for (const file of process.argv.slice(2)) {
	if (!existsSync(file)) {
		failed += 1;
		continue;
	}
	const { numPassedTests, numFailedTests, numFailedTestSuites, success } = JSON.parse(
		readFileSync(file, 'utf8'),
	);
	passed += numPassedTests;
	failed += success ? 0 : Math.max(1, numFailedTests, numFailedTestSuites);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

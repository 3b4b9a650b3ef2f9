import { reportModels } from './modelReport';

/** Asks each provider what it sells, and prints what the package's tables don't have. */
async function main(): Promise<void> {
	const { text, exitCode } = await reportModels(process.env);
	console.log(text);
	process.exitCode = exitCode;
}

void main();

import type { IExecuteFunctions } from 'n8n-workflow';

/** An n8n 1, which keeps a list for removing duplicates; n8n 2's engine does the rest. */
export class N8n1 {
	private readonly processed = new Set<string>();

	contextOf(context: IExecuteFunctions): IExecuteFunctions {
		const checkProcessedAndRecord = async (keys: string[]) => {
			const isKnown = (key: string) => this.processed.has(key);
			const result = { new: keys.filter((key) => !isKnown(key)), processed: keys.filter(isKnown) };
			for (const key of keys) this.processed.add(key);
			return result;
		};
		const own = { onExecutionFinish: undefined, helpers: { checkProcessedAndRecord } };
		Object.setPrototypeOf(own.helpers, context.helpers);
		return Object.setPrototypeOf(own, context) as IExecuteFunctions;
	}
}

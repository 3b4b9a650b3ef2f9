import type { DeduplicationItemTypes, IDataDeduplicator, IDeduplicationOutput } from 'n8n-workflow';

/** What nodes have processed, in place of n8n's database. All of them share it. */
export class ProcessedItems implements IDataDeduplicator {
	private readonly items = new Set<DeduplicationItemTypes>();

	async checkProcessedAndRecord(items: DeduplicationItemTypes[]): Promise<IDeduplicationOutput> {
		const processed = items.filter((item) => this.items.has(item));
		for (const item of items) this.items.add(item);
		return { new: items.filter((item) => !processed.includes(item)), processed };
	}

	async removeProcessed(items: DeduplicationItemTypes[]): Promise<void> {
		for (const item of items) this.items.delete(item);
	}

	async clearAllProcessedItems(): Promise<void> {
		this.items.clear();
	}

	async getProcessedDataCount(): Promise<number> {
		return this.items.size;
	}
}

/** The status that users see, whatever the provider calls it. */
export type TaskStatus = 'submitted' | 'processing' | 'completed' | 'failed' | 'cancelled';

/** A task in the provider's list of the account's tasks. */
export interface ListedTask {
	taskId: string;
	model?: string;
	status: TaskStatus;
	createdAt: Date;
}

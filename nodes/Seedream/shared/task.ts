/** The word for a task's state that users see, whatever the provider calls it. */
export type TaskStatus = 'submitted' | 'processing' | 'completed' | 'failed' | 'cancelled';

/** A task in the account's list. */
export interface ListedTask {
	taskId: string;
	model?: string;
	status: TaskStatus;
	/** When it was made. */
	createdAt: Date;
}

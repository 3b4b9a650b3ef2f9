import type { RequestPurpose } from '../../../../nodes/Seedream/errors/failure';
import type { RequestError } from '../../../../nodes/Seedream/errors/providerError';
import { httpFailure } from '../../../../nodes/Seedream/errors/requestFailures';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';

export const NOT_CHARGED = "You weren't charged.";
export const CHARGED = 'The image was generated and you were charged.';
export const CHARGED_ANYWAY =
	"You were charged anyway. Ask the provider's support for a refund and include the task ID.";
export const UNKNOWN = "The node can't tell whether you were charged.";
export const FETCH_LATER =
	'The task may still be running. Fetch it with the Seedream Task Status node and the task ID task-1.';

export const CREATE: RequestPurpose = { kind: 'create', isRepeatable: false };
export const REPEATABLE: RequestPurpose = { kind: 'create', isRepeatable: true };
export const TASK: RequestPurpose = { kind: 'task', taskId: 'task-1' };
export const FREE: RequestPurpose = { kind: 'free' };

/** The failure of a request that got an error response. */
export function httpError(
	status: number,
	purpose = CREATE,
	provider = apiMart,
	changes: Partial<RequestError> = {},
) {
	const error = { status, code: 'some_code', message: 'So it is.', type: 'some_type', ...changes };
	return httpFailure(provider, error, undefined, purpose);
}

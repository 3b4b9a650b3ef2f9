import { meaningOf } from './errorCodes';
import type { Failure } from './failure';
import type { FailureCause } from './failureCause';

/** With these, another request to the same provider fails as well. */
const AFFECTS_ALL_ROWS: ReadonlySet<FailureCause> = new Set([
	'credential-invalid',
	'quota-exhausted',
]);

const CAUSES_OF_THE_PROVIDER: ReadonlySet<FailureCause> = new Set([
	...AFFECTS_ALL_ROWS,
	'rate-limited',
	'temporarily-unavailable',
	// A key that may not use the model, or a model that the provider no longer has.
	'configuration-invalid',
]);

/** Codes of failed tasks that come from the row itself (docs.evolink.ai): another provider fails too. */
const FAULTS_OF_THE_ROW: ReadonlySet<string> = new Set([
	'invalid_parameters',
	'image_processing_error',
	'image_dimension_mismatch',
	'resource_not_found',
	'request_cancelled',
]);

/** Codes of uploads (docs.evolink.ai, and our own) that another provider may not return. */
const UPLOAD_FAULTS_OF_THE_PROVIDER: ReadonlySet<string> = new Set(['40003', 'upload_not_unique']);

/**
 * Whether another provider may generate the row instead: it certainly cost nothing here, and the
 * reason is the provider's. A blocked prompt would be blocked elsewhere too, unless the user says so.
 */
export function mayFallBack(failure: Failure, afterContentPolicy: boolean): boolean {
	const { charged, chargeIsAssumed, status, cause, hasEnded, isTransient, isUnavailable, code } =
		failure;
	if (charged !== 'no' || chargeIsAssumed || status === 'cancelled') return false;
	const meaning = failure.meaning ?? meaningOf(failure);
	if (meaning === 'contentPolicy') return afterContentPolicy;
	if (meaning === 'badReference') return false;
	if (hasEnded) return !FAULTS_OF_THE_ROW.has(code);
	return (
		isTransient === true ||
		isUnavailable === true ||
		UPLOAD_FAULTS_OF_THE_PROVIDER.has(code) ||
		(cause !== undefined && CAUSES_OF_THE_PROVIDER.has(cause))
	);
}

/** Whether the provider would reject every other row of the execution for the same reason. */
export function affectsAllRows({ cause, charged }: Failure): boolean {
	return charged === 'no' && cause !== undefined && AFFECTS_ALL_ROWS.has(cause);
}

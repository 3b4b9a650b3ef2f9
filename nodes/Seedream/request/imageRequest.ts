import type { Reference } from '../images/reference';
import type { Model, ParameterValues, SendBinaryAs } from '../providers/provider';
import type { JsonObject } from '../shared/json';

/** A checked row, with everything that the request for its images needs. */
export interface ImageRequest {
	model: Model;
	/** The ID to send: the model's own, or one of its aliases. */
	modelId: string;
	/** As the user wrote it. */
	prompt: string;
	/** The prompt to send, which may also ask for the number of images. */
	promptSent: string;
	references: readonly Reference[];
	sendBinaryAs: SendBinaryAs;
	/** Only what the user set: the provider applies its own defaults. */
	values: ParameterValues;
	/** Merged into the request body last. */
	extraBody: JsonObject;
	/** As JSON: added to the address that the provider calls back. */
	callbackData?: string;
}

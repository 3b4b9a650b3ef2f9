import type { Reference } from '../images/reference';
import type { Model, ParameterValues, SendBinaryAs } from '../providers/provider';
import type { JsonObject } from '../shared/json';

/** Everything a create needs, checked. */
export interface ImageRequest {
	model: Model;
	/** The id as it is sent: the model's own, or one of its aliases. */
	modelId: string;
	/** As the user wrote it. */
	prompt: string;
	/** As it is sent: it may ask for the number of images. */
	promptSent: string;
	references: readonly Reference[];
	sendBinaryAs: SendBinaryAs;
	/** Only what the user set; the provider's own defaults are left to the provider. */
	values: ParameterValues;
	/** Merged into the body last. */
	extraBody: JsonObject;
}

/** A provider, as errors speak of it. */
export interface ProviderInfo {
	id: string;
	label: string;
}

/** The provider's own words for a failure. */
export interface ProviderError {
	code: string;
	message: string;
	type: string;
	/** What the provider's support asks for. */
	requestId?: string;
	/** What the provider itself suggests to do. */
	advice?: string;
}

/** A request that the provider did not carry out. */
export interface RequestError extends ProviderError {
	/**
	 * The HTTP status it amounts to, which is not always the one it came with. Below 400 where it came
	 * with a good one and its code means nothing to us.
	 */
	status: number;
	/** It is no JSON, as from an API: whatever stands in between may have written it. */
	isBare?: true;
}

/** A request that got no response. */
export interface NetworkError {
	/** e.g. ECONNREFUSED, ETIMEDOUT. */
	code: string;
	/** Whether the provider may have received the request. */
	mayHaveArrived: boolean;
}

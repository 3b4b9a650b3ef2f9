/** A provider, as error messages name it. */
export interface ProviderInfo {
	id: string;
	label: string;
}

/** An error in the provider's own words. */
export interface ProviderError {
	code: string;
	message: string;
	type: string;
	/** What the provider's support asks for. */
	requestId?: string;
	/** The provider's own hint. */
	suggestion?: string;
}

/** A request that the provider didn't process. */
export interface RequestError extends ProviderError {
	/**
	 * The HTTP status it amounts to, which isn't always the one it came with. Below 400 where it came
	 * with a success status and an unknown code.
	 */
	status: number;
	/** Not JSON, as an API would send: a proxy in between may have written it. */
	isBare?: true;
}

/** A request that got no response. */
export interface NetworkError {
	/** e.g. ECONNREFUSED, ETIMEDOUT. */
	code: string;
	/** Whether the provider may have received the request. */
	mayHaveArrived: boolean;
}

/** What a task cost. `estimated` if it comes from the price list instead of the provider's response. */
export interface Cost {
	credits?: number;
	usd?: number;
	estimated?: boolean;
}

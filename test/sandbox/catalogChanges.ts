/** What a provider's catalog says differently. Creates are still checked and charged as before. */
export interface CatalogChanges {
	/** IDs of models that it also lists. */
	add?: readonly string[];
	/** IDs of models that it no longer lists. */
	remove?: readonly string[];
	/** EvoLink: other credits, by model and component (`image`, for example). A component that's new is added. */
	rates?: Record<string, Record<string, number>>;
	/** APIMart: other JSON schema keywords, by model and field. */
	limits?: Record<string, Record<string, object>>;
}

/** `ids` without those that are gone, and with those that are new. */
export function changedIds(
	ids: readonly string[],
	{ add = [], remove = [] }: CatalogChanges,
): string[] {
	return [...ids, ...add].filter((id) => !remove.includes(id));
}

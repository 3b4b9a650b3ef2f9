import type { INodeCredentialDescription } from 'n8n-workflow';

import { providers } from '../providers';

/**
 * The credential of each provider. It's hidden for the other providers instead of shown for its own,
 * because n8n's editor takes a field that shows a credential for the choice of an authentication
 * method, and leaves it out of the panel. None is required: if the provider comes from the row, the
 * editor would require all of them. The node checks for a missing credential before it sends anything.
 */
export const providerCredentials: INodeCredentialDescription[] = providers.map(
	({ id, label, credential }) => ({
		name: credential,
		displayName: `Credential for ${label}`,
		required: false,
		displayOptions: {
			hide: { provider: providers.map((other) => other.id).filter((otherId) => otherId !== id) },
		},
	}),
);

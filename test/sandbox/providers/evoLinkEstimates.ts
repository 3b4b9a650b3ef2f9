import { roundCredits } from '../prices';
import type { SandboxResponse } from '../responses';
import { parseEvoLinkCreate } from './evoLinkCreate';
import { errorResponse } from './evoLinkErrors';
import { CREDITS_PER_DOLLAR } from './evoLinkModels';
import type { EstimateApi } from './provider';

/** In the provider's own client, October 2026. The shape of the response isn't documented. */
export const EVOLINK_ESTIMATES: EstimateApi = {
	path: '/v1/agent-estimates',
	response: (body, isAllowed): SandboxResponse => {
		if (!isAllowed) return errorResponse(403, 'Token does not have access to estimates');
		const parsed = parseEvoLinkCreate(body, []);
		if ('error' in parsed) return parsed.error;
		const { creditsReserved: credits } = parsed.value;
		const usd = roundCredits(credits / CREDITS_PER_DOLLAR);
		return { status: 200, body: { data: { credits, usd } } };
	},
};

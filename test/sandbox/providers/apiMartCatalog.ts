import { changedIds, type CatalogChanges } from '../catalogChanges';
import type { SandboxResponse } from '../responses';
import { errorResponse } from './apiMartErrors';
import { APIMART_MODELS } from './apiMartModels';
import { apiMartFields, apiMartSchema } from './apiMartSchema';
import type { CatalogRoute } from './provider';

const OPERATION = 'image_generation';

/** What the provider also sells. A client has to leave these out. */
const OTHER_MODELS = ['gpt-image-2', 'doubao-seedance-2-0', 'veo3.1-fast', 'gemini-3-pro'];

/** https://docs.apimart.ai, read in October 2026. */
export const APIMART_CATALOG: readonly CatalogRoute[] = [
	{
		path: '/v1/models',
		needsKey: true,
		response: ({ changes }) => {
			const data = changedIds([...listedNames(), ...OTHER_MODELS], changes);
			return { status: 200, body: { object: 'list', data: data.map((id) => ({ id })) } };
		},
	},
	{
		path: '/v1/model-schema',
		needsKey: true,
		response: ({ query, changes }) => modelSchema(query['model'], query['operation'], changes),
	},
];

function listedNames(): string[] {
	return APIMART_MODELS.flatMap(({ names, isExample }) => (isExample === true ? [] : names));
}

function modelSchema(
	name: string | undefined,
	operation: string | undefined,
	{ limits = {}, remove = [] }: CatalogChanges,
): SandboxResponse {
	const model = APIMART_MODELS.find(({ names }) => name !== undefined && names.includes(name));
	if (model === undefined || name === undefined || remove.includes(name)) {
		return errorResponse(404, `model ${name} not found`);
	}
	if (operation !== OPERATION) return errorResponse(404, `operation ${operation} not found`);
	const fields = apiMartFields(model);
	const changed = Object.entries(limits[name] ?? {}).map(([field, keywords]) => [
		field,
		{ ...fields[field], ...keywords },
	]);
	const properties = { ...fields, ...Object.fromEntries(changed) };
	const schema = { ...apiMartSchema(model), properties };
	return { status: 200, body: { model: name, operation, input_schema: schema } };
}

import { n8nCommunityNodesPlugin } from '@n8n/eslint-plugin-community-nodes';
import n8nNodesPlugin from 'eslint-plugin-n8n-nodes-base';
import tseslint from 'typescript-eslint';

/**
 * The folders of nodes/Seedream in their order. A folder imports only from those further down, and
 * only the first three know n8n, so that everything else runs in a plain unit test.
 */
const LAYERS = [
	'fields',
	'actions',
	'n8n',
	'request',
	'tasks',
	'images',
	'output',
	'providers',
	'errors',
	'shared',
];
const LAYERS_WITH_N8N = 3;

const layerRules = LAYERS.map((folder, index) => {
	// `fields` describes what `actions` reads; neither needs the other's code.
	const above = folder === 'fields' ? LAYERS.slice(1, LAYERS_WITH_N8N) : LAYERS.slice(0, index);
	const below = LAYERS.filter((other) => other !== folder && !above.includes(other));
	const allowed = below.length > 0 ? `only from: ${below.join(', ')}` : 'from no other folder';
	return {
		files: [`nodes/Seedream/${folder}/**/*.ts`],
		rules: {
			'no-restricted-imports': [
				'error',
				{
					paths: index < LAYERS_WITH_N8N ? [] : ['n8n-workflow', 'n8n-core'],
					patterns: [
						{
							group: above.flatMap((other) => [`../${other}`, `../${other}/*`]),
							message: `${folder}/ imports ${allowed}.`,
						},
					].filter(({ group }) => group.length > 0),
				},
			],
		},
	};
});

const DEPRECATED_HELPERS =
	'/^(request|requestWithAuthentication|requestOAuth[12]|copyBinaryFile|prepareOutputData)$/';

/** What n8n removes. Its own rule for the helpers only knows `this.helpers`. */
const REMOVED_BY_N8N = [
	...['Literal[value=/[$]getPairedItem/]', 'TemplateElement[value.raw=/[$]getPairedItem/]'].map(
		(selector) => ({ selector, message: 'n8n 3 has no $getPairedItem.' }),
	),
	...['object.name', 'object.property.name'].map((object) => ({
		selector: `MemberExpression[${object}="helpers"][property.name=${DEPRECATED_HELPERS}]`,
		message: 'n8n deprecates this helper.',
	})),
];

export default tseslint.config(
	{ ignores: ['dist/**', 'output/**', 'coverage/**'] },
	{
		files: ['**/*.ts'],
		extends: [tseslint.configs.recommended],
		rules: {
			'@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
			'@typescript-eslint/no-unused-vars': [
				'error',
				{ argsIgnorePattern: '^_', ignoreRestSiblings: true },
			],
		},
	},
	{
		files: ['nodes/**/*.ts', 'credentials/**/*.ts', 'package.json'],
		extends: [n8nCommunityNodesPlugin.configs.recommended],
		rules: { 'no-console': 'error', 'no-restricted-syntax': ['error', ...REMOVED_BY_N8N] },
	},
	...layerRules,
	{ plugins: { 'n8n-nodes-base': n8nNodesPlugin } },
	{
		files: ['package.json'],
		languageOptions: { parser: tseslint.parser },
		rules: n8nNodesPlugin.configs.community.rules,
	},
	{
		files: ['credentials/**/*.ts'],
		rules: {
			...n8nNodesPlugin.configs.credentials.rules,
			// These two do not fit community packages; n8n's own configuration turns them off as well.
			'n8n-nodes-base/cred-class-field-documentation-url-miscased': 'off',
			'n8n-nodes-base/cred-class-field-type-options-password-missing': 'off',
		},
	},
	{
		files: ['nodes/**/*.ts'],
		rules: {
			...n8nNodesPlugin.configs.nodes.rules,
			// As in n8n's own configuration: inputs and outputs may be an enum, and a provider's limit is
			// a good reason for a maximum.
			'n8n-nodes-base/node-class-description-inputs-wrong-regular-node': 'off',
			'n8n-nodes-base/node-class-description-outputs-wrong': 'off',
			'n8n-nodes-base/node-param-type-options-max-value-present': 'off',
		},
	},
);

import { stripInvisibleEnds } from '../../../nodes/Seedream/request/cells';
import { callbackUrlError } from '../../sandbox/callbackUrls';
import { checkCreate } from '../../sandbox/providers/provider';
import {
	intended,
	isUnset,
	linksIn,
	normalized,
	rawBody,
	SETTINGS,
	type Row,
	type Setting,
	type System,
} from './rows';

/** Where the package deliberately decides otherwise than the provider. */
export interface Difference {
	name: string;
	reason: string;
	/** Whether the package accepts what the sandbox rejects in its raw form, or the other way round. */
	isAccepted: boolean;
	applies: (row: Row) => boolean;
	/** How the package's message starts. */
	problem?: string | RegExp;
}

/** A valid link (RFC 3986) or a data URI. */
const CLEAN_LINK = /^(https?:\/\/[^\s/][\w\-.~:/?#[\]@!$&'()*+,;=%]*|data:\S+)$/i;

const LABELS: Record<Exclude<Setting, 'resolution' | 'callback'>, string> = {
	size: 'Aspect Ratio',
	count: 'Number of Images',
	promptOptimization: 'Prompt Optimization',
	imageSet: 'Sequential Image Generation',
	maxImages: 'Max Images',
	watermark: 'Watermark',
	outputFormat: 'Output Format',
	background: 'Background',
	webSearch: 'Web Search',
};

const needsPrompt = ({ promptLimits: [min = 0] }: System) => min > 0;

/** At every provider. */
export const COMMON_DIFFERENCES: readonly Difference[] = [
	{
		name: 'spelling',
		reason: 'a spreadsheet writes "16：9", " 3 ", "4k", TRUE, or several links in one cell',
		isAccepted: true,
		applies: ({ input, system }) =>
			checkCreate(system.sandbox, rawBody(normalized(input, system), system)) === undefined,
	},
	{
		name: 'blank prompt',
		reason: 'a useless image would be charged',
		isAccepted: false,
		applies: ({ input, system }) => needsPrompt(system) && String(input.prompt).trim() === '',
		problem: "'Prompt' is empty",
	},
	{
		name: 'invisible prompt',
		reason: 'a useless image would be charged',
		isAccepted: false,
		applies: ({ input, system }) =>
			needsPrompt(system) && stripInvisibleEnds(String(input.prompt)).trim() === '',
		problem: "'Prompt' contains only invisible characters",
	},
	{
		name: 'prompt that is a missing value',
		reason: 'an image of the word would be charged',
		isAccepted: false,
		applies: ({ input }) => /^(null|NaN|\[object Object\])$/.test(String(input.prompt)),
		problem: "'Prompt' ",
	},
	{
		name: 'reference in a private network',
		reason: 'no provider on the internet can open it',
		isAccepted: false,
		applies: ({ input }) => linksIn(input.references ?? '').includes('https://[::1]/cat.png'),
		problem: `'Reference Image URLs' contains "https://[::1]/cat.png", which is in a private network`,
	},
	{
		name: 'setting that the model does not have',
		reason: 'it would be lost, and the image charged anyway',
		isAccepted: false,
		applies: ({ input, system }) =>
			SETTINGS.some((setting) => system.names[setting] === undefined && !isUnset(input[setting])),
		problem: new RegExp(`^'(${Object.values(LABELS).join('|')})' isn't available for `),
	},
	{
		name: 'link that a URL parser has to correct',
		reason: 'white space and missing slashes are typos that only show after the row is charged',
		isAccepted: false,
		applies: ({ input }) => linksIn(input.references ?? '').some((text) => !CLEAN_LINK.test(text)),
		problem: "'Reference Image URLs' ",
	},
	{
		name: 'duplicate reference',
		reason: 'the copy probably replaces another image',
		isAccepted: false,
		applies: (row) => new Set(intended(row).references).size < intended(row).references.length,
		problem: "'Reference Image URLs' ",
	},
];

export const UNREACHABLE_CALLBACK: Difference = {
	name: 'callback URL that the provider cannot reach',
	reason: 'only EvoLink documents that it rejects internal addresses and plain HTTP',
	isAccepted: false,
	applies: ({ input }) => callbackUrlError(String(input.callback).trim()) !== undefined,
	problem: "'Callback URL' ",
};

/** The intended differences that explain a disagreement; empty if one of its problems isn't explained. */
export function differencesBehind(
	row: Row,
	problems: readonly string[],
	differences: readonly Difference[],
): readonly Difference[] {
	const accepted = problems.length === 0;
	const applying = differences.filter(
		({ isAccepted, applies }) => isAccepted === accepted && applies(row),
	);
	const isExplained = problems.every((text) =>
		applying.some(({ problem }) =>
			typeof problem === 'string' ? text.startsWith(problem) : problem?.test(text),
		),
	);
	return isExplained ? applying : [];
}

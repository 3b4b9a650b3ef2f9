import type { Charged } from '../errors/failure';
import type { ProviderError, RequestError } from '../errors/providerError';
import type { Cost } from '../shared/cost';
import type { JsonObject } from '../shared/json';
import type { ListedTask } from '../shared/task';
import type { Balance } from './accountBalance';
import type { ModelSchema } from './modelSchema';
import type { PricingRules } from './pricingRules';
import type { ImageFormatName, ReferenceFileLimits } from './referenceLimits';

/** A parameter of a model, under the name that saved workflows use. */
export type ParameterName =
	| 'aspectRatio'
	| 'resolution'
	| 'imageCount'
	| 'promptOptimization'
	| 'sequentialImageGeneration'
	| 'maxImages'
	| 'watermark'
	| 'outputFormat'
	| 'background'
	| 'webSearch'
	| 'callbackUrl';

/** Limits of a size in pixels. Ratios are width divided by height. */
export interface PixelSizeLimits {
	minPixels: number;
	maxPixels: number;
	minRatio: number;
	maxRatio: number;
}

/**
 * A parameter of a model, and the only place that states its limits: the fields in the panel, the
 * checks and the request body are all derived from it.
 */
export type Parameter = {
	/** The provider's name for it; a dot means a nested object. */
	sentAs: string;
	/** The label of the field, where the provider's own term is clearer. */
	label?: string;
	/** What's special about it at this provider; part of the field's description. */
	note?: string;
} & (
	| {
			kind: 'choice';
			options: readonly string[];
			/** The provider's default, which isn't sent; undefined where it documents none. */
			default?: string;
			/** What options with names of the provider's own are called elsewhere. */
			equivalents?: Readonly<Record<string, string>>;
			/** Set where a size in pixels is accepted as well. */
			pixelSize?: PixelSizeLimits;
	  }
	| {
			kind: 'integer';
			min: number;
			max: number;
			/** The provider's default, which isn't sent; undefined where it documents none. */
			default?: number;
			/** The parameter only caps the number: the prompt has to ask for it as well. */
			isUpperBound?: boolean;
	  }
	| {
			kind: 'boolean';
			default: boolean;
			/** What to send for `true`, where that isn't `true` itself; then `false` isn't sent. */
			sentWhenTrue?: unknown;
	  }
	| {
			kind: 'callback';
			maxLength: number;
			/** What the provider appends to the address. */
			suffix?: string;
	  }
);

/** What a model can have limits for; `references` is their number. */
export type LimitName = ParameterName | 'prompt' | 'references' | 'referenceFiles';

export interface Model {
	/** The provider's ID, and the value that workflows save. */
	id: string;
	/** Other IDs that the provider accepts for the same model. */
	aliases: readonly string[];
	label: string;
	/** Seedream's version and tier, e.g. "5.0 flash": the same at every provider. */
	version: string;
	/** What the model is for; part of its description in the panel. */
	note?: string;
	/** In characters (code points). The prompt is optional if `min` is 0. */
	prompt: { min: number; max: number };
	references: {
		min: number;
		max: number;
		/** Whether a reference may be a `data:` URI instead of a link. */
		dataUri: boolean;
		file: ReferenceFileLimits;
		/** Where the provider's documents disagree; part of the field's description. */
		note?: string;
	};
	parameters: Partial<Record<ParameterName, Parameter>>;
	/** Checks that involve several parameters. */
	rules: readonly Rule[];
	/** The limits that are only those of similar models: they guide the user, but reject nothing. */
	guesses?: ReadonlySet<LimitName>;
	/** Set for a model that splits an image: the maximum number of images that it returns. */
	layers?: { max: number };
	/** How long a task takes at least, where that's long. */
	minSeconds?: number;
	/** The list price; undefined where the provider publishes none. */
	price?: Price;
}

/** A list price, in the unit of the provider's price list. */
export interface Price {
	/** Per image, from the cheapest tier to the most expensive one. */
	perImage: readonly [PriceTier, ...PriceTier[]];
	/** Per task, whatever it returns. */
	perTask?: number;
	perReference?: number;
	perWebSearch?: number;
}

export interface PriceTier {
	amount: number;
	/** What another page of the provider says, where that's more. */
	maximum?: number;
	/** The resolutions that it's for; undefined for all. */
	resolutions?: readonly string[];
	/** Also for larger images than this, whatever their resolution. */
	abovePixels?: number;
}

export type ParameterValues = Partial<Record<ParameterName, string | number | boolean>>;

/** What's known about a reference image before it's sent: nothing about a link. */
export interface ReferenceFacts {
	format?: ImageFormatName;
}

export interface Draft {
	references: readonly ReferenceFacts[];
	values: ParameterValues;
}

export type FieldName =
	| ParameterName
	| 'model'
	| 'customModel'
	| 'prompt'
	| 'imageUrls'
	| 'imageFields'
	| 'sendBinaryAs'
	| 'askForCount'
	| 'callbackData'
	| 'extraBody';

export interface Problem {
	field: FieldName;
	/** Follows the field's label, e.g. "is empty". */
	message: string;
}

export type Rule = (draft: Draft) => Problem | undefined;

export interface CreatedTask {
	taskId: string;
	/** Where the response says so: a replayed one is about an earlier task. */
	createdAt?: Date;
	/** How long the provider expects the task to take. */
	estimatedSeconds?: number;
	/** Set where the response to the create request already has the images. */
	finished?: CompletedTask;
}

/** A task, in the same terms for every provider. */
export type TaskState = RunningTask | EndedTask;

export interface RunningTask {
	status: 'submitted' | 'processing';
	createdAt?: Date;
	progress?: number;
	model?: string;
}

export interface CompletedTask {
	status: 'completed';
	createdAt?: Date;
	imageUrls: readonly string[];
	/** One for each image, where they're layers of one picture; the base comes first. */
	layers?: readonly Layer[];
	/** When the links expire: exact where the provider says so, otherwise never too late. */
	expiresAt?: Date;
	cost?: Cost;
	/** How long the task took, where the provider says so. */
	seconds?: number;
	model?: string;
	/** Why there are fewer images than requested: the task failed later, or some were blocked. */
	missing?: ProviderError;
}

/** A layer of a picture. The base, with index 0, fills the whole canvas. */
export interface Layer {
	/** Its position in the stack, from the bottom. */
	index: number;
	name?: string;
	/** Where it belongs, in pixels of the base. */
	box?: { x: number; y: number; width: number; height: number };
}

/** A task without images: one that failed after it had made some counts as completed. */
export interface FailedTask {
	status: 'failed' | 'cancelled';
	error: ProviderError;
	/** From the response where it says so, otherwise from the provider's documentation. */
	charged: Charged;
	/** Where it was charged and the response says how much. */
	cost?: Cost;
	model?: string;
}

export type EndedTask = CompletedTask | FailedTask;

/** A parsed response; `unreadable` if it isn't in a known format. */
export type ParseResult<T> = { kind: 'parsed'; value: T } | { kind: 'unreadable'; reason: string };

/** As a link to an uploaded file, or as the file itself in the request. */
export type SendBinaryAs = 'upload' | 'dataUri';

/** How an image in n8n becomes a link that the provider can open. */
export type FileReferences =
	| {
			/** Multipart, with one part called `file`. */
			kind: 'upload';
			/** The credential's field for the base URL. */
			baseUrl: 'baseUrl' | 'filesBaseUrl';
			path: string;
			formats: readonly ImageFormatName[];
			maxBytes: number;
			/** The form field for the file name, where the provider has one. */
			nameField?: string;
			/** How long the provider keeps the file. */
			retentionHours: number;
			parseUploaded: (body: JsonObject) => ParseResult<string>;
	  }
	/** The provider accepts no files, so n8n itself serves them. */
	| { kind: 'signedLink' };

/** A request for several tasks at once. */
export interface BatchQuery {
	path: string;
	maxIds: number;
	body: (taskIds: readonly string[]) => JsonObject;
	/** The tasks it describes clearly, each with its own part of the response. */
	parse: (body: JsonObject) => ParseResult<BatchedTask[]>;
}

/** A request for the account's tasks, newest first. */
export interface TaskList {
	/** For one model; pages start at 1. */
	path: (model: string, page: number) => string;
	pageSize: number;
	parse: (body: JsonObject) => ParseResult<ListedTask[]>;
}

/** A request for a model's limits, which costs nothing. */
export interface ModelSchemaRequest {
	path: (modelId: string) => string;
	parse: (body: JsonObject) => ParseResult<ModelSchema>;
}

/** A request for the current prices, which needs no API key. */
export interface PricingRequest {
	/** For users without a credential. */
	baseUrl: string;
	path: string;
	parse: (body: JsonObject) => ParseResult<PricingRules>;
}

export interface BalanceRequest {
	path: string;
	parse: (body: JsonObject) => ParseResult<Balance>;
}

/** A request with the body of a create, for what the create would cost the account. */
export interface QuoteRequest {
	path: string;
	parse: (body: JsonObject) => ParseResult<Cost>;
}

/** What a provider does with a create request that repeats an Idempotency-Key. */
export interface Idempotency {
	/**
	 * `promised`: it returns the first task again. `whenShown`: it promises that too, but the node
	 * relies on it only once the provider has done so in this execution. `none`: undocumented.
	 */
	trust: 'promised' | 'whenShown' | 'none';
	/** Headers to send with the key, the same on every repeat. */
	headers?: Readonly<Record<string, string>>;
}

/** A task in the response to a batch query. */
export interface BatchedTask {
	taskId: string;
	content: TaskState;
	raw: JsonObject;
}

/** Of the Generate node. A later version has other default models, and is otherwise the same. */
export const NODE_VERSIONS = [1, 1.1] as const;

export type NodeVersion = (typeof NODE_VERSIONS)[number];

export interface PriceList {
	unit: 'credits' | 'usd';
	creditsPerUsd: number;
}

/** A provider: its models and limits, and how to parse its responses. It doesn't depend on n8n. */
export interface Provider {
	id: string;
	label: string;
	/** The name of the n8n credential with the API key and the base URL. */
	credential: string;
	/** Newest first. */
	models: readonly [Model, ...Model[]];
	/** The default in the model field; saved workflows keep the one that their version of the node has. */
	defaultModels: Readonly<Record<NodeVersion, Model>>;
	/** Takes the place of the default model, where the choice depends on the row. */
	automatic?: { description: string; pick: (references: number) => Model };
	priceList: PriceList;
	createPath: string;
	idempotency: Idempotency;
	/** Whether the documentation says that failed tasks are free, or just doesn't contradict it. */
	failedTasksAreFree: 'documented' | 'assumed';
	queryPath: (taskId: string) => string;
	batchQuery?: BatchQuery;
	/** How often the provider wants a running task to be queried at most. */
	minPollSeconds?: number;
	taskList?: TaskList;
	modelSchema?: ModelSchemaRequest;
	pricing?: PricingRequest;
	balance?: BalanceRequest;
	quote?: QuoteRequest;
	fileReferences: FileReferences;
	/** One task, or several that are each charged. */
	parseCreated: (body: JsonObject) => ParseResult<CreatedTask[]>;
	parseTask: (body: JsonObject) => ParseResult<TaskState>;
	/** The error in a response of any HTTP status; undefined if there's none. */
	parseError: (status: number, body: unknown) => RequestError | undefined;
}

import type { Charged } from '../errors/failure';
import type { ProviderError, RequestError } from '../errors/providerError';
import type { JsonObject } from '../shared/json';
import type { ListedTask } from '../shared/task';
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
	| 'callbackUrl';

/** A free size in pixels. Ratios are width divided by height. */
export interface PixelSizeLimits {
	minPixels: number;
	maxPixels: number;
	minRatio: number;
	maxRatio: number;
}

/**
 * One parameter of one model: the single place where its limits stand. The fields shown, the checks
 * and the request body are all made from it.
 */
export type Parameter = {
	/** The provider's own name; a dot leads into a nested object. */
	sentAs: string;
	/** The label of the field where the provider's own word is the clearer one. */
	label?: string;
	/** What a user has to know about this provider's reading of it, shown below the field. */
	note?: string;
} & (
	| {
			kind: 'choice';
			options: readonly string[];
			default: string;
			/** Where a free size in pixels may stand in place of an option. */
			pixelSize?: PixelSizeLimits;
	  }
	| {
			kind: 'integer';
			min: number;
			max: number;
			/** What the provider assumes, and so is not sent; undefined where it says nothing. */
			default?: number;
			/** The prompt itself has to ask for the number; this one only caps it. */
			isUpperBound?: boolean;
	  }
	| { kind: 'boolean'; default: boolean }
	| { kind: 'callback'; maxLength: number }
);

export interface Model {
	/** The id the provider knows, and the value saved in a workflow. */
	id: string;
	/** Other ids the provider takes for the same model. */
	aliases: readonly string[];
	label: string;
	/** Seedream's version, the same at every provider. */
	version: string;
	/** Characters, counted as code points. */
	prompt: { min: number; max: number };
	references: {
		min: number;
		max: number;
		/** Whether a reference may be a `data:` URI instead of a link. */
		dataUri: boolean;
		file: ReferenceFileLimits;
		/** Where the provider's documents disagree about them, shown below the fields. */
		note?: string;
	};
	parameters: Partial<Record<ParameterName, Parameter>>;
	/** What holds between parameters. */
	rules: readonly Rule[];
	/** The limits are those of its relatives: they guide the user, and refuse nothing. */
	limitsAreGuesses?: boolean;
	/** The list price of an image, in the provider's credits; undefined where it publishes none. */
	creditsPerImage?: number;
}

export type ParameterValues = Partial<Record<ParameterName, string | number | boolean>>;

export interface Draft {
	referenceCount: number;
	values: ParameterValues;
}

export type FieldName =
	| ParameterName
	| 'model'
	| 'prompt'
	| 'imageUrls'
	| 'imageFields'
	| 'sendBinaryAs'
	| 'askForCount'
	| 'extraBody';

export interface Problem {
	field: FieldName;
	message: string;
}

export type Rule = (draft: Draft) => Problem | undefined;

/** What a task cost. `estimated` when the provider did not say and its price list was used. */
export interface Cost {
	credits?: number;
	usd?: number;
	estimated?: boolean;
}

export interface CreatedTask {
	taskId: string;
	/** How long the provider expects to take, in seconds. */
	estimatedSeconds?: number;
	/** Some creates are answered with the images themselves. */
	finished?: CompletedTask;
}

/** A task as the provider describes it, in our words. */
export type TaskState = RunningTask | EndedTask;

export interface RunningTask {
	status: 'submitted' | 'processing';
	progress?: number;
	model?: string;
}

export interface CompletedTask {
	status: 'completed';
	imageUrls: readonly string[];
	/** When the links stop working: exact where the provider says, else never too late. */
	expiresAt?: Date;
	cost?: Cost;
	/** What the provider took, in seconds, where it says. */
	seconds?: number;
	model?: string;
	/** Why there are fewer images than there should be: the task failed after these, or some were stopped. */
	missing?: ProviderError;
}

/** Without an image: a task that failed after it had made some counts as completed. */
export interface FailedTask {
	status: 'failed' | 'cancelled';
	error: ProviderError;
	/** By the provider's own words where it has any, else by its documents. */
	charged: Charged;
	model?: string;
}

export type EndedTask = CompletedTask | FailedTask;

/** An answer of the provider, read; `unreadable` where it makes no sense to us. */
export type ParseResult<T> = { kind: 'parsed'; value: T } | { kind: 'unreadable'; reason: string };

/** A link to a file that the provider keeps, or the file itself, written into the request. */
export type SendBinaryAs = 'upload' | 'dataUri';

/** How an image that sits in n8n becomes a link that the provider can open. */
export type FileReferences =
	| {
			/** The provider keeps files for a while: multipart, one part called `file`. */
			kind: 'upload';
			/** The credential's field with the base URL. */
			baseUrl: 'baseUrl' | 'filesBaseUrl';
			path: string;
			formats: readonly ImageFormatName[];
			/** A form field that names the file, where the provider has one. */
			nameField?: string;
			keptHours: number;
			readUploaded: (body: JsonObject) => ParseResult<string>;
	  }
	/** The provider takes no files, so n8n itself has to hand them out. */
	| { kind: 'signedLink' };

/** A call that asks for several tasks at once. */
export interface BatchQuery {
	path: string;
	/** Ids in one call. */
	most: number;
	body: (taskIds: readonly string[]) => JsonObject;
	/** The tasks that it tells of clearly; each with its own part of the answer. */
	read: (body: JsonObject) => ParseResult<BatchedTask[]>;
}

/** The call that lists the account's tasks, newest first. */
export interface TaskList {
	/** Of one model; `page` from 1. */
	path: (model: string, page: number) => string;
	/** Tasks in one page. */
	most: number;
	read: (body: JsonObject) => ParseResult<ListedTask[]>;
}

/** What a provider promises of creates that come again under the same Idempotency-Key. */
export interface Idempotency {
	/**
	 * `promised`: a repeat is answered with the first task. `whenShown`: only believed once the provider has done so in
	 * this execution. `none`: nothing is known of it.
	 */
	trust: 'promised' | 'whenShown' | 'none';
	/** What has to go along, the same on every repeat. */
	headers?: Readonly<Record<string, string>>;
}

/** A task in an answer that tells of several. */
export interface BatchedTask {
	taskId: string;
	content: TaskState;
	raw: JsonObject;
}

/** One provider: its models and limits, and how to read its answers. Knows nothing of n8n. */
export interface Provider {
	id: string;
	label: string;
	/** The name of the n8n credential that holds the key and the base URL. */
	credential: string;
	/** Newest first; the first is the default. */
	models: readonly [Model, ...Model[]];
	/** Offered as the default model where the choice depends on the row. */
	automatic?: { description: string; pick: (references: number) => Model };
	createPath: string;
	idempotency: Idempotency;
	/** Whether documents say that a failed task costs nothing, or nobody says otherwise. */
	failedTasksAreFree: 'documented' | 'assumed';
	queryPath: (taskId: string) => string;
	batchQuery?: BatchQuery;
	taskList?: TaskList;
	fileReferences: FileReferences;
	/** One task, or several of which each is paid. */
	readCreated: (body: JsonObject) => ParseResult<CreatedTask[]>;
	readTask: (body: JsonObject) => ParseResult<TaskState>;
	/** The error inside an answer of any HTTP status, or undefined where there is none. */
	readError: (status: number, body: unknown) => RequestError | undefined;
}

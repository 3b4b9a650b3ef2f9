import { setTimeout as wait } from 'node:timers/promises';
import axios, { type AxiosInstance } from 'axios';
import { z } from 'zod';

const POLL_MS = 200;
const TIMEOUT_MS = 60_000;

const startedSchema = z.object({ formWaitingUrl: z.string() });

/** A workflow's form as a person sees it in a browser, page by page. */
export class FormJourney {
	private constructor(
		private readonly http: AxiosInstance,
		/** Of the current page, and later of the next one. */
		private readonly url: URL,
	) {}

	/** Sends the first page, which has no fields, of a trigger that n8n listens to in test mode. */
	static async start(n8nUrl: string, webhookId: string): Promise<FormJourney> {
		const http = axios.create({ baseURL: n8nUrl, proxy: false, timeout: TIMEOUT_MS });
		const { data } = await http.postForm<unknown>(`/form-test/${webhookId}`, { submitted: '' });
		return new FormJourney(http, new URL(startedSchema.parse(data).formWaitingUrl));
	}

	/** The next page's HTML, once the workflow has reached it. */
	async nextPage(): Promise<string> {
		const deadline = performance.now() + TIMEOUT_MS;
		while ((await this.status()) !== 'form-waiting') {
			if (performance.now() > deadline) throw new Error('The form has no next page');
			await wait(POLL_MS);
		}
		return (await this.http.get<string>(this.url.href)).data;
	}

	/** Answers the only field of the page. */
	async submit(answer: string): Promise<void> {
		await this.http.postForm(this.url.href, { 'field-0': answer });
	}

	private async status(): Promise<unknown> {
		const url = new URL(this.url);
		url.pathname += '/n8n-execution-status';
		return (await this.http.get<unknown>(url.href)).data;
	}
}

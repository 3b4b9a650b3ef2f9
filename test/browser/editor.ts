import { selectors, type Browser, type Locator, type Page } from 'playwright-core';

import { OWNER } from '../server/restClient';
import { launchChromium } from './chromium';
import { CredentialForm } from './credentialForm';
import { NodePanel } from './nodePanel';
import { waitUntilEqual } from './settle';

const VIEWPORT = { width: 1440, height: 900 };

/** The first page is slow on a busy machine. */
const TIMEOUT_MS = 30_000;

/** A list can't be read or clicked during its animation. */
const WITHOUT_ANIMATIONS = `
	addEventListener('DOMContentLoaded', () => {
		const style = document.createElement('style');
		style.textContent = '*, ::before, ::after { transition: none !important; animation-duration: 0s !important }';
		document.head.append(style);
	});
`;

/** n8n's editor in a browser, as its owner sees it. */
export class Editor {
	/** Messages of running nodes; n8n writes them to the browser's console. */
	readonly consoleMessages: string[] = [];

	/** Uncaught errors of the page. */
	readonly pageErrors: string[] = [];

	private constructor(
		readonly page: Page,
		private readonly browser: Browser,
		private readonly url: string,
	) {
		page.on('console', (message) => {
			const consoleMessages = /^\[Node: "(.+)"\] (.+)$/.exec(message.text())?.[2];
			if (consoleMessages !== undefined) this.consoleMessages.push(consoleMessages);
		});
		page.on('pageerror', ({ message }) => this.pageErrors.push(message));
	}

	static async open(url: string): Promise<Editor> {
		selectors.setTestIdAttribute('data-test-id');
		const browser = await launchChromium();
		try {
			const page = await browser.newPage({ viewport: VIEWPORT, reducedMotion: 'reduce' });
			page.setDefaultTimeout(TIMEOUT_MS);
			await page.addInitScript({ content: WITHOUT_ANIMATIONS });
			const editor = new Editor(page, browser, url);
			await editor.login();
			return editor;
		} catch (error) {
			await browser.close();
			throw error;
		}
	}

	async openWorkflow(id: string): Promise<void> {
		await this.page.goto(`${this.url}/workflow/${id}`);
		await this.page.getByTestId('canvas-node').first().waitFor();
	}

	/** Clicks the button below the canvas. */
	async runWorkflow(): Promise<void> {
		await this.page.getByTestId('execute-workflow-button').click();
	}

	nodeOnCanvas(name: string): Locator {
		return this.page.locator(`[data-test-id="canvas-node"][data-node-name="${name}"]`);
	}

	async openNode(name: string): Promise<NodePanel> {
		await this.nodeOnCanvas(name).dblclick();
		const panel = new NodePanel(this.page);
		await panel.untilOpen();
		return panel;
	}

	/** Adds a new node from the list of all nodes. n8n shows details of a community node first, then its panel. */
	async addNode(type: string): Promise<NodePanel> {
		await this.page.getByTestId('node-creator-plus-button').click();
		const creator = this.page.getByTestId('node-creator');
		await creator.getByTestId('node-creator-search-bar').fill(type);
		await creator.getByTestId('node-creator-item-name').getByText(type, { exact: true }).click();
		await creator.getByRole('button', { name: 'Add to workflow' }).click();
		const panel = new NodePanel(this.page);
		await panel.untilOpen();
		return panel;
	}

	/** The form for a new credential of the type with this label. */
	async newCredential(type: string): Promise<CredentialForm> {
		await this.page.goto(`${this.url}/home/credentials/create`);
		await this.page.getByTestId('new-credential-type-select').locator('input').fill(type);
		await this.page
			.getByTestId('new-credential-type-select-option')
			.filter({ hasText: new RegExp(`^\\s*${type}\\s*$`) })
			.click();
		await this.page.getByTestId('new-credential-type-button').click();
		return new CredentialForm(this.page);
	}

	get messages(): Locator {
		return this.page.locator('.el-notification').filter({ visible: true });
	}

	/** Toasts would cover the page. */
	async dismissMessages(): Promise<void> {
		const closer = this.messages.first().locator('.el-notification__closeBtn');
		await waitUntilEqual(async () => {
			// They also disappear by themselves, perhaps just now.
			if (await closer.isVisible()) await closer.click({ timeout: 500 }).catch(() => undefined);
			return await this.messages.count();
		}, 0);
	}

	async close(): Promise<void> {
		await this.browser.close();
	}

	private async login(): Promise<void> {
		await this.page.goto(`${this.url}/signin`);
		await this.page.locator('input[type="email"], input[autocomplete="email"]').fill(OWNER.email);
		await this.page.locator('input[type="password"]').fill(OWNER.password);
		await this.page.getByTestId('form-submit-button').click();
		await this.page.waitForURL(({ pathname }) => !pathname.includes('signin'));
	}
}

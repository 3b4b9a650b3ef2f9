import type { Locator, Page } from 'playwright-core';

import { OutputPanel } from './outputPanel';

/** A node's panel with its input, fields and output. */
export class NodePanel {
	readonly output: OutputPanel;

	constructor(private readonly page: Page) {
		this.output = new OutputPanel(page);
	}

	async untilOpen(): Promise<void> {
		await this.fields.locator('label[for="provider"]').waitFor();
	}

	async close(): Promise<void> {
		await this.page.getByTestId('ndv-close-button').click();
		await this.dialog.waitFor({ state: 'hidden' });
	}

	/** Leaves the field, as n8n's tooltip covers the next one until then. */
	async leaveField(): Promise<void> {
		await this.dialog.getByTestId('tab-params').click();
	}

	/** Clicks the button above the fields. */
	async execute(): Promise<void> {
		await this.page.getByTestId('node-execute-button').click();
	}

	async untilOver(): Promise<void> {
		await this.page.getByTestId('node-execute-button').getByText('Execute step').waitFor();
	}

	/** The labels of all fields, in order. */
	async shownFields(): Promise<string[]> {
		return await labelsIn(this.fields.locator('label[for]:visible'));
	}

	/** The labels of the fields n8n marks as invalid or missing. */
	async markedFields(): Promise<string[]> {
		const items = this.fields.getByTestId('parameter-item');
		const marked = items.filter({ has: this.page.getByTestId('parameter-issues') });
		return await labelsIn(marked.locator('label[for]:visible'));
	}

	async shownCredentials(): Promise<string[]> {
		return await labelsIn(this.fields.getByTestId('credentials-label').locator('label'));
	}

	/** A field's text or selected option. */
	async valueOf(name: string): Promise<string> {
		return await this.input(name).locator('input, textarea').first().inputValue();
	}

	async type(name: string, text: string): Promise<void> {
		await this.input(name).locator('input, textarea').first().fill(text);
	}

	async setExpression(name: string, expression: string): Promise<void> {
		const label = this.fields.locator(`label[for="${name}"]`);
		await label.hover();
		await label.getByTestId('radio-button-expression').click();
		await this.input(name).locator('.cm-content').fill(expression);
	}

	/** The options in a field's list. */
	async shownOptions(name: string): Promise<string[]> {
		const list = await this.openList(this.input(name));
		const options = await list.locator('.option-headline').allInnerTexts();
		await this.closeList(list);
		return options.map((text) => text.trim());
	}

	async choose(name: string, option: string): Promise<void> {
		const list = await this.openList(this.input(name));
		const headline = list.locator('.option-headline').getByText(option, { exact: true });
		await headline.click();
		await list.waitFor({ state: 'hidden' });
	}

	/** The choices of "Add Field" or "Add Option". */
	async shownAdditions(button: string): Promise<string[]> {
		const list = await this.openList(this.addButton(button));
		const additions = await list.getByTestId('collection-parameter-option').allInnerTexts();
		await this.closeList(list);
		return additions.map((text) => text.trim());
	}

	async add(button: string, label: string): Promise<void> {
		const list = await this.openList(this.addButton(button));
		await list.getByTestId('collection-parameter-option').getByText(label, { exact: true }).click();
		await this.fields.locator('label').getByText(label, { exact: true }).waitFor();
	}

	/** Removes a field from its collection. */
	async remove(name: string): Promise<void> {
		const field = this.page.locator(
			`xpath=//*[@data-test-id="parameter-input-${name}"]/ancestor::*[@data-test-id="parameter-item"][1]`,
		);
		await field.hover();
		await field.getByTitle('Delete').click();
		await this.input(name).waitFor({ state: 'detached' });
	}

	get dialog(): Locator {
		return this.page.getByTestId('ndv');
	}

	private get fields(): Locator {
		return this.page.getByTestId('node-parameters');
	}

	private input(name: string): Locator {
		return this.fields.getByTestId(`parameter-input-${name}`);
	}

	private addButton(text: string): Locator {
		return this.fields
			.getByTestId('collection-parameter-add')
			.filter({ has: this.page.getByPlaceholder(text, { exact: true }) });
	}

	/** n8n renders the list elsewhere in the page; the field refers to it by ID. */
	private async openList(field: Locator): Promise<Locator> {
		const box = field.locator('input[role="combobox"]');
		const id = await box.getAttribute('aria-controls');
		await box.click();
		const list = this.page.locator(`[id="${id}"]`);
		await list.waitFor();
		return list;
	}

	private async closeList(list: Locator): Promise<void> {
		await this.leaveField();
		await list.waitFor({ state: 'hidden' });
	}
}

async function labelsIn(labels: Locator): Promise<string[]> {
	return (await labels.allInnerTexts()).map((text) => text.split('\n')[0]?.trim() ?? '');
}

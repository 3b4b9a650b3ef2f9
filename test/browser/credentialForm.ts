import type { Locator, Page } from 'playwright-core';

/** A credential's form. n8n tests the credential when it's saved. */
export class CredentialForm {
	constructor(private readonly page: Page) {}

	async labels(): Promise<string[]> {
		const labels = this.page.getByTestId('credential-connection-parameter').locator('label');
		await labels.first().waitFor();
		return (await labels.allInnerTexts()).map((text) => text.split('\n')[0]?.trim() ?? '');
	}

	async valueOf(field: string): Promise<string> {
		return await this.input(field).inputValue();
	}

	async fill(fields: Readonly<Record<string, string>>): Promise<void> {
		for (const [field, value] of Object.entries(fields)) await this.input(field).fill(value);
	}

	/** Saves and tests the credential. */
	async save(): Promise<void> {
		await this.tests(this.page.getByTestId('credential-save-button'));
	}

	/** The button next to the last result. */
	async testAgain(): Promise<void> {
		await this.tests(this.dialog.getByRole('button', { name: 'Retry' }).filter({ visible: true }));
	}

	/** The result of the last test. */
	async verdict(): Promise<string> {
		const details = this.dialog.getByText('More details').filter({ visible: true });
		if ((await details.count()) > 0) await details.click();
		const texts = await this.dialog
			.getByRole('button', { name: 'Retry' })
			.filter({ visible: true })
			.locator('xpath=../..')
			.allInnerTexts();
		return texts.join(' ').replace(/\s+/g, ' ').trim();
	}

	private async tests(button: Locator): Promise<void> {
		const tested = this.page.waitForResponse((answer) =>
			answer.url().includes('/credentials/test'),
		);
		await button.click();
		await tested;
	}

	get dialog(): Locator {
		return this.page.getByTestId('editCredential-modal');
	}

	input(field: string): Locator {
		return this.page.getByTestId(`parameter-input-${field}`).locator('input');
	}
}

import type { Locator, Page } from 'playwright-core';

/** The parts of HTMLImageElement the tests use. */
interface LoadedImage {
	decode: () => Promise<void>;
	naturalWidth: number;
	naturalHeight: number;
}

/** The output side of a node's panel. */
export class OutputPanel {
	constructor(private readonly page: Page) {}

	async untilRunning(): Promise<void> {
		await this.panel.getByText('Executing node...').waitFor();
	}

	/** "6 items". */
	async items(): Promise<string> {
		return await this.panel.getByTestId('run-data-item-count').innerText();
	}

	async hint(): Promise<string> {
		return (await this.panel.getByTestId('node-hint').innerText()).trim();
	}

	async openTab(tab: 'schema' | 'table' | 'json' | 'binary'): Promise<void> {
		await this.panel.getByTestId(`radio-button-${tab}`).click();
	}

	/** The names of the files in the Binary tab. */
	async fileNames(): Promise<string[]> {
		const cards = this.panel.locator('[data-test-id^="ndv-binary-data_"]');
		await cards.first().waitFor();
		const texts = await cards.allInnerTexts();
		return texts.map((text) => /File Name:\s*(.+)/.exec(text)?.[1] ?? text);
	}

	file(index: number): Locator {
		return this.panel.getByTestId(`ndv-binary-data_${index}`);
	}

	/** Opens a file and returns the natural size of the image. */
	async view(index: number): Promise<{ width: number; height: number }> {
		await this.panel.getByTestId('ndv-view-binary-data').nth(index).click();
		const picture = this.panel.locator('img');
		await picture.waitFor();
		return await picture.evaluate(async (element) => {
			const { decode, naturalWidth, naturalHeight } = element as unknown as LoadedImage;
			await decode.call(element);
			return { width: naturalWidth, height: naturalHeight };
		});
	}

	async backToFiles(): Promise<void> {
		await this.panel.getByText('Back to list').click();
	}

	/** The error's message and the lines of its description. */
	async error(): Promise<{ message: string; description: string[] }> {
		const message = this.panel.getByTestId('node-error-message');
		await message.waitFor();
		const description = await this.panel.getByTestId('node-error-description').innerText();
		return { message: await message.innerText(), description: description.split('\n') };
	}

	/** The error's text with all sections collapsed. */
	async errorAtFirstSight(): Promise<string> {
		return await this.panel.locator('.node-error-view').innerText();
	}

	get panel(): Locator {
		return this.page.getByTestId('output-panel');
	}
}

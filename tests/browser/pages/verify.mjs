// 验证回执: a receipt is chosen or pasted, the page says whether it holds.

import assert from 'node:assert/strict';
import { eventually } from '../expectation.mjs';

export class Verify {
  constructor(visit) {
    this.visit = visit;
  }

  async choose(file) {
    await this.forget();
    await this.visit.page.locator('#file').setInputFiles(file);
  }

  async paste(text) {
    const { page } = this.visit;
    await page.locator('details').evaluate((details) => { details.open = true; });
    await this.forget();
    await page.locator('#text').fill(text);
    await page.locator('#check').click();
  }

  /** So that an old verdict is not taken for a new one. */
  async forget() {
    await this.visit.page.locator('#result').evaluate((result) => { delete result.dataset.outcome; });
  }

  async expect(verdict) {
    const result = this.visit.page.locator('#result');
    const found = await eventually(`a verdict, ${verdict}`, () => result.getAttribute('data-outcome'));
    assert.equal(found, verdict);
    const words = await this.words();
    assert.ok(/[一-龥]/.test(words) && /[a-z]{4}/.test(words), `in both languages: ${words}`);
  }

  words() {
    return this.visit.page.locator('#result').innerText();
  }
}

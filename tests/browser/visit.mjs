// One person on one device: the page in front of them, the language they read, and what they notice.

import assert from 'node:assert/strict';
import { device } from './browser.mjs';
import { inspect } from './inspection.mjs';

export class Visit {
  constructor({ page, context, language, kind, javaScript, evidence, log }) {
    Object.assign(this, { page, context, language, kind, javaScript, evidence, log });
  }

  static async begin(hall, { kind, language, javaScript = true }) {
    const context = await device(hall.browser, hall.address, { kind, language, javaScript });
    const page = await context.newPage();
    hall.evidence.watch(page);
    return new Visit({ page, context, language, kind, javaScript, evidence: hall.evidence, log: hall.log });
  }

  /** The text in this visit's language. */
  say(words) {
    return words[this.language];
  }

  /** A field by its label. */
  field(words) {
    return this.page.getByLabel(this.say(words));
  }

  button(words) {
    return this.page.getByRole('button', { name: this.say(words) });
  }

  link(words) {
    return this.page.getByRole('link', { name: this.say(words) });
  }

  heading(words) {
    return this.page.getByRole('heading', { name: this.say(words) });
  }

  /** Opens an address of the hall. */
  async go(path) {
    const response = await this.page.goto(path);
    assert.ok(response.status() < 400, `${path}: ${response.status()}`);
  }

  /** Follows a link or sends a form, and waits for the page that comes. */
  async follow(locator) {
    const arrived = this.page.waitForEvent('load');
    await locator.click();
    await arrived;
  }

  /** Looks at the page with every check there is; to be called on each page, in each state. */
  async look(where) {
    await inspect(this.page, this);
    this.evidence.check(where);
    this.log(`    ${where}: ${new URL(this.page.url()).pathname}`);
  }

  async end() {
    await this.context.close();
  }
}

// What a page did wrong while nobody looked: errors on the console, violations of the content policy, exceptions, answers that failed.
// And what is kept when a test fails.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { folder } from './libraries.mjs';

const failures = path.join(folder, 'failures');

/** A browser also logs each answer of 4xx to a page that was asked for on purpose; what the page says then, the test reads itself. */
function isExpectedRefusal(message, pages) {
  return message.text().startsWith('Failed to load resource') && pages.has(message.location().url);
}

/** Listens to a page from its first moment on. */
export class Evidence {
  #found = [];
  #documents = new Set();
  #pages = [];

  watch(page) {
    this.#pages.push(page);
    page.on('response', (response) => {
      if (response.request().isNavigationRequest() && response.status() < 500) this.#documents.add(response.url());
      if (response.status() >= 500) this.#found.push(`${response.status()} from ${response.url()}`);
    });
    page.on('console', (message) => {
      const serious = message.type() === 'error' || /Content.Security.Policy/i.test(message.text());
      if (!serious || isExpectedRefusal(message, this.#documents)) return;
      this.#found.push(`console of ${page.url()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.#found.push(`exception on ${page.url()}: ${error.message}`));
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? 'unknown';
      // A download and a stream that its page left end like this.
      if (why === 'net::ERR_ABORTED') return;
      this.#found.push(`${request.url()} failed: ${why}`);
    });
  }

  /** Fails when something went wrong since the last look. */
  check(where) {
    const found = this.#found.splice(0);
    if (found.length > 0) throw new Error(`${where}: the browser complains:\n  ${found.join('\n  ')}`);
  }

  /** Writes a picture and the source of every open page; returns the files. */
  async keep(name) {
    await mkdir(failures, { recursive: true });
    const files = [];
    for (const [index, page] of this.#pages.entries()) {
      if (page.isClosed()) continue;
      const stem = path.join(failures, `${name}-${index + 1}`);
      try {
        await page.screenshot({ path: `${stem}.png`, fullPage: true, timeout: 10_000 });
        await writeFile(`${stem}.html`, `<!-- ${page.url()} -->\n${await page.content()}`);
        files.push(`${stem}.png`, `${stem}.html`);
      } catch (error) {
        files.push(`${stem}: not kept, ${error.message.split('\n')[0]}`);
      }
    }
    return files;
  }
}

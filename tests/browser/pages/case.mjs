// 办件: how far a case is, who has it, its clocks, and what the applicant may do.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { eventually, expectVisible } from '../expectation.mjs';

/** What the partner reports is on the page by then, in milliseconds. */
const NEWS_MAX = 40_000;

export class Case {
  constructor(visit) {
    this.visit = visit;
  }

  get entries() {
    const name = this.visit.say({ zh: /办理过程/, en: /what happened/i });
    return this.visit.page.getByRole('list', { name }).getByRole('listitem');
  }

  /** The state that the page names first. */
  async expectState(words) {
    await expectVisible(this.visit.heading(words).first(), NEWS_MAX);
  }

  async expectHolder(words) {
    await expectVisible(this.visit.page.getByRole('main').getByText(this.visit.say(words)).first());
  }

  /** Marks the page; a page that was loaded again has lost the mark. */
  async mark() {
    await this.visit.page.evaluate(() => {
      globalThis.sameDocument = true;
    });
  }

  async expectSameDocument() {
    assert.equal(await this.visit.page.evaluate(() => globalThis.sameDocument), true, 'the page was loaded again');
  }

  /** The timeline gets longer while the page just stands there and `cause` happens elsewhere. */
  async expectGrowth(cause) {
    const before = await this.entries.count();
    assert.ok(before > 0, 'the timeline has its first entry');
    await cause();
    await eventually(`more than ${before} entries`, async () => (await this.entries.count()) > before, NEWS_MAX);
    await this.expectSameDocument();
  }

  async answerNotice(text, words, file) {
    const { visit } = this;
    await visit.page.getByRole('textbox', { name: visit.say({ zh: /^说明/, en: /your words/i }) }).fill(text);
    await visit.page.getByLabel(visit.say(words)).setInputFiles(file);
    await visit.follow(visit.button({ zh: /提交补正/, en: /^send/i }));
  }

  /** Unfolds a clock; what it says day by day. */
  async unfold(words) {
    const { visit } = this;
    await visit.page.locator('summary').filter({ hasText: visit.say(words) }).click();
    const clock = visit.page.getByRole('group').filter({ hasText: visit.say(words) });
    const days = clock.getByRole('row');
    await expectVisible(days.nth(1));
    return { days: await days.count(), text: await clock.innerText() };
  }

  /** Fetches every document that was handed back; the sizes. */
  async download() {
    const { visit } = this;
    const links = await visit.page.getByRole('main').getByRole('link', { name: visit.say({ zh: /^下载/, en: /^download/i }) }).all();
    const sizes = [];
    for (const link of links) {
      const [download] = await Promise.all([visit.page.waitForEvent('download'), link.click()]);
      sizes.push((await readFile(await download.path())).length);
    }
    return sizes;
  }

  async evaluate(text) {
    const { visit } = this;
    await visit.page.getByRole('radio').first().check();
    await visit.page.getByRole('textbox', { name: visit.say({ zh: /想对我们说/, en: /anything you want to say/i }) }).fill(text);
    await visit.follow(visit.button({ zh: /提交评价/, en: /^send/i }));
    await expectVisible(visit.page.getByText(visit.say({ zh: /感谢您的评价/, en: /thank you/i })));
  }

  async withdraw(reason, look) {
    const { visit } = this;
    await visit.follow(visit.link({ zh: /撤回申请/, en: /withdraw this application/i }));
    await look();
    await visit.page.getByRole('textbox', { name: visit.say({ zh: /撤回理由/, en: /reason/i }) }).fill(reason);
    await visit.follow(visit.button({ zh: /确认撤回/, en: /^withdraw/i }));
  }
}

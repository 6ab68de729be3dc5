// 办件: how far a case is, who has it, its clocks, and what the applicant may do.

import assert from 'node:assert/strict';
import { eventually, expectVisible } from '../expectation.mjs';

export class Case {
  constructor(visit) {
    this.visit = visit;
  }

  get main() {
    return this.visit.page.getByRole('main');
  }

  /** The entries of the timeline. */
  get entries() {
    return this.visit.page.getByRole('list', { name: this.visit.say({ zh: /办理过程|进度|经过/, en: /timeline|history|progress|what happened/i }) }).getByRole('listitem');
  }

  async expectState(words) {
    await expectVisible(this.main.getByText(this.visit.say(words)).first(), 30_000);
  }

  /** Marks the page; a page that was loaded again has lost the mark. */
  async mark() {
    await this.visit.page.evaluate(() => { globalThis.sameDocument = true; });
  }

  async expectSameDocument() {
    assert.equal(await this.visit.page.evaluate(() => globalThis.sameDocument), true, 'the page was loaded again');
  }

  /** The timeline gets longer while the page just stands there. */
  async expectGrowth() {
    const before = await this.entries.count();
    await eventually(`more than ${before} entries`, async () => (await this.entries.count()) > before, 30_000);
    await this.expectSameDocument();
  }
}

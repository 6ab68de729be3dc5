// 事项查询: what a search found.

import { expectVisible } from '../expectation.mjs';

export class Results {
  constructor(visit) {
    this.visit = visit;
  }

  /** What a search that finds nothing offers instead. */
  async expectNothingButAdvice() {
    await expectVisible(this.visit.page.getByText(this.visit.say({ zh: /没有找到/, en: /nothing was found/i })));
    await expectVisible(this.visit.page.getByText('12345').first());
  }

  async search(words) {
    const { visit } = this;
    await visit.page.getByRole('searchbox').first().fill(words);
    await visit.follow(visit.button({ zh: /搜索/, en: /search/i }).first());
  }

  async open(name) {
    await this.visit.follow(this.visit.page.getByRole('main').getByRole('link', { name }).first());
  }
}

// 首页: the search, and what a newcomer needs to begin.

import { expectVisible } from '../expectation.mjs';

export class Home {
  constructor(visit) {
    this.visit = visit;
  }

  static async open(visit) {
    await visit.go(`/?lang=${visit.language}`);
    await expectVisible(visit.heading({ zh: '您想办什么事', en: 'What would you like to do' }));
    return new Home(visit);
  }

  async search(words) {
    const { visit } = this;
    await visit.page.getByRole('searchbox').first().fill(words);
    await visit.follow(visit.button({ zh: /搜索/, en: /search/i }).first());
  }
}

// 办事指南: an item with everything that one must know before applying.

import { expectVisible } from '../expectation.mjs';

export class Item {
  constructor(visit, name) {
    this.visit = visit;
    this.name = name;
  }

  /** The guide says what is needed, how long it takes, what it costs, and whom to ask. */
  async expectGuide() {
    await expectVisible(this.visit.page.getByRole('heading', { level: 1, name: this.name }));
    for (const section of [
      { zh: /申请材料/, en: /^documents/i },
      { zh: /受理条件/, en: /conditions/i },
      { zh: /办理流程/, en: /steps/i },
      { zh: /设定依据/, en: /legal basis/i },
      { zh: /联系方式/, en: /whom to ask/i },
    ]) {
      await expectVisible(this.visit.heading(section).first());
    }
  }

  async apply() {
    await this.visit.follow(this.visit.link({ zh: /开始申请/, en: /apply now/i }).first());
  }
}

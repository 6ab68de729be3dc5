// 查询办件: number and query code open a case on any device.

import { expectVisible } from '../expectation.mjs';

export class LookUp {
  constructor(visit) {
    this.visit = visit;
  }

  static async open(visit) {
    await visit.go(`/applications?lang=${visit.language}`);
    const page = new LookUp(visit);
    await expectVisible(page.number);
    return page;
  }

  get number() {
    return this.visit.field({ zh: /办件编号/, en: /number/i }).first();
  }

  get code() {
    return this.visit.field({ zh: /查询码/, en: /query code/i }).first();
  }

  async submit(number, code) {
    await this.number.fill(number);
    await this.code.fill(code);
    await this.visit.follow(this.visit.page.getByRole('main').getByRole('button', { name: this.visit.say({ zh: /查询|打开|查看/, en: /open|look|view/i }) }).first());
  }
}

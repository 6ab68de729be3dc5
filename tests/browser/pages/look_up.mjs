// 查询办件: number and query code open a case on any device.

import { expectVisible } from '../expectation.mjs';

export class LookUp {
  constructor(visit) {
    this.visit = visit;
  }

  static async open(visit) {
    await visit.go(`/applications?lang=${visit.language}`);
    return new LookUp(visit);
  }

  get number() {
    return this.visit.page.getByRole('textbox', { name: this.visit.say({ zh: /办件编号/, en: /application number/i }) });
  }

  get code() {
    return this.visit.page.getByRole('textbox', { name: this.visit.say({ zh: /查询码/, en: /query code/i }) });
  }

  async press() {
    await this.visit.follow(this.visit.page.getByRole('main').getByRole('button', { name: this.visit.say({ zh: /^查询/, en: /^open/i }) }));
  }

  async submit({ no, code }) {
    await this.number.fill(no);
    await this.code.fill(code);
    await this.press();
  }

  /** Neither the number nor the code is said to be the wrong one. */
  async expectRefusal() {
    await expectVisible(this.visit.page.getByRole('alert').getByText(this.visit.say({ zh: /编号或查询码不正确/, en: /number or the query code is wrong/i })));
  }
}

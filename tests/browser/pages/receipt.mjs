// 回执: the number, the query code, and a QR code that leads to the case.

import assert from 'node:assert/strict';
import { decode } from '../qr.mjs';
import { expectVisible } from '../expectation.mjs';

export class Receipt {
  constructor(visit) {
    this.visit = visit;
  }

  /** Number and query code as they stand on the page. */
  async read() {
    const { visit } = this;
    await expectVisible(visit.heading({ zh: /已提交|提交成功|回执/, en: /submitted|receipt|received/i }).first());
    const text = await visit.page.getByRole('main').innerText();
    const number = text.match(/\b\d{25,31}[\dX]?\d*\b/)?.[0];
    const code = text.match(/\b[A-Z2-7]{4}(?:[ -]?[A-Z2-7]{4}){4}\b/)?.[0]?.replaceAll(/[ -]/g, '');
    assert.ok(number, `the receipt shows a number: ${text}`);
    assert.ok(code, `the receipt shows a query code: ${text}`);
    return { number, code };
  }

  /** The QR code, read from the screen, leads to this case at this hall. */
  async expectQr(number) {
    const picture = this.visit.page.getByRole('img', { name: this.visit.say({ zh: /二维码/, en: /QR/i }) }).first();
    const address = new URL(await decode(picture));
    assert.equal(address.origin, new URL(this.visit.page.url()).origin);
    assert.ok(address.href.includes(number), `the QR code says ${address}`);
    return address;
  }

  async openCase() {
    await this.visit.follow(this.visit.link({ zh: /办理进度|查看办件|查看进度/, en: /follow|progress|open (my|the) application/i }).first());
  }
}

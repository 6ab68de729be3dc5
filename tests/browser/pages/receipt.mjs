// 回执: the number, the query code, and a QR code that opens the case.

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
    await expectVisible(visit.heading({ zh: /申请已提交/, en: /has been submitted/i }));
    const text = await visit.page.getByRole('main').innerText();
    const no = text.match(/\b\d[\dX]{27,}\b/)?.[0];
    const code = text.match(/\b[A-Z2-7]{4}(?:[ -]?[A-Z2-7]{4}){4}\b/)?.[0]?.replaceAll(/[ -]/g, '');
    assert.ok(no, `the receipt shows a number: ${text}`);
    assert.ok(code, `the receipt shows a query code: ${text}`);
    return { no, code };
  }

  /** The address in the QR code, read from the screen: of this hall, for this application. */
  async readQr({ no }) {
    const picture = this.visit.page.getByRole('img', { name: this.visit.say({ zh: /二维码/, en: /QR/i }) });
    const address = new URL(await decode(picture));
    assert.equal(address.origin, new URL(this.visit.page.url()).origin, 'the QR code leads to this hall');
    assert.ok(address.href.includes(no), `the QR code names the application: ${address}`);
    return address.href;
  }

  async openCase() {
    await this.visit.follow(this.visit.link({ zh: /查看办理进度/, en: /follow the application/i }));
  }
}
